package dev.compress.quantize;

import dev.compress.graph.Function;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.GraphIndex.Use;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The float weights that are left after quantization, and why: nothing large is left in silence.
 */
final class FloatWeights {
  /** Which inputs multiply. */
  private static final Map<String, Set<Integer>> MULTIPLY =
      Map.of(
          "Conv", Set.of(1),
          "ConvTranspose", Set.of(1),
          "MatMul", Set.of(0, 1),
          "Gemm", Set.of(0, 1),
          "Gather", Set.of(0),
          "LSTM", Set.of(1, 2),
          "GRU", Set.of(1, 2),
          "RNN", Set.of(1, 2));

  /** What may stand between a weight and the node that multiplies. */
  private static final Set<String> BETWEEN =
      Set.of("Cast", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze");

  private final NodeFilter filter;
  private final List<Skipped> left = new ArrayList<>();

  private FloatWeights(NodeFilter filter) {
    this.filter = filter;
  }

  /** Whether there is one: then it is to be told of. */
  static boolean exist(OnnxModel model) {
    return !left(model, NodeFilter.ALL, List.of()).isEmpty();
  }

  /**
   * Lists them.
   *
   * @param model after quantization
   * @param known what is listed already
   */
  static List<Skipped> left(OnnxModel model, NodeFilter filter, List<Skipped> known) {
    FloatWeights weights = new FloatWeights(filter);
    weights.add(model.graph());
    model.functions().forEach(weights::add);
    Set<String> nodes = new HashSet<>();
    known.forEach(s -> nodes.add(s.node()));
    weights.left.removeIf(s -> nodes.contains(s.node()));
    return weights.left;
  }

  private void add(Graph graph) {
    GraphIndex index = new GraphIndex(graph);
    for (Initializer constant : graph.constants()) {
      reader(constant, index)
          .ifPresent(
              node -> left.add(Skipped.ofWeight(node, constant.name(), reason(constant, index))));
    }
    for (Node node : graph.nodes()) {
      node.subgraphs().forEach(this::add);
    }
  }

  /** One line each: its calls may be many. */
  private void add(Function function) {
    long weights =
        function.nodes().stream()
            .flatMap(n -> n.tensorAttribute("value").stream())
            .filter(w -> isLarge(w.tensor()))
            .count();
    if (weights > 0) {
      left.add(
          new Skipped(
              function.name(),
              "local function",
              "weights inside model-local functions are not changed; inline them first",
              weights + (weights == 1 ? " weight" : " weights")));
    }
  }

  private static boolean isLarge(Tensor tensor) {
    return tensor.type().isFloatingPoint()
        && tensor.shape().rank() >= 2
        && tensor.elementCount() >= StoredWeights.MIN_ELEMENTS;
  }

  /** The node by which a constant is a weight. */
  private static Optional<Node> reader(Initializer constant, GraphIndex index) {
    return isLarge(constant.tensor()) ? reader(constant.name(), index) : Optional.empty();
  }

  private static Optional<Node> reader(String value, GraphIndex index) {
    for (Use use : index.uses(value)) {
      Node node = use.node();
      Optional<Node> found = Optional.empty();
      if (use.inputIndex() < 0) {
        found = node.subgraphs().stream().flatMap(g -> inner(value, g)).findFirst().map(n -> node);
      } else if (MULTIPLY.getOrDefault(node.opType(), Set.of()).contains(use.inputIndex())) {
        found = Optional.of(node);
      } else if (BETWEEN.contains(node.opType()) && use.inputIndex() == 0) {
        found = reader(node.output(0), index);
      }
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  private static Stream<Node> inner(String value, Graph body) {
    return reader(value, new GraphIndex(body)).stream();
  }

  private String reason(Initializer weight, GraphIndex index) {
    ElementType type = weight.tensor().type();
    List<Use> uses = index.uses(weight.name());
    if (index.isInput(weight.name())) {
      return "an input of the model may replace it";
    }
    if (index.isOutput(weight.name())) {
      return "it is an output too";
    }
    if (!type.equals(ElementType.FLOAT) && !type.equals(ElementType.FLOAT16)) {
      return "its elements are " + type + ", not float";
    }
    if (uses.stream().anyMatch(u -> u.inputIndex() < 0)) {
      return "it is read inside a subgraph";
    }
    if (uses.stream().anyMatch(u -> u.node().is("Cast"))) {
      return "a Cast stands between it and the node that multiplies";
    }
    if (!StoredWeights.readers(weight.name(), index).allMatch(filter)) {
      return "excluded";
    }
    return uses.stream().allMatch(u -> StoredWeights.layout(weight, u, index).isPresent())
        ? "the nodes that read it need scales along different axes"
        : "a node reads it otherwise than to multiply by it";
  }
}
