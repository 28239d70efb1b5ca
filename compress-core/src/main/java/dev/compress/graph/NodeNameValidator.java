package dev.compress.graph;

import dev.compress.error.InvalidModelException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Refuses two nodes of one name in a graph, as ONNX Runtime does. A subgraph has names of its own,
 * and so has a function, where it is called; constants are no nodes to the runtime.
 */
final class NodeNameValidator {
  private final Map<FunctionValidator.Id, Function> uncalled = new HashMap<>();
  private final Deque<Function> called = new ArrayDeque<>();

  private NodeNameValidator(OnnxModel model) {
    model.functions().forEach(f -> uncalled.put(FunctionValidator.Id.of(f), f));
  }

  static void check(OnnxModel model) {
    NodeNameValidator validator = new NodeNameValidator(model);
    validator.check(model.graph().nodes(), "The graph");
    while (!validator.called.isEmpty()) {
      Function function = validator.called.remove();
      validator.check(function.nodes(), "Function " + function.name());
    }
  }

  private void check(Iterable<Node> nodes, String where) {
    Set<String> names = new HashSet<>();
    for (Node node : nodes) {
      if (!node.name().isEmpty() && !node.is("Constant") && !names.add(node.name())) {
        throw new InvalidModelException(
            where
                + " has two nodes named "
                + node.name()
                + ", which ONNX Runtime refuses. Rename one, or export the model again.");
      }
      Function function = uncalled.remove(FunctionValidator.Id.calledBy(node));
      if (function != null) {
        called.add(function);
      }
      for (Attribute attribute : node.attributes()) {
        String inside = "Subgraph " + attribute.name() + " of node " + node.label();
        if (attribute.value() instanceof AttributeValue.GraphValue graph) {
          check(graph.value().nodes(), inside);
        } else if (attribute.value() instanceof AttributeValue.GraphsValue graphs) {
          graphs.values().forEach(g -> check(g.nodes(), inside));
        }
      }
    }
  }
}
