package dev.compress.prepare;

import dev.compress.graph.Node;
import java.util.List;

/** Says in version v of the operator set what a node meant in version v - 1. */
interface UpgradeRule {
  /**
   * Rewrites a node.
   *
   * @param node as it is in the version before
   * @param scope the graph around it
   * @return the nodes that take its place, or why there are none
   */
  Outcome apply(Node node, UpgradeScope scope);

  /**
   * What became of a node.
   *
   * @param nodes what takes its place, in execution order; the last makes its outputs
   * @param refusal why not, or ""
   */
  record Outcome(List<Node> nodes, String refusal) {
    public Outcome {
      nodes = List.copyOf(nodes);
    }

    public static Outcome of(Node... nodes) {
      return new Outcome(List.of(nodes), "");
    }

    public static Outcome refused(String reason) {
      return new Outcome(List.of(), reason);
    }
  }
}
