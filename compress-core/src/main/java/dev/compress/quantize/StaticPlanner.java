package dev.compress.quantize;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Places quantization where the runtime's CPU provider has integer kernels that pay.
 *
 * <p>Every rule stands for a measurement (see {@code docs/placement.md}): a Conv without a
 * quantized output would unpack its weight at each run; a MatMul is faster with a float output;
 * small reductions (first layers), squeeze-and-excite convolutions on 1x1 maps and depthwise
 * convolutions outside an integer chain are slower than in float; an Add before a Softmax must not
 * be quantized because attention masks stretch its range.
 */
final class StaticPlanner {
  private static final Set<String> MOVERS =
      Set.of(
          "Reshape",
          "Transpose",
          "Flatten",
          "Squeeze",
          "Unsqueeze",
          "Slice",
          "DepthToSpace",
          "SpaceToDepth",
          "MaxPool",
          "Split");

  private static final long MIN_INPUT_CHANNELS = 8;
  private static final long MIN_GROUP_CHANNELS = 32;
  private static final long MIN_NARROW_REDUCTION = 128;
  private static final long MIN_NARROW_OUTPUTS = 32;
  private static final long MIN_PRODUCTS_BEFORE_SWISH = 2_000_000;
  private static final long MIN_MATRIX_WEIGHTS = 8192;
  private static final long MIN_MATRIX_PRODUCTS = 60_000;

  private final GraphIndex index;
  private final Graph graph;
  private final Shapes shapes;
  private final Predicate<Node> allowed;
  private final StaticPlan plan = new StaticPlan();
  private final List<Skipped> skipped = new ArrayList<>();

  StaticPlanner(Graph graph, Shapes shapes, Predicate<Node> allowed) {
    this.graph = graph;
    this.index = new GraphIndex(graph);
    this.shapes = shapes;
    this.allowed = allowed;
  }

  /** The eligible nodes that stay as they are, with reasons. */
  List<Skipped> skipped() {
    return skipped;
  }

  /** Makes the plan. */
  StaticPlan plan() {
    for (Node node : graph.nodes()) {
      NodePattern.match(node, index).ifPresent(this::consider);
    }
    dropLoneDepthwise();
    for (Node node : graph.nodes()) {
      NodePattern pattern = plan.weighted.get(node);
      if (pattern != null) {
        quantizeInput(node.input(0));
        if (node.is("Conv") || activationOf(node).isPresent()) {
          quantizeOutput(node);
        }
      }
    }
    for (Node node : graph.nodes()) {
      if (!plan.isInteger(node) && allowed.test(node)) {
        considerOther(node);
      }
    }
    return plan;
  }

  private void consider(NodePattern pattern) {
    Node node = pattern.node();
    Optional<String> reason = reasonForFloat(pattern);
    if (reason.isPresent()) {
      skipped.add(Skipped.of(node, reason.get()));
    } else {
      plan.weighted.put(node, pattern);
    }
  }

  private Optional<String> reasonForFloat(NodePattern pattern) {
    Node node = pattern.node();
    if (!allowed.test(node)) {
      return Optional.of("excluded");
    }
    if (!isFloat(node.input(0)) && shapes.type(node.input(0)).isPresent()) {
      return Optional.of("its input is not float");
    }
    if (node.is("Conv")) {
      if (!isWideEnough(pattern)) {
        return Optional.of("too few channels for the integer kernel: slower in integers");
      }
      if (spatialSize(node.output(0)) == 1 && pattern.kernelVolume() == 1) {
        return Optional.of("works on a 1x1 map: slower in integers");
      }
      if (feedsUnfusableActivation(node)
          && spatialSize(node.output(0)) > PatternCost.SMALL_MAP
          && PatternCost.products(pattern, shapes) >= 0
          && PatternCost.products(pattern, shapes) < MIN_PRODUCTS_BEFORE_SWISH) {
        return Optional.of("the float kernel applies its activation for free: slower in integers");
      }
      return Optional.empty();
    }
    long products = PatternCost.products(pattern, shapes);
    return pattern.tensor().elementCount() < MIN_MATRIX_WEIGHTS
            || (products >= 0 && products < MIN_MATRIX_PRODUCTS)
        ? Optional.of("a small matrix: slower in integers")
        : Optional.empty();
  }

