package dev.compress.pack;

import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pack.PackedValues.Packed;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.runtime.ConstantEvaluator;
import dev.compress.runtime.ConstantEvaluator.Evaluation;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Puts packed weights back in their dense form: the reverse of {@link PackWeights}, whoever packed
 * them and in whatever way, since ONNX Runtime computes them as it would at load.
 *
 * @param halves whether weights that are stored in half precision and cast count as packed
 */
public record UnpackWeights(boolean halves) implements CompressionPass {
  /** Its name in reports. */
  public static final String NAME = "unpack-weights";

  /** Weights made of less are computed together. */
  private static final long SMALL_BYTES = 1 << 16;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return new PackedValues(model, halves).find().isEmpty()
        ? Optional.of(new NotApplicable("no weight is packed"))
        : Optional.empty();
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    List<Packed> found = new PackedValues(model, halves).find();
    if (found.isEmpty()) {
      return PassResult.unchanged(model);
    }
    GraphIndex index = new GraphIndex(model.graph());
    GraphEditor editor = new GraphEditor(model.graph());
    List<Change> changes = new ArrayList<>();
    List<Skipped> skipped = new ArrayList<>();
    context.progress().begin("unpack weights", found.size());
    List<Packed> together = new ArrayList<>();
    for (Packed packed : found) {
      together.add(packed);
      boolean last = packed == found.get(found.size() - 1);
      if (last || packed.bytes() > SMALL_BYTES) {
        context.progress().check();
        Map<String, Tensor> values = evaluate(model, together, context, skipped);
        for (Packed one : together) {
          Tensor value = values.get(one.name());
          if (value != null) {
            changes.add(replace(one, value, editor, index));
          }
        }
        context.progress().advance(together.size());
        together.clear();
      }
    }
    editor.removeDead();
    return PassResult.of(model.withGraph(editor.build()), changes, skipped);
  }

  /** The dense values of packed weights, by name. */
  static Map<String, Tensor> evaluate(
      OnnxModel model, List<Packed> packed, PassContext context, List<Skipped> skipped) {
    Map<String, Tensor> constants = new HashMap<>();
    Set<Node> seen = java.util.Collections.newSetFromMap(new java.util.IdentityHashMap<>());
    Set<String> wanted = new LinkedHashSet<>();
    for (Packed one : packed) {
      constants.putAll(one.constants());
      seen.addAll(one.nodes());
      wanted.add(one.name());
    }
    List<Node> nodes = model.graph().nodes().stream().filter(seen::contains).toList();
    Evaluation evaluation =
        ConstantEvaluator.evaluate(
            model, nodes, constants, wanted, context.scratch(), Long.MAX_VALUE);
    for (Packed one : packed) {
      String why = evaluation.leftOut().get(one.name());
      if (why != null) {
        skipped.add(Skipped.of(one.nodes().get(one.nodes().size() - 1), why));
      }
    }
    return evaluation.values();
  }

  private static Change replace(Packed packed, Tensor value, GraphEditor editor, GraphIndex index) {
    Node maker = index.producer(packed.name()).orElseThrow();
    editor.remove(maker);
    editor.addInitializer(Initializer.of(packed.name(), value));
    Node reader =
        index.uses(packed.name()).stream().map(GraphIndex.Use::node).findFirst().orElse(maker);
    return Change.of(reader, "weight " + packed.name() + " unpacked");
  }
}
