package dev.compress.quantize;

import dev.compress.calibrate.ActivationCollector;
import dev.compress.calibrate.ActivationStatistics;
import dev.compress.graph.Attribute;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Float16;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Computes in float16, for GPUs (on CPU {@link StoreFloat16} is better). The model's inputs and
 * outputs keep their types:
 *
 * <pre>
 * before: Conv(x, W, b) -&gt; c;  Relu(c) -&gt; y
 * after:  Cast(x) -&gt; x_h;  Conv(x_h, W_h, b_h) -&gt; c_h;  Relu(c_h) -&gt; y_h;  Cast(y_h) -&gt; y
 * </pre>
 *
 * <p>What float16 serves badly stays in float ({@link HalfPrecisionNodes}); with calibration data
 * also what comes near its largest number, 65504.
 *
 * @param filter which nodes may be changed
 */
public record ConvertFloat16(NodeFilter filter) implements CompressionPass {
  /** Half of the largest number: room for data that calibration has not seen. */
  private static final float LARGEST_SAFE = Float16.MAX_VALUE / 2;

  private static final Set<ElementType> EXACT_IN_HALF =
      Set.of(ElementType.BOOL, ElementType.INT8, ElementType.UINT8);

  @Override
  public String name() {
    return "convert-float16";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    GraphIndex index = new GraphIndex(model.graph());
    return model.graph().nodes().stream()
            .flatMap(n -> n.inputs().stream())
            .flatMap(v -> index.constant(v).stream())
            .anyMatch(t -> t.type().equals(ElementType.FLOAT) && t.elementCount() > 1)
        ? Optional.empty()
        : Optional.of(new NotApplicable("the model has no float weights"));
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    Shapes shapes = context.shapes(model);
    HalfPrecisionNodes nodes = HalfPrecisionNodes.of(model.graph(), shapes, filter);
    List<Skipped> skipped = new ArrayList<>();
    Set<String> large =
        context.calibration().isPresent() ? large(model, shapes, nodes, context) : Set.of();
    if (!large.isEmpty()) {
      nodes =
          HalfPrecisionNodes.of(model.graph(), shapes, n -> filter.test(n) && !touches(n, large));
      for (Node node : model.graph().nodes()) {
        if (touches(node, large) && filter.test(node)) {
          skipped.add(Skipped.of(node, "its values come near 65504: stays in float"));
        }
      }
    }
    nodes.skipped().stream().filter(s -> !s.reason().equals("excluded")).forEach(skipped::add);
    if (nodes.chosen().isEmpty()) {
      return new PassResult(model, List.of(), skipped, shapes.warnings());
    }
    Edit edit = new Edit(model, nodes, shapes, context);
    return new PassResult(edit.run(), edit.changes, skipped, shapes.warnings());
  }

  private static boolean touches(Node node, Set<String> values) {
    return node.inputs().stream().anyMatch(values::contains)
        || node.outputs().stream().anyMatch(values::contains);
  }

  private static Set<String> large(
      OnnxModel model, Shapes shapes, HalfPrecisionNodes nodes, PassContext context) {
    GraphIndex index = new GraphIndex(model.graph());
    Set<String> values = new LinkedHashSet<>();
    for (Node node : model.graph().nodes()) {
      if (nodes.chosen().contains(node)) {
        List<String> all = new ArrayList<>(node.inputs());
        all.addAll(node.outputs());
        all.stream()
            .filter(v -> nodes.isFloat(v) && index.initializer(v).isEmpty())
            .forEach(values::add);
      }
    }
    ActivationStatistics statistics =
        context.observe(model, shapes, new ActivationCollector().extremesOf(values));
    Set<String> large = new LinkedHashSet<>();
    statistics
        .summaries()
        .forEach(
            (value, summary) -> {
              if (summary.range().absMax() > LARGEST_SAFE) {
                large.add(value);
              }
            });
    return large;
  }

  /** One graph being changed. */
  private static final class Edit {
    private final OnnxModel model;
    private final HalfPrecisionNodes nodes;
    private final Shapes shapes;
    private final PassContext context;
    private final GraphIndex index;
    private final GraphEditor editor;
    private final Map<String, String> halves = new HashMap<>();
    private final List<Change> changes = new ArrayList<>();

    Edit(OnnxModel model, HalfPrecisionNodes nodes, Shapes shapes, PassContext context) {
      this.model = model;
      this.nodes = nodes;
      this.shapes = shapes;
      this.context = context;
      this.index = new GraphIndex(model.graph());
      this.editor = new GraphEditor(model.graph());
    }

    OnnxModel run() {
      for (Node node : model.graph().nodes()) {
        if (nodes.chosen().contains(node)) {
          node.outputs().stream()
              .filter(nodes::isFloat)
              .forEach(y -> halves.put(y, editor.freshName(y + "_h")));
        }
      }
      for (Node node : model.graph().nodes()) {
        if (nodes.chosen().contains(node)) {
          context.progress().check();
          convert(node);
        }
      }
      editor.removeDead();
      return model.withGraph(editor.build());
    }

    private void convert(Node node) {
      List<String> inputs =
          node.inputs().stream().map(v -> nodes.isFloat(v) ? half(v) : v).toList();
      List<String> outputs = node.outputs().stream().map(y -> halves.getOrDefault(y, y)).toList();
      editor.replace(node, node.withInputs(inputs).withOutputs(outputs));
      changes.add(Change.of(node, "float16"));
      for (String output : node.outputs()) {
        if (halves.containsKey(output) && isReadInFloat(output)) {
          cast(halves.getOrDefault(output, output), output, ElementType.FLOAT);
        }
      }
    }

    /** By the graph's caller, a node that stays in float, or a subgraph. */
    private boolean isReadInFloat(String value) {
      return index.isOutput(value)
          || index.uses(value).stream()
              .anyMatch(u -> u.inputIndex() < 0 || !nodes.chosen().contains(u.node()));
    }

    private String half(String value) {
      String known = halves.get(value);
      if (known != null) {
        return known;
      }
      String made = makeHalf(value);
      halves.put(value, made);
      return made;
    }

    private String makeHalf(String value) {
      Optional<Tensor> constant = index.constant(value);
      if (constant.isPresent()) {
        Tensor half = StoreFloat16.half(constant.get(), context.scratch()).orElseThrow();
        return editor.addInitializer(value + "_h", half);
      }
      // A Cast to float is skipped where its source is half already, or exact in half.
      Optional<Node> cast = index.producer(value, "Cast");
      Optional<ElementType> source = cast.flatMap(c -> shapes.element(c.input(0)));
      if (source.isPresent() && source.get().equals(ElementType.FLOAT16)) {
        return cast.orElseThrow().input(0);
      }
      String name = editor.freshName(value + "_h");
      boolean exact = source.filter(EXACT_IN_HALF::contains).isPresent();
      cast(exact ? cast.orElseThrow().input(0) : value, name, ElementType.FLOAT16);
      return name;
    }

    private void cast(String from, String to, ElementType type) {
      editor.add(
          Node.of(
              "Cast",
              editor.freshName(to + "_cast"),
              List.of(from),
              List.of(to),
              Attribute.of("to", type.code())));
    }
  }
}
