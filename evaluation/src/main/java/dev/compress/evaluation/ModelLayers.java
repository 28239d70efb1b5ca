package dev.compress.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.compress.evaluation.EvaluationReport.Layer;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.report.TransformReport;
import dev.compress.tensor.ElementType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The layers of a variant: the bytes of their weights from its graph, and what the report of the
 * transformation that made it says of them, where that lies beside it.
 */
final class ModelLayers {
  /** A report of a transformation of the largest models is far smaller. */
  private static final long LARGEST_REPORT_BYTES = 32L << 20;

  private static final int MOST = 200;
  private static final int MOST_STEPS = 4;

  private ModelLayers() {}

  /**
   * The largest layers, in that order.
   *
   * @param graph the variant's
   * @param file its file; {@code x.json} or {@code x.onnx.json} beside {@code x.onnx} is its report
   *     if the hash of the output in it is the file's
   * @param sha256 of the file
   */
  static List<Layer> of(Graph graph, Path file, String sha256) {
    Map<String, Layer> layers = weights(graph);
    for (JsonNode told : told(file, sha256)) {
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

  /** The layers of the report beside the file; none where there is none of exactly this file. */
  private static List<JsonNode> told(Path file, String sha256) {
    String name = String.valueOf(file.getFileName());
    String stem = name.endsWith(".onnx") ? name.substring(0, name.length() - 5) : name;
    for (String candidate : List.of(stem + ".json", name + ".json")) {
      Path report = file.resolveSibling(candidate);
      try {
        if (!Files.isRegularFile(report) || Files.size(report) > LARGEST_REPORT_BYTES) {
          continue;
        }
        JsonNode tree = new ObjectMapper().readTree(Files.readString(report));
        if (tree.path("schema").asText("").equals(TransformReport.SCHEMA)
            && tree.at("/output/sha256").asText("").equals(sha256)) {
          List<JsonNode> layers = new ArrayList<>();
          tree.path("layers").forEach(layers::add);
          return layers;
        }
      } catch (IOException e) {
        // Unreadable or somebody else's file: what it might say is left out, not guessed.
      }
    }
    return List.of();
  }
}
