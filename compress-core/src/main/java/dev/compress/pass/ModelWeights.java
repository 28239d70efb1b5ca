package dev.compress.pass;

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
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The float weights of a model, in the sense of those that multiply: of matrix products,
 * convolutions, recurrent nodes and embeddings. Biases, scales and other small or elementwise
 * constants are none.
 *
 * @param weights those that may be changed, in the model's order
 * @param skipped the others that look like weights, with reasons
 * @param quantized the elements of those that are codes of 8 bits
 */
public record ModelWeights(List<Weight> weights, List<Skipped> skipped, long quantized) {
  /** Smaller ones decide much and take little. */
  private static final long MIN_ELEMENTS = 64;

  private static final Map<String, Set<Integer>> READ_AS_WEIGHT =
      Map.of(
          "Conv", Set.of(1),
          "ConvTranspose", Set.of(1),
          "MatMul", Set.of(0, 1),
          "Gemm", Set.of(0, 1),
          "Gather", Set.of(0),
          "LSTM", Set.of(1, 2),
          "GRU", Set.of(1, 2),
          "RNN", Set.of(1, 2));

  /** What stands between a quantized weight and the node that multiplies. */
  private static final Set<String> QUANTIZED = Set.of("DequantizeLinear", "MatMulInteger");

  private static final Set<ElementType> CODES = Set.of(ElementType.INT8, ElementType.UINT8);

  /**
   * One weight.
   *
   * @param initializer its name and value
   * @param readers the nodes that read it
   */
  public record Weight(Initializer initializer, List<Node> readers) {
    public Weight {
      readers = List.copyOf(readers);
    }

    /** Its name. */
    public String name() {
      return initializer.name();
    }

    /** Its value. */
    public Tensor tensor() {
      return initializer.tensor();
    }
  }

  public ModelWeights {
    weights = List.copyOf(weights);
    skipped = List.copyOf(skipped);
  }

  /**
   * Finds them. Those inside If, Loop and Scan are told of, one line a node.
   *
   * @param filter which nodes may be changed
   */
  public static ModelWeights of(OnnxModel model, Predicate<Node> filter) {
    ModelWeights found = of(model, filter, initializer -> true);
    List<Skipped> skipped = new ArrayList<>(found.skipped());
    skipped.addAll(captured(model, found));
    for (Node node : model.graph().nodes()) {
      long inside = inSubgraphs(node);
      if (inside > 0) {
        skipped.add(
            Skipped.of(
                node,
                inside
                    + (inside == 1 ? " weight" : " weights")
                    + " in its subgraphs: only those of the main graph are changed"));
      }
    }
    return new ModelWeights(found.weights(), skipped, found.quantized());
  }

  /** Those that only bodies of If, Loop and Scan read. */
  private static List<Skipped> captured(OnnxModel model, ModelWeights found) {
    GraphIndex index = new GraphIndex(model.graph());
    Set<String> told = new HashSet<>();
    found.weights.forEach(w -> told.add(w.name()));
    found.skipped.forEach(s -> told.add(s.detail()));
    List<Skipped> captured = new ArrayList<>();
    for (Initializer initializer : model.graph().initializers()) {
      if (isLarge(initializer.tensor()) && !told.contains(initializer.name())) {
        index.uses(initializer.name()).stream()
            .filter(u -> u.inputIndex() < 0)
            .findFirst()
            .ifPresent(
                u ->
                    captured.add(
                        Skipped.ofWeight(
                            u.node(), initializer.name(), "it is read inside a subgraph")));
      }
    }
    return captured;
  }

  private static boolean isLarge(Tensor tensor) {
    return tensor.type().equals(ElementType.FLOAT)
        && tensor.shape().rank() >= 2
        && tensor.elementCount() >= MIN_ELEMENTS;
  }

  /**
   * What to warn of where there are weights and none may be changed.
   *
   * @param option what was asked for, such as "--prune"
   */
  public List<String> warningIfNone(String option) {
    return weights.isEmpty() && !skipped.isEmpty()
        ? List.of(option + " changed no weight: " + skipped.get(0).reason() + ".")
        : List.of();
  }

