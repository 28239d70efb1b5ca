package dev.compress.quantize;

import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The matrix or convolution nodes that can compute in integers: a constant float weight, and a bias
 * that is constant or absent.
 *
 * @param node the Conv, MatMul or Gemm
 * @param weight the value name of its weight
 * @param tensor the weight
 * @param outputAxis the weight's axis of output channels
 * @param bias the value name of its bias, "" without one
 */
public record NodePattern(Node node, String weight, Tensor tensor, int outputAxis, String bias) {
  /**
   * Matches a node.
   *
   * @return the match, or empty if the node has another form
   */
  public static Optional<NodePattern> match(Node node, GraphIndex index) {
    if (node.is("Conv")) {
      return weighted(node, index, 0, 3, Integer.MAX_VALUE);
    }
    if (node.is("MatMul")) {
      return weighted(node, index, 1, 2, 2);
    }
    if (node.is("Gemm")
        && node.intAttribute("transA", 0) == 0
        && node.floatAttribute("alpha", 1) == 1
        && (!node.hasInput(2) || node.floatAttribute("beta", 1) == 1)) {
      int axis = node.intAttribute("transB", 0) != 0 ? 0 : 1;
      return weighted(node, index, axis, 2, 2).filter(p -> p.hasUsableBias(index));
    }
    return Optional.empty();
  }

  private static Optional<NodePattern> weighted(
      Node node, GraphIndex index, int outputAxis, int minRank, int maxRank) {
    Optional<Tensor> weight = index.constant(node.input(1));
    if (weight.isEmpty()
        || !weight.get().type().equals(ElementType.FLOAT)
        || index.isOutput(node.input(1))) { // it would stay, beside its codes
      return Optional.empty();
    }
    Shape shape = weight.get().shape();
    if (shape.rank() < minRank || shape.rank() > maxRank || shape.elementCount() == 0) {
      return Optional.empty();
    }
    if (node.hasInput(2) && index.constant(node.input(2)).isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new NodePattern(node, node.input(1), weight.get(), outputAxis, node.input(2)));
  }

  private boolean hasUsableBias(GraphIndex index) {
    if (bias.isEmpty()) {
      return true;
    }
    Shape shape = index.constant(bias).orElseThrow().shape();
    return shape.elementCount() == outputChannels() && shape.dim(-1) == outputChannels();
  }

  /** Output channels of the weight. */
  public long outputChannels() {
    return tensor.shape().dim(outputAxis);
  }

  /** Products that are summed for one output element. */
  public long reductionLength() {
    return tensor.elementCount() / outputChannels();
  }

  /** Groups of a convolution, else 1. */
  public long groups() {
    return node.is("Conv") ? node.intAttribute("group", 1) : 1;
  }

  /**
   * What a node takes a weight for: nodes that agree in it can share its codes.
   *
   * @param weight the value name
   * @param outputAxis the axis of output channels
   * @param groups of a convolution, else 1
   */
  record WeightUse(String weight, int outputAxis, long groups) {}

  /** What the node takes its weight for. */
  WeightUse weightUse() {
    return new WeightUse(weight, outputAxis, groups());
  }

  /** The layers that can share codes, in the order of the first of each. */
  static Map<WeightUse, List<NodePattern>> byWeightUse(Collection<NodePattern> layers) {
    return layers.stream()
        .collect(
            Collectors.groupingBy(NodePattern::weightUse, LinkedHashMap::new, Collectors.toList()));
  }

  /** Whether each group of the convolution reads a single input channel. */
  boolean isDepthwise() {
    return node.is("Conv") && groups() > 1 && tensor.shape().dim(1) == 1;
  }

  /** Product of the spatial kernel dims of a convolution, else 1. */
  long kernelVolume() {
    long volume = 1;
    for (int axis = 2; axis < tensor.shape().rank(); axis++) {
      volume *= tensor.shape().dim(axis);
    }
    return volume;
  }
}
