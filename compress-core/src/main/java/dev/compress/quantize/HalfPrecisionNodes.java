package dev.compress.quantize;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Float16;
import dev.compress.tensor.FloatReader;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Which nodes of a graph can compute in float16: operators whose floating-point inputs and outputs
 * all have one type, that lose little by 11 bits, and whose constants float16 can hold. All else
 * stays in float: sums over many elements, powers and logarithms, Resize, NonMaxSuppression, TopK,
 * Range, CumSum, nodes with subgraphs, other domains.
 */
final class HalfPrecisionNodes {
  /** Gain by computing in half. */
  private static final Set<String> ARITHMETIC =
      Set.of(
          "Conv",
          "ConvTranspose",
          "MatMul",
          "Gemm",
          "LSTM",
          "GRU",
          "RNN",
          "Add",
          "Sub",
          "Mul",
          "Div",
          "Sum",
          "Min",
          "Max",
          "Neg",
          "Abs",
          "Relu",
          "LeakyRelu",
          "PRelu",
          "Elu",
          "Selu",
          "Clip",
          "Sigmoid",
          "HardSigmoid",
          "HardSwish",
          "Tanh",
          "Softplus",
          "Gelu",
          "Erf",
          "Softmax",
          "LogSoftmax",
          "BatchNormalization",
          "InstanceNormalization",
          "LayerNormalization",
          "MaxPool",
          "AveragePool",
          "GlobalAveragePool",
          "GlobalMaxPool",
          "Where");

  /** Move elements: in half where the elements are in half already. */
  private static final Set<String> MOVERS =
      Set.of(
          "Reshape",
          "Transpose",
          "Flatten",
          "Squeeze",
          "Unsqueeze",
          "Concat",
          "Split",
          "Slice",
          "Gather",
          "Identity",
          "Expand",
          "Tile",
          "Pad",
          "DepthToSpace",
          "SpaceToDepth",
          "Dropout");

  private static final int PIECE = 1 << 16;

  private final GraphIndex index;
  private final Shapes shapes;
  private final Map<String, Boolean> fitting = new HashMap<>();
  private final Set<Node> chosen = Collections.newSetFromMap(new IdentityHashMap<>());
  private final List<Skipped> skipped = new ArrayList<>();

  private HalfPrecisionNodes(GraphIndex index, Shapes shapes) {
    this.index = index;
    this.shapes = shapes;
  }

  /**
   * Chooses.
   *
   * @param graph sorted
   * @param shapes of its values
   * @param allowed which nodes may be changed
   */
  static HalfPrecisionNodes of(Graph graph, Shapes shapes, Predicate<Node> allowed) {
    HalfPrecisionNodes nodes = new HalfPrecisionNodes(new GraphIndex(graph), shapes);
    for (Node node : graph.nodes()) {
      nodes.consider(node, allowed);
    }
    return nodes;
  }

  Set<Node> chosen() {
    return chosen;
  }

  List<Skipped> skipped() {
    return skipped;
  }

  private void consider(Node node, Predicate<Node> allowed) {
    boolean mover = MOVERS.contains(node.opType());
    if (!node.domain().isEmpty() || (!mover && !ARITHMETIC.contains(node.opType()))) {
      return;
    }
    if (node.outputs().stream().noneMatch(this::isFloat)
        || (mover && !movesHalf(node))
        || (node.is("LayerNormalization") && node.outputs().size() > 1)) {
      return;
    }
    Optional<String> reason = reasonAgainst(node, allowed);
    if (reason.isPresent()) {
      skipped.add(Skipped.of(node, reason.get()));
    } else {
      chosen.add(node);
    }
  }

  private boolean movesHalf(Node node) {
    return node.inputs().stream()
        .anyMatch(
            v ->
                isFloat(v)
                    && (index.producer(v).filter(chosen::contains).isPresent()
                        || index.initializer(v).isPresent()));
  }

  private Optional<String> reasonAgainst(Node node, Predicate<Node> allowed) {
    if (!allowed.test(node)) {
      return Optional.of("excluded");
    }
    for (String input : node.inputs()) {
      if (!input.isEmpty() && element(input).isEmpty()) {
        return Optional.of("the type of its input " + input + " is not known");
      }
      Optional<Tensor> constant = isFloat(input) ? index.constant(input) : Optional.empty();
      if (constant.isPresent()
          && !fitting.computeIfAbsent(input, name -> fitsHalf(constant.get()))) {
        return Optional.of(input + " holds values that float16 cannot: stays in float");
      }
    }
    return Optional.empty();
  }

  /** Nothing beyond 65504, and no single number so small that it would lose its meaning. */
  private static boolean fitsHalf(Tensor tensor) {
    FloatReader reader = new FloatReader(tensor);
    float[] piece = new float[(int) Math.min(PIECE, tensor.elementCount())];
    for (long from = 0; from < tensor.elementCount(); from += piece.length) {
      int n = (int) Math.min(piece.length, tensor.elementCount() - from);
      reader.read(from, piece, 0, n);
      for (int i = 0; i < n; i++) {
        if (!(Math.abs(piece[i]) <= Float16.MAX_VALUE)) {
          return false;
        }
      }
    }
    return tensor.elementCount() != 1 || piece[0] == 0 || Math.abs(piece[0]) >= Float16.MIN_NORMAL;
  }

  boolean isFloat(String value) {
    return element(value).filter(ElementType.FLOAT::equals).isPresent();
  }

  private Optional<ElementType> element(String value) {
    return index
        .initializer(value)
        .map(i -> i.tensor().type())
        .or(() -> shapes.element(value))
        .filter(t -> !t.equals(ElementType.UNDEFINED));
  }
}
