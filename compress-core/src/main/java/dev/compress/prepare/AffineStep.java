package dev.compress.prepare;

import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.tensor.FloatCodec;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A node read as a map of channels with constant factors and summands: batch normalization, or Add,
 * Sub, Mul or Div with a constant.
 *
 * @param node the node
 * @param map what it does
 * @param constants the constant values that it reads
 */
record AffineStep(Node node, ChannelAffine map, List<String> constants) {
  AffineStep {
    constants = List.copyOf(constants);
  }

  /** Whether a node is of an operator that may be such a map. */
  static boolean mayBe(Node node) {
    return node.is("BatchNormalization")
        || node.is("Add")
        || node.is("Sub")
        || node.is("Mul")
        || node.is("Div");
  }

  /**
   * Reads a node.
   *
   * @param node any node
   * @param value the input that carries the channels
   * @param axis where they are
   * @param index the graph's index
   * @param opset the version of the ONNX operator set
   * @return the step; empty if it is none, see {@link #mismatch}
   */
  static Optional<AffineStep> of(
      Node node, String value, ChannelAxis axis, GraphIndex index, long opset) {
    if (node.is("BatchNormalization")) {
      return mismatch(node, axis, index, opset).isPresent()
          ? Optional.empty()
          : batchNorm(node, index);
    }
    return mayBe(node) ? arithmetic(node, value, axis, index) : Optional.empty();
  }

  /** Why a batch normalization after channels of that axis cannot be read; empty if it can. */
  static Optional<String> mismatch(Node node, ChannelAxis axis, GraphIndex index, long opset) {
    if (!(axis.rank() != ChannelAxis.RANK_UNKNOWN && axis.fromEnd() == axis.rank() - 2)) {
      return Optional.of("its channels (axis 1) are not known to be those of the node before it");
    }
    Optional<String> reason = notInference(node, index, opset);
    if (reason.isPresent()) {
      return reason;
    }
    for (int i = 1; i < 5; i++) {
      Shape shape = index.constant(node.input(i)).orElseThrow().shape();
      if (!shape.equals(Shape.of(axis.channels()))) {
        return Optional.of(
            node.input(i) + " has shape " + shape + ", not [" + axis.channels() + "]");
      }
    }
    return Optional.empty();
  }

  /** Why a batch normalization is not one with constant parameters and fixed statistics. */
  static Optional<String> notInference(Node node, GraphIndex index, long opset) {
    if (node.outputs().stream().skip(1).anyMatch(o -> !o.isEmpty())) {
      return Optional.of("it puts out statistics, as in training");
    }
    if (opset >= 14 && node.intAttribute("training_mode", 0) != 0) {
      return Optional.of("it is in training mode");
    }
    if (opset < 9 && node.intAttribute("spatial", 1) == 0) {
      return Optional.of("spatial = 0: its statistics are those of single elements");
    }
    for (int i = 1; i < 5; i++) {
      Optional<Tensor> parameter = index.constant(node.input(i));
      if (parameter.isEmpty()) {
        return Optional.of("a parameter of it is not a stored constant");
      }
      if (!parameter.get().type().isFloatingPoint() || parameter.get().shape().rank() != 1) {
        return Optional.of("a parameter of it is not a vector of floats");
      }
    }
    return Optional.empty();
  }

  /** A batch normalization with constant parameters. */
  static Optional<AffineStep> batchNorm(Node node, GraphIndex index) {
    List<double[]> parameters = new ArrayList<>();
    for (int i = 1; i < 5; i++) {
      parameters.add(FloatCodec.decode(index.constant(node.input(i)).orElseThrow()));
    }
    return Optional.of(
        new AffineStep(
            node,
            ChannelAffine.batchNorm(
                parameters.get(0),
                parameters.get(1),
                parameters.get(2),
                parameters.get(3),
                node.floatAttribute("epsilon", 1e-5f)),
            node.inputs().subList(1, 5)));
  }

  private static Optional<AffineStep> arithmetic(
      Node node, String value, ChannelAxis axis, GraphIndex index) {
    boolean first = node.input(0).equals(value);
    String other = node.input(first ? 1 : 0);
    if (!first && node.is("Div")) {
      return Optional.empty(); // constant / x is no affine map
    }
    Optional<double[]> operand = index.constant(other).flatMap(axis::perChannel);
    if (operand.isEmpty()) {
      return Optional.empty();
    }
    double[] c = operand.get();
    double[] scale = new double[c.length];
    double[] shift = new double[c.length];
    for (int i = 0; i < c.length; i++) {
      switch (node.opType()) {
        case "Mul" -> scale[i] = c[i];
        case "Div" -> scale[i] = 1 / c[i];
        case "Add" -> {
          scale[i] = 1;
          shift[i] = c[i];
        }
        default -> { // Sub
          scale[i] = first ? 1 : -1;
          shift[i] = first ? -c[i] : c[i];
        }
      }
    }
    return Optional.of(new AffineStep(node, ChannelAffine.of(scale, shift), List.of(other)));
  }
}
