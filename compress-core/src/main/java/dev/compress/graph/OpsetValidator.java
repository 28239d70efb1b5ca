package dev.compress.graph;

import dev.compress.error.InvalidModelException;
import java.util.HashSet;
import java.util.Set;

/** Checks that every operator's set is imported, or is a function of the model. */
final class OpsetValidator {
  private final Set<String> imported = new HashSet<>();

  OpsetValidator(OnnxModel model) {
    for (OpsetImport opset : model.opsets()) {
      imported.add(opset.domain());
    }
    for (Function function : model.functions()) {
      imported.add(function.domain());
    }
  }

  void check(Graph graph) {
    for (Node node : graph.nodes()) {
      if (!imported.contains(node.domain())) {
        throw new InvalidModelException(
            "Node "
                + node.label()
                + " is the operator "
                + node.opType()
                + " of "
                + (node.domain().isEmpty() ? "the ONNX operator set" : node.domain())
                + ", which the model does not import. Add it to opset_import: export it again.");
      }
      for (Graph subgraph : node.subgraphs()) {
        check(subgraph);
      }
    }
  }
}