  /** Measured: narrow and grouped convolutions lose to the float kernels' blocked layout. */
  private static boolean isWideEnough(NodePattern pattern) {
    long inputs = pattern.tensor().shape().dim(1);
    long outputs = pattern.outputChannels();
    if (pattern.isDepthwise()) {
      return true; // decided by its neighbours
    }
    if (pattern.groups() > 1) {
      return inputs >= MIN_GROUP_CHANNELS && outputs / pattern.groups() >= MIN_GROUP_CHANNELS;
    }
    return inputs >= MIN_INPUT_CHANNELS
        || (pattern.reductionLength() >= MIN_NARROW_REDUCTION && outputs >= MIN_NARROW_OUTPUTS);
  }

  private boolean feedsUnfusableActivation(Node node) {
    return !index.uses(node.output(0)).isEmpty()
        && index.uses(node.output(0)).stream()
            .allMatch(
                u ->
                    u.node().is("HardSwish")
                        || u.node().is("PRelu")
                        || u.node().is("HardSigmoid")
                        || (u.node().is("Mul") && isTimesHardSigmoid(u.node(), node.output(0))));
  }

  private boolean isTimesHardSigmoid(Node mul, String value) {
    String other = mul.input(0).equals(value) ? mul.input(1) : mul.input(0);
    return index.producer(other, "HardSigmoid").isPresent();
  }

  private void dropLoneDepthwise() {
    List<NodePattern> lone = new ArrayList<>();
    for (NodePattern pattern : plan.weighted.values()) {
      if (pattern.isDepthwise() && !touchesDenseInteger(pattern.node())) {
        lone.add(pattern);
      }
    }
    for (NodePattern pattern : lone) {
      plan.weighted.remove(pattern.node());
      skipped.add(
          Skipped.of(pattern.node(), "depthwise outside an integer chain: slower in integers"));
    }
  }

  private boolean touchesDenseInteger(Node node) {
    Optional<Node> before = index.producer(node.input(0));
    if (before.isPresent() && isActivation(before.get())) {
      before = index.producer(before.get().input(0));
    }
    if (before.isPresent() && isDenseInteger(before.get())) {
      return true;
    }
    return index.uses(carry(node)).stream().anyMatch(use -> isDenseInteger(use.node()));
  }

  private boolean isDenseInteger(Node node) {
    NodePattern pattern = plan.weighted.get(node);
    return pattern != null && !pattern.isDepthwise();
  }

  /** The Relu or Clip that quantization can do on its own: the node's only reader. */
  private Optional<Node> activationOf(Node node) {
    return index.onlyConsumer(node.output(0)).filter(this::isActivation);
  }

  /** The value that leaves a node, after such an activation. */
  private String carry(Node node) {
    return activationOf(node).orElse(node).output(0);
  }

  private void quantizeOutput(Node node) {
    activationOf(node).ifPresent(plan.absorbed::add);
    plan.quantize(carry(node));
  }

  private boolean isActivation(Node node) {
    if (node.is("Relu")) {
      return true;
    }
    return node.is("Clip")
        && (!node.hasInput(1)
            || index.constant(node.input(1)).map(t -> t.toFloats()[0] == 0).orElse(false))
        && (!node.hasInput(2) || index.constant(node.input(2)).isPresent())
        && node.hasInput(1);
  }

  /** Quantizes a value that an integer node reads, before the movers it came through. */
  private void quantizeInput(String value) {
    if (plan.quantized.containsKey(value)) {
      return;
    }
    Optional<Node> producer = index.producer(value);
    if (producer.isPresent()
        && canMoveQuantized(producer.get())
        && !isPoolOfFloat(producer.get())) {
      String before = producer.get().input(0);
      quantizeInput(before);
      move(producer.get(), before);
    } else {
      plan.quantize(value);
    }
  }

