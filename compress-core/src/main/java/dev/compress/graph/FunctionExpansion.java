package dev.compress.graph;

import dev.compress.error.InvalidModelException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Refuses functions that ONNX Runtime cannot put in the place of their calls, as it does when it
 * loads a model: it recurses into them, and makes every node anew for every call.
 */
final class FunctionExpansion {
  /**
   * Calls and subgraphs inside each other. ONNX Runtime 1.30 overflows the stack of an ordinary
   * thread (1 MB) from 320 on; exported models have a few.
   */
  private static final int MOST_LEVELS = 128;

  /** So many take minutes and gigabytes, and the time grows faster than they do. */
  private static final long MOST_NODES = 1_000_000;

  /** As nodes; each of them costs more. */
  private static final long MOST_CALLS = 100_000;

  /** What a body becomes; counts end just above their limits. */
  private record Size(int levels, long nodes, long calls) {
    static final Size NONE = new Size(0, 0, 0);

    Size plus(Size other) {
      return new Size(
          Math.max(levels, other.levels),
          Math.min(nodes + other.nodes, MOST_NODES + 1),
          Math.min(calls + other.calls, MOST_CALLS + 1));
    }

    Size inside(int call) {
      return new Size(levels + 1, nodes, calls + call);
    }
  }

  private final Map<FunctionValidator.Id, Size> sizes = new HashMap<>();

  private FunctionExpansion() {}

  /**
   * Checks what the graph calls; the runtime leaves other functions alone.
   *
   * @param functions each after those that it calls
   */
  static void check(Graph graph, List<Function> functions) {
    FunctionExpansion expansion = new FunctionExpansion();
    for (Function function : functions) {
      expansion.sizes.put(FunctionValidator.Id.of(function), expansion.sizeOf(function.nodes()));
    }
    expansion.sizeOfGraph(graph.nodes(), 0, Size.NONE);
  }

  private Size sizeOf(List<Node> nodes) {
    Size size = Size.NONE;
    for (Node node : nodes) {
      size = size.plus(sizeOf(node));
      for (Graph subgraph : node.subgraphs()) {
        size = size.plus(sizeOf(subgraph.nodes()).inside(0));
      }
    }
    return size;
  }

  private Size sizeOf(Node node) {
    Size called = sizes.get(FunctionValidator.Id.calledBy(node));
    return called == null ? new Size(0, 1, 0) : called.inside(1);
  }

  /** As {@link #sizeOf(List)}, on top of a size, to find the call that goes beyond a limit. */
  private Size sizeOfGraph(List<Node> nodes, int levels, Size before) {
    Size size = before;
    for (Node node : nodes) {
      Size own = sizeOf(node);
      size = size.plus(new Size(levels + own.levels(), own.nodes(), own.calls()));
      if (sizes.containsKey(FunctionValidator.Id.calledBy(node))) {
        refuse(node, size);
      }
      for (Graph subgraph : node.subgraphs()) {
        size = sizeOfGraph(subgraph.nodes(), levels + 1, size);
      }
    }
    return size;
  }

  private static void refuse(Node call, Size size) {
    if (size.levels() > MOST_LEVELS) {
      throw refusal(call, "nest", "more than " + MOST_LEVELS + " levels deep");
    }
    if (size.nodes() > MOST_NODES) {
      throw refusal(call, "expand", "to more than " + MOST_NODES + " nodes");
    }
    if (size.calls() > MOST_CALLS) {
      throw refusal(call, "expand", "to more than " + MOST_CALLS + " calls");
    }
  }

  private static InvalidModelException refusal(Node call, String verb, String limit) {
    return new InvalidModelException(
        "The functions that "
            + call.opType()
            + " calls "
            + verb
            + " "
            + limit
            + ", on which ONNX Runtime may crash or hang. Export the model with fewer functions,"
            + " or inline them.");
  }
}
