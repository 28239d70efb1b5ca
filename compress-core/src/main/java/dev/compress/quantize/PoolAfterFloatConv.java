package dev.compress.quantize;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import java.util.List;
import java.util.Optional;

/**
 * {@code float Conv -> Relu -> MaxPool -> Q} becomes {@code Conv -> MaxPool -> Relu -> Q}: the two
 * commute. ONNX Runtime moves a Q up through a MaxPool, which would then pool bytes in a slow
 * layout; the Relu between them stops that, and the Q absorbs the Relu.
 */
final class PoolAfterFloatConv {
  private PoolAfterFloatConv() {}

  /** The graph with such pairs exchanged, or empty without any. */
  static Optional<Graph> commute(Graph graph, StaticPlan plan) {
    GraphIndex index = new GraphIndex(graph);
    GraphEditor editor = new GraphEditor(graph);
    for (Node pool : graph.nodes()) {
      if (!pool.is("MaxPool")
          || pool.hasOutput(1)
          || plan.isInteger(pool)
          || !plan.quantized.containsKey(pool.output(0))) {
        continue;
      }
      Optional<Node> relu =
          index
              .producer(pool.input(0), "Relu")
              .filter(r -> index.onlyConsumer(r.output(0)).isPresent());
      if (relu.isEmpty()) {
        continue;
      }
      String between = editor.freshName(pool.output(0) + "_pool");
      String before = relu.get().input(0);
      String after = pool.output(0);
      editor.replace(pool, pool.withInput(0, before).withOutputs(List.of(between)));
      editor.replace(relu.get(), relu.get().withInput(0, between).withOutputs(List.of(after)));
    }
    Graph commuted = editor.build();
    return commuted == graph ? Optional.empty() : Optional.of(commuted);
  }
}
