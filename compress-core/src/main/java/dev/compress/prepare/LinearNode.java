package dev.compress.prepare;

import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.Optional;

/**
 * A Conv, ConvTranspose, Gemm or MatMul with a constant weight, seen as a linear map to output
 * channels, whatever the layout of its weight.
 *
 * @param node the node
 * @param weightName the value of its weight
 * @param weight the weight
 * @param outputs which output channel each element of the weight belongs to
 * @param inputs which input channel each element of the weight belongs to
 */
record LinearNode(
    Node node, String weightName, Tensor weight, ChannelLayout outputs, ChannelLayout inputs) {

  /** Whether a node is of one of these operators. */
  static boolean isLinear(Node node) {
    return node.is("Conv") || node.is("ConvTranspose") || node.is("Gemm") || node.is("MatMul");
  }

  /** The node as a linear map; empty if its weight is not a constant that can be scaled. */
  static Optional<LinearNode> of(Node node, GraphIndex index) {
    if (!isLinear(node) || !node.hasInput(1)) {
      return Optional.empty();
    }
    String name = node.input(1);
    Tensor weight = index.constant(name).orElse(null);
    if (weight == null || !weight.type().isFloatingPoint() || weight.elementCount() == 0) {
      return Optional.empty();
    }
    Shape shape = weight.shape();
    int groups = (int) node.intAttribute("group", 1);
    if (node.is("Conv") && shape.rank() >= 3 && divides(groups, shape.dim(0))) {
      return Optional.of(
          new LinearNode(
              node,
              name,
              weight,
              ChannelLayout.along(shape, 0),
              ChannelLayout.inputsOfConvolution(shape, groups)));
    }
    if (node.is("ConvTranspose") && shape.rank() >= 3 && divides(groups, shape.dim(0))) {
      return Optional.of(
          new LinearNode(
              node,
              name,
              weight,
              ChannelLayout.ofTransposedConvolution(shape, groups),
              ChannelLayout.along(shape, 0)));
    }
    if ((node.is("Gemm") || node.is("MatMul")) && shape.rank() == 2) {
      int outputAxis = node.is("Gemm") && node.intAttribute("transB", 0) != 0 ? 0 : 1;
      return Optional.of(
          new LinearNode(
              node,
              name,
              weight,
              ChannelLayout.along(shape, outputAxis),
              ChannelLayout.along(shape, 1 - outputAxis)));
    }
    return Optional.empty();
  }

  private static boolean divides(int groups, long channels) {
    return groups > 0 && channels % groups == 0;
  }

  ElementType type() {
    return weight.type();
  }

  int channels() {
    return outputs.channels();
  }

  boolean isConvolution() {
    return node.is("Conv") || node.is("ConvTranspose");
  }

  /** How channels lie in the output: a convolution's are axis 1, a product's the last axis. */
  ChannelAxis channelAxis() {
    if (isConvolution()) {
      return new ChannelAxis(channels(), weight.shape().rank() - 2, weight.shape().rank());
    }
    return new ChannelAxis(channels(), 0, node.is("Gemm") ? 2 : ChannelAxis.RANK_UNKNOWN);
  }
}
