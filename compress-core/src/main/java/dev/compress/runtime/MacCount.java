package dev.compress.runtime;

import dev.compress.graph.Node;
import java.util.List;
import java.util.OptionalLong;

/**
 * Multiply-accumulate operations of a graph's nodes, for one run.
 *
 * @param nodes the nodes that multiply, in order
 * @param warnings what is not counted, and why
 */
public record MacCount(List<NodeMacs> nodes, List<String> warnings) {
  /**
   * One node's operations.
   *
   * @param node the node, the graph's instance
   * @param macs its multiply-accumulate operations
   */
  public record NodeMacs(Node node, long macs) {}

  public MacCount {
    nodes = List.copyOf(nodes);
    warnings = List.copyOf(warnings);
  }

  /** All operations together. */
  public long total() {
    return nodes.stream().mapToLong(NodeMacs::macs).sum();
  }

  /**
   * One node's operations.
   *
   * @param node the graph's instance
   * @return empty if it does not multiply, or its shapes are unknown
   */
  public OptionalLong of(Node node) {
    for (NodeMacs counted : nodes) {
      if (counted.node() == node) {
        return OptionalLong.of(counted.macs());
      }
    }
    return OptionalLong.empty();
  }
}
