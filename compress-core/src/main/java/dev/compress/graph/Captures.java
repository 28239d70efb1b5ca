package dev.compress.graph;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Values that subgraphs read from the graphs around them. */
public final class Captures {
  private Captures() {}

  /**
   * The outer values that a node's subgraphs read, in order of first use.
   *
   * @param node any node
   * @return their names; empty without subgraphs
   */
  public static Set<String> of(Node node) {
    Set<String> names = new LinkedHashSet<>();
    for (Graph graph : node.subgraphs()) {
      collect(graph, names);
    }
    return names;
  }

  private static void collect(Graph graph, Set<String> names) {
    Set<String> inner = new HashSet<>();
    graph.inputs().forEach(i -> inner.add(i.name()));
    graph.initializers().forEach(i -> inner.add(i.name()));
    graph.sparseInitializers().forEach(i -> inner.add(i.name()));
    graph.nodes().forEach(n -> inner.addAll(n.outputs()));
    for (Node node : graph.nodes()) {
      for (String input : node.inputs()) {
        if (!input.isEmpty() && !inner.contains(input)) {
          names.add(input);
        }
      }
      for (String captured : of(node)) {
        if (!inner.contains(captured)) {
          names.add(captured);
        }
      }
    }
    for (ValueInfo output : graph.outputs()) {
      if (!inner.contains(output.name())) {
        names.add(output.name());
      }
    }
  }

  /**
   * The node with outer values renamed inside its subgraphs.
   *
   * @param rename the new name of an outer value, or the same name
   */
  static Node rename(Node node, UnaryOperator<String> rename) {
    return node.withSubgraphs(inner -> rename(inner, rename));
  }

  private static Graph rename(Graph graph, UnaryOperator<String> rename) {
    Set<String> free = new HashSet<>();
    collect(graph, free);
    UnaryOperator<String> here = name -> free.contains(name) ? rename.apply(name) : name;
    List<Node> nodes = new ArrayList<>();
    for (Node node : graph.nodes()) {
      nodes.add(rename(node.withInputs(node.inputs().stream().map(here).toList()), here));
    }
    List<ValueInfo> outputs =
        graph.outputs().stream()
            .map(o -> new ValueInfo(here.apply(o.name()), o.type(), o.docString(), o.extras()))
            .toList();
    return graph.withNodes(nodes).withOutputs(outputs);
  }
}