  private void move(Node mover, String before) {
    plan.movers.add(mover);
    for (String output : mover.outputs()) {
      if (!output.isEmpty()) {
        plan.share(output, before);
      }
    }
  }

  private boolean canMoveQuantized(Node node) {
    if (!node.domain().isEmpty() || !MOVERS.contains(node.opType()) || !allowed.test(node)) {
      return false;
    }
    if (!isFloat(node.input(0)) || index.constant(node.input(0)).isPresent()) {
      return false;
    }
    return !(node.is("MaxPool") && node.hasOutput(1));
  }

  /** A pool over a float convolution stays float: the runtime would quantize before the pool. */
  private boolean isPoolOfFloat(Node node) {
    return node.is("MaxPool") && !isQuantized(node.input(0));
  }

  /** Whether a value is there in quantized form, at most moved. */
  private boolean isQuantized(String value) {
    if (plan.quantized.containsKey(value)) {
      return true;
    }
    Optional<Node> producer = index.producer(value);
    return producer.isPresent()
        && canMoveQuantized(producer.get())
        && isQuantized(producer.get().input(0));
  }

  private void considerOther(Node node) {
    if (!node.domain().isEmpty()) {
      return;
    }
    switch (node.opType()) {
      case "MaxPool" -> {
        if (canMoveQuantized(node) && isQuantized(node.input(0))) {
          quantizeInput(node.input(0));
          move(node, node.input(0));
        }
      }
      case "GlobalAveragePool", "AveragePool", "LeakyRelu" -> {
        if (isMadeInInteger(node.input(0))) {
          makeInteger(node, List.of(node.input(0)));
        }
      }
      case "Add" -> {
        if (node.inputs().stream().allMatch(this::isQuantized)
            && node.inputs().stream().anyMatch(this::isMadeInInteger)
            && !leadsToSoftmax(node)) {
          makeInteger(node, node.inputs());
        }
      }
      case "Concat" -> {
        if (node.inputs().stream().allMatch(this::isQuantized)
            && index.uses(node.output(0)).stream().anyMatch(u -> wantsQuantized(u.node()))) {
          makeInteger(node, node.inputs());
        }
      }
      case "Mul" -> considerSwish(node);
      default -> {}
    }
  }

  /** x * Sigmoid(x): both in integers. */
  private void considerSwish(Node mul) {
    for (int i = 0; i < 2 && mul.inputs().size() == 2; i++) {
      String x = mul.input(1 - i);
      Optional<Node> sigmoid = index.producer(mul.input(i), "Sigmoid");
      if (sigmoid.isPresent()
          && sigmoid.get().input(0).equals(x)
          && index.onlyConsumer(mul.input(i)).isPresent()
          && isMadeInInteger(x)) {
        makeInteger(sigmoid.get(), List.of(x));
        makeInteger(mul, List.of(x, mul.input(i)));
        return;
      }
    }
  }

  private void makeInteger(Node node, List<String> inputs) {
    plan.others.add(node);
    inputs.forEach(this::quantizeInput);
    quantizeOutput(node);
  }

  private boolean isMadeInInteger(String value) {
    return isQuantized(value)
        && index
            .producer(value)
            .filter(
                p ->
                    plan.isMadeInInteger(p) || (canMoveQuantized(p) && isMadeInInteger(p.input(0))))
            .isPresent();
  }

  private boolean wantsQuantized(Node node) {
    return plan.isInteger(node) || MOVERS.contains(node.opType()) || node.is("AveragePool");
  }

  private boolean leadsToSoftmax(Node node) {
    return index.uses(node.output(0)).stream().anyMatch(u -> u.node().is("Softmax"));
  }

  private boolean isFloat(String value) {
    return shapes.type(value).filter(t -> t.element().equals(ElementType.FLOAT)).isPresent();
  }

  private long spatialSize(String value) {
    return PatternCost.spatialSize(value, shapes);
  }
}
