package dev.compress.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import dev.compress.evaluation.EvaluationReport.Layer;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.tensor.ElementType;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The layers of a variant: the bytes of their weights from its graph, and what the report of the
 * transformation that made it says of them.
 */
final class ModelLayers {
  private static final int MOST = 200;
  private static final int MOST_STEPS = 4;

  private ModelLayers() {}

  /**
   * The largest layers, in that order.
   *
   * @param graph the variant's
   * @param report of the transformation that made it
   */
  static List<Layer> of(Graph graph, Optional<TransformReportFile> report) {
    Map<String, Layer> layers = weights(graph);
    for (JsonNode told : report.map(TransformReportFile::layers).orElse(List.of())) {
      String node = told.path("node").asText("");
      Layer known = layers.get(node);
      JsonNode sqnr = told.path("sqnr_db");
      String op = told.path("op").asText("");
      layers.put(
          node,
          new Layer(
              node,
              known == null ? op : known.op(),
              known == null ? null : known.bytes(),
              sqnr.isNumber() && Double.isFinite(sqnr.doubleValue())
                  ? (Double) sqnr.doubleValue()
                  : null,
              told.path("scheme").isTextual() ? told.path("scheme").textValue() : null));
    }
    return layers.values().stream()
        .sorted(Comparator.comparingLong((Layer l) -> l.bytes() == null ? 0 : l.bytes()).reversed())
        .limit(MOST)
        .toList();
  }

  /** Bytes of the constants that each node computes with, in the order of the nodes. */
  private static Map<String, Layer> weights(Graph graph) {
    Map<String, Long> sizes = new HashMap<>();
    for (Initializer initializer : graph.initializers()) {
      ElementType type = initializer.tensor().type();
      boolean shape = type.equals(ElementType.INT64) || type.equals(ElementType.BOOL);
      if (type.isFixedSize() && !shape) {
        sizes.put(initializer.name(), initializer.tensor().byteSize());
      }
    }
    Map<String, Node> readers = new HashMap<>();
    graph.nodes().forEach(n -> n.inputs().forEach(input -> readers.putIfAbsent(input, n)));
    Map<String, Layer> layers = new LinkedHashMap<>();
    for (Node node : graph.nodes()) {
      long bytes = node.inputs().stream().mapToLong(i -> sizes.getOrDefault(i, 0L)).sum();
      if (bytes > 0) {
        Node user = user(node, readers);
        layers.merge(
            user.label(),
            new Layer(user.label(), user.opType(), bytes, null, null),
            (a, b) -> new Layer(a.node(), a.op(), sum(a) + sum(b), null, null));
      }
    }
    return layers;
  }

  private static long sum(Layer layer) {
    Long bytes = layer.bytes();
    return bytes == null ? 0 : bytes;
  }

  /** Whoever computes with it: not the nodes that only bring it into another form. */
  private static Node user(Node reader, Map<String, Node> readers) {
    Node user = reader;
    for (int step = 0; step < MOST_STEPS && isForm(user); step++) {
      Node next = readers.get(user.output(0));
      if (next == null) {
        return user;
      }
      user = next;
    }
    return user;
  }

  private static boolean isForm(Node node) {
    return switch (node.opType()) {
      case "DequantizeLinear", "QuantizeLinear", "Cast", "Identity", "Transpose", "Reshape" -> true;
      default -> false;
    };
  }
}