  /**
   * Finds some of them.
   *
   * @param filter which nodes may be changed
   * @param wanted which constants are looked at
   */
  public static ModelWeights of(
      OnnxModel model, Predicate<Node> filter, Predicate<Initializer> wanted) {
    GraphIndex index = new GraphIndex(model.graph());
    List<Weight> weights = new ArrayList<>();
    List<Skipped> skipped = new ArrayList<>();
    long quantized = 0;
    for (Initializer initializer : model.graph().initializers()) {
      Tensor tensor = initializer.tensor();
      List<Use> uses = index.uses(initializer.name());
      if (tensor.shape().rank() < 2
          || tensor.elementCount() < MIN_ELEMENTS
          || uses.isEmpty()
          || !wanted.test(initializer)) {
        continue;
      }
      Node reader = uses.get(0).node();
      String why = reason(initializer, uses, index, filter);
      if (why.isEmpty()) {
        weights.add(new Weight(initializer, uses.stream().map(Use::node).toList()));
      } else if (isCodes(initializer, uses) || uses.stream().anyMatch(ModelWeights::multiplies)) {
        quantized += isCodes(initializer, uses) ? tensor.elementCount() : 0;
        skipped.add(Skipped.ofWeight(reader, initializer.name(), why));
      }
    }
    return new ModelWeights(weights, skipped, quantized);
  }

  /**
   * Why there is nothing to change in a model without any.
   *
   * @param what would be done to them, such as "prune"
   */
  public static NotApplicable none(OnnxModel model, String what) {
    GraphIndex index = new GraphIndex(model.graph());
    List<Long> small =
        model.graph().initializers().stream()
            .filter(i -> i.tensor().type().equals(ElementType.FLOAT))
            .filter(i -> i.tensor().shape().rank() >= 2)
            .filter(i -> i.tensor().elementCount() < MIN_ELEMENTS)
            .filter(i -> index.uses(i.name()).stream().anyMatch(ModelWeights::multiplies))
            .map(i -> i.tensor().elementCount())
            .toList();
    return new NotApplicable(
        small.isEmpty()
            ? "there is no float weight to " + what
            : small.size() == 1
                ? String.format(
                    Locale.ROOT,
                    "its float weight is too small to be worth it: %d elements, under %d",
                    small.get(0),
                    MIN_ELEMENTS)
                : String.format(
                    Locale.ROOT,
                    "its %d float weights are all too small to be worth it: under %d elements",
                    small.size(),
                    MIN_ELEMENTS));
  }

  private static long inSubgraphs(Node node) {
    long weights = 0;
    for (Graph body : node.subgraphs()) {
      weights +=
          body.constants().stream().map(Initializer::tensor).filter(ModelWeights::isLarge).count();
      weights += body.nodes().stream().mapToLong(ModelWeights::inSubgraphs).sum();
    }
    return weights;
  }

  /**
   * The same, with nothing to change where most of the model's weights are quantized: zeros and
   * shared values in the few that were kept float ruin it and save nothing.
   */
  public ModelWeights unlessQuantized() {
    long floats = weights.stream().mapToLong(w -> w.tensor().elementCount()).sum();
    if (quantized <= floats) {
      return this;
    }
    List<Skipped> all = new ArrayList<>(skipped);
    for (Weight weight : weights) {
      String why = "most of the model is quantized already; start from the float model";
      all.add(Skipped.ofWeight(weight.readers().get(0), weight.name(), why));
    }
    return new ModelWeights(List.of(), all, quantized);
  }

  private static boolean isCodes(Initializer initializer, List<Use> uses) {
    return CODES.contains(initializer.tensor().type())
        && uses.stream()
            .map(u -> u.node().opType())
            .anyMatch(op -> QUANTIZED.contains(op) || op.equals("Cast"));
  }

  private static boolean multiplies(Use use) {
    return QUANTIZED.contains(use.node().opType())
        || READ_AS_WEIGHT.getOrDefault(use.node().opType(), Set.of()).contains(use.inputIndex());
  }

  private static String reason(
      Initializer initializer, List<Use> uses, GraphIndex index, Predicate<Node> filter) {
    ElementType type = initializer.tensor().type();
    if (index.isInput(initializer.name())) {
      return "an input of the model may replace it";
    }
    if (!type.equals(ElementType.FLOAT)) {
      return type.equals(ElementType.INT8) || type.equals(ElementType.UINT8)
          ? "it is quantized already; start from the float model"
          : "its elements are " + type + ", not float";
    }
    if (index.isOutput(initializer.name())) {
      return "it is an output of the model";
    }
    if (!uses.stream().allMatch(ModelWeights::multiplies)) {
      return "a node reads it otherwise than to multiply by it";
    }
    return uses.stream().allMatch(u -> filter.test(u.node())) ? "" : "excluded";
  }
}
