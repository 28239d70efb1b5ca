package dev.compress.graph;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** The names of values and nodes, wherever in a graph and its subgraphs they are. */
public final class Names {
  private Names() {}

  /**
   * Visits each mention of a value, made, read or declared, and each node.
   *
   * @param graph with its subgraphs
   * @param values takes names, as often as they are there; never empty
   * @param nodes takes nodes in order, those of subgraphs after the one that has them
   */
  public static void visit(Graph graph, Consumer<String> values, Consumer<Node> nodes) {
    graph.inputs().forEach(i -> values.accept(i.name()));
    graph.outputs().forEach(o -> values.accept(o.name()));
    graph.initializers().forEach(i -> values.accept(i.name()));
    graph.sparseInitializers().forEach(i -> values.accept(i.name()));
    graph.valueInfos().forEach(v -> values.accept(v.name()));
    visit(graph.nodes(), values, nodes);
  }

  /** The same of a function's body. */
  public static void visit(Function function, Consumer<String> values, Consumer<Node> nodes) {
    visit(function.nodes(), values, nodes);
  }

  private static void visit(List<Node> all, Consumer<String> values, Consumer<Node> nodes) {
    for (Node node : all) {
      node.inputs().stream().filter(i -> !i.isEmpty()).forEach(values);
      node.outputs().stream().filter(o -> !o.isEmpty()).forEach(values);
      nodes.accept(node);
      node.subgraphs().forEach(g -> visit(g, values, nodes));
    }
  }

  /**
   * A graph under other names. Since a value has its new name in all scopes and no other value has
   * it, subgraphs see what they saw before.
   *
   * @param values new names by old ones, no two the same and none that is there already
   * @param nodes the new name of a node by its old one, or the same name
   */
  public static Graph rename(Graph graph, Map<String, String> values, UnaryOperator<String> nodes) {
    UnaryOperator<String> value = name -> values.getOrDefault(name, name);
    return new Graph(
        graph.name(),
        graph.nodes().stream().map(n -> rename(n, values, nodes)).toList(),
        graph.initializers().stream().map(i -> rename(i, value)).toList(),
        graph.sparseInitializers().stream()
            .map(
                s ->
                    new SparseInitializer(
                        rename(s.values(), value), s.indices(), s.dims(), s.extras()))
            .toList(),
        rename(graph.inputs(), value),
        rename(graph.outputs(), value),
        rename(graph.valueInfos(), value),
        graph.docString(),
        graph.metadata(),
        graph.extras());
  }

  private static Node rename(Node node, Map<String, String> values, UnaryOperator<String> nodes) {
    UnaryOperator<String> value = name -> values.getOrDefault(name, name);
    return node.withName(nodes.apply(node.name()))
        .withInputs(node.inputs().stream().map(value).toList())
        .withOutputs(node.outputs().stream().map(value).toList())
        .withSubgraphs(g -> rename(g, values, nodes));
  }

  private static Initializer rename(Initializer constant, UnaryOperator<String> value) {
    return new Initializer(
        value.apply(constant.name()), constant.tensor(), constant.docString(), constant.extras());
  }

  private static List<ValueInfo> rename(List<ValueInfo> infos, UnaryOperator<String> value) {
    return infos.stream()
        .map(v -> new ValueInfo(value.apply(v.name()), v.type(), v.docString(), v.extras()))
        .toList();
  }
}
