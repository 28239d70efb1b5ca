package dev.compress.graph;

import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Who makes and who reads each value of one graph. A snapshot: a changed graph needs a new one. */
public final class GraphIndex {
  /**
   * One reading of a value.
   *
   * @param node the reader
   * @param inputIndex which of its inputs, or -1 if one of its subgraphs captures the value
   */
  public record Use(Node node, int inputIndex) {}

  private final Map<String, Node> producers = new HashMap<>();
  private final Map<String, List<Use>> uses = new HashMap<>();
  private final Map<String, Initializer> initializers = new HashMap<>();
  private final Set<String> inputs = new HashSet<>();
  private final Set<String> outputs = new HashSet<>();

  /**
   * Indexes a graph.
   *
   * @param graph a valid graph
   */
  public GraphIndex(Graph graph) {
    graph.inputs().forEach(i -> inputs.add(i.name()));
    graph.outputs().forEach(o -> outputs.add(o.name()));
    graph.initializers().forEach(i -> initializers.put(i.name(), i));
    for (Node node : graph.nodes()) {
      for (String output : node.outputs()) {
        if (!output.isEmpty()) {
          producers.put(output, node);
        }
      }
      for (int i = 0; i < node.inputs().size(); i++) {
        if (node.hasInput(i)) {
          use(node.input(i), new Use(node, i));
        }
      }
      for (String captured : Captures.of(node)) {
        use(captured, new Use(node, -1));
      }
    }
  }

  private void use(String value, Use use) {
    uses.computeIfAbsent(value, v -> new ArrayList<>()).add(use);
  }

  /** The node that makes a value. */
  public Optional<Node> producer(String value) {
    return Optional.ofNullable(producers.get(value));
  }

  /** The producer, if it is an ONNX operator of that name. */
  public Optional<Node> producer(String value, String onnxOp) {
    return producer(value).filter(n -> n.is(onnxOp));
  }

  /** All readings of a value by nodes, in order. */
  public List<Use> uses(String value) {
    return uses.getOrDefault(value, List.of());
  }

  /** The one node that reads a value, if there is exactly one reading and it is no graph output. */
  public Optional<Node> onlyConsumer(String value) {
    List<Use> all = uses(value);
    return all.size() == 1 && !isOutput(value) && all.get(0).inputIndex() >= 0
        ? Optional.of(all.get(0).node())
        : Optional.empty();
  }

  /** Whether a value is a graph output. */
  public boolean isOutput(String value) {
    return outputs.contains(value);
  }

  /** Whether a value is a declared graph input (an initializer may be one too). */
  public boolean isInput(String value) {
    return inputs.contains(value);
  }

  /** The initializer of that name, even if a graph input may override it. */
  public Optional<Initializer> initializer(String value) {
    return Optional.ofNullable(initializers.get(value));
  }

  /**
   * The value of a constant: an initializer that no input overrides, or a Constant node with a
   * tensor.
   */
  public Optional<Tensor> constant(String value) {
    Initializer initializer = initializers.get(value);
    if (initializer != null) {
      return isInput(value) ? Optional.empty() : Optional.of(initializer.tensor());
    }
    return producer(value, "Constant")
        .flatMap(n -> n.tensorAttribute("value"))
        .map(Initializer::tensor);
  }
}
