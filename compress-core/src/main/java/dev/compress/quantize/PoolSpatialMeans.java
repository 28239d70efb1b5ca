package dev.compress.quantize;

import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * {@code ReduceMean} over all spatial axes with kept dims becomes {@code GlobalAveragePool}: the
 * same mean, but with an integer kernel, and in float one that keeps the convolutions' layout.
 */
public record PoolSpatialMeans() implements CompressionPass {
  @Override
  public String name() {
    return "pool-spatial-means";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return matches(model).isEmpty()
        ? Optional.of(new NotApplicable("no ReduceMean keeps its dims over constant axes"))
        : Optional.empty();
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    List<Node> matches = matches(model);
    if (matches.isEmpty()) {
      return PassResult.unchanged(model);
    }
    Shapes shapes = context.shapes(model);
    GraphIndex index = new GraphIndex(model.graph());
    GraphEditor editor = new GraphEditor(model.graph());
    List<Change> changes = new ArrayList<>();
    for (Node node : matches) {
      int rank = PatternCost.rank(node.input(0), shapes);
      if (rank >= 3
          && isFloat(node.input(0), shapes)
          && coversSpace(axes(node, index).orElseThrow(), rank)) {
        editor.replace(
            node,
            Node.of("GlobalAveragePool", node.name(), List.of(node.input(0)), node.outputs()));
        changes.add(Change.of(node, "as GlobalAveragePool"));
      }
    }
    editor.removeDead();
    return changes.isEmpty()
        ? PassResult.unchanged(model)
        : PassResult.of(model.withGraph(editor.build()), changes, List.of());
  }

  private static List<Node> matches(OnnxModel model) {
    GraphIndex index = new GraphIndex(model.graph());
    return model.graph().nodes().stream()
        .filter(n -> n.is("ReduceMean") && n.intAttribute("keepdims", 1) == 1)
        .filter(n -> index.producer(n.input(0)).isPresent() && axes(n, index).isPresent())
        .toList();
  }

  /** The runtime pools no other type on CPU. */
  private static boolean isFloat(String value, Shapes shapes) {
    return shapes.type(value).filter(t -> t.element().equals(ElementType.FLOAT)).isPresent();
  }

  private static boolean coversSpace(List<Long> axes, int rank) {
    TreeSet<Long> from = new TreeSet<>();
    axes.forEach(a -> from.add(a < 0 ? a + rank : a));
    return from.size() == rank - 2 && from.first() == 2 && from.last() == rank - 1;
  }

  /** An attribute before opset 18, an input from then on. */
  private static Optional<List<Long>> axes(Node node, GraphIndex index) {
    return node.intsAttribute("axes")
        .or(
            () ->
                index
                    .constant(node.input(1))
                    .map(t -> java.util.Arrays.stream(t.toLongs()).boxed().toList()))
        .filter(a -> !a.isEmpty());
  }
}
