package dev.compress.prepare;

import dev.compress.graph.Attribute;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Turns the main graph's {@code Constant} nodes into initializers of the same name, so that a
 * weight is found in one place only, however the exporter stored it. Bytes are shared, not copied.
 *
 * <pre>{@code
 * before: Constant(value = T) -> w; Conv(x, w) -> y      after: initializer w = T; Conv(x, w) -> y
 * }</pre>
 *
 * <p>Tensors, floats and integers are taken. Left alone: strings and sparse tensors, constants that
 * are graph outputs, and everything in subgraphs.
 */
public record ConstantsToInitializers() implements CompressionPass {
  @Override
  public String name() {
    return "constants-to-initializers";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    if (model.graph().nodes().stream().noneMatch(n -> n.is("Constant"))) {
      return Optional.of(new NotApplicable("The main graph has no Constant nodes."));
    }
    if (IrVersions.withFreeInitializers(model).isEmpty()) {
      return Optional.of(
          new NotApplicable(
              "At IR version "
                  + model.irVersion()
                  + " initializers must be graph inputs; take them out of the inputs first."));
    }
    return Optional.empty();
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    if (notApplicableTo(model).isPresent()) {
      return PassResult.unchanged(model);
    }
    Graph graph = model.graph();
    GraphIndex index = new GraphIndex(graph);
    GraphEditor editor = new GraphEditor(graph);
    List<Change> changes = new ArrayList<>();
    List<Skipped> skipped = new ArrayList<>();
    for (Node node : graph.nodes()) {
      if (!node.is("Constant")) {
        continue;
      }
      Optional<Initializer> value = valueOf(node);
      if (value.isEmpty()) {
        skipped.add(Skipped.of(node, "its value is neither a dense tensor nor numbers"));
      } else if (index.isOutput(node.output(0))) {
        skipped.add(Skipped.of(node, "it is a graph output"));
      } else {
        editor.remove(node);
        editor.addInitializer(value.get());
        changes.add(Change.of(node, "became an initializer"));
      }
    }
    if (changes.isEmpty()) {
      return new PassResult(model, changes, skipped, List.of());
    }
    OnnxModel result = IrVersions.withFreeInitializers(model).orElseThrow();
    return PassResult.of(result.withGraph(editor.build()), changes, skipped);
  }

  /** The constant that a Constant node makes, under the name of its output. */
  private static Optional<Initializer> valueOf(Node node) {
    if (node.attributes().size() != 1) {
      return Optional.empty();
    }
    Attribute attribute = node.attributes().get(0);
    AttributeValue value = attribute.value();
    Tensor tensor;
    if (attribute.name().equals("value") && value instanceof AttributeValue.TensorValue t) {
      return Optional.of(
          new Initializer(
              node.output(0), t.value().tensor(), t.value().docString(), t.value().extras()));
    } else if (attribute.name().equals("value_float")
        && value instanceof AttributeValue.FloatValue f) {
      tensor = Tensor.ofFloats(Shape.scalar(), f.value());
    } else if (attribute.name().equals("value_int") && value instanceof AttributeValue.IntValue i) {
      tensor = Tensor.ofLongs(Shape.scalar(), i.value());
    } else if (attribute.name().equals("value_floats")
        && value instanceof AttributeValue.FloatsValue f) {
      float[] floats = new float[f.values().size()];
      for (int i = 0; i < floats.length; i++) {
        floats[i] = f.values().get(i);
      }
      tensor = Tensor.ofFloats(Shape.of(floats.length), floats);
    } else if (attribute.name().equals("value_ints")
        && value instanceof AttributeValue.IntsValue i) {
      long[] longs = i.values().stream().mapToLong(Long::longValue).toArray();
      tensor = Tensor.ofLongs(Shape.of(longs.length), longs);
    } else {
      return Optional.empty();
    }
    return Optional.of(Initializer.of(node.output(0), tensor));
  }
}
