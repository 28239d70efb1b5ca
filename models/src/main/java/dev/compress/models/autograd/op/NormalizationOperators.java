package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/** Normalizations. */
final class NormalizationOperators {
  private static final float DEFAULT_MOMENTUM = 0.9f;
  private static final float DEFAULT_EPSILON = 1e-5f;

  private NormalizationOperators() {}

  static void register(OperatorRegistry registry) {
    registry.add("BatchNormalization", NormalizationOperators::batch);
    registry.single("InstanceNormalization", NormalizationOperators::instance);
    registry.single("LayerNormalization", NormalizationOperators::layer);
  }

  /**
   * In training by the batch's own statistics, which move the running ones; those that are not
   * stored as they are in the model could not be written back and stay, and the node computes as it
   * will at inference.
   */
  private static Operator batch(NodeReader node) {
    node.onlyOutputs(1);
    node.require(node.flag("spatial", true), "spatial 0 has statistics of every element");
    float declared = node.floatOf("momentum", DEFAULT_MOMENTUM);
    // some exporters write 0 or 1, with which the statistics would be one batch's or would not move
    double momentum = 1 - (declared > 0 && declared < 1 ? declared : DEFAULT_MOMENTUM);
    float epsilon = node.floatOf("epsilon", DEFAULT_EPSILON);
    boolean moves = node.writable(3) && node.writable(4);
    return in -> {
      NDList parameters = new NDList(in.get(1), in.get(2), in.get(3), in.get(4));
      boolean training = moves && in.training();
      return new NDList(Torch.batchNorm(in.get(0), parameters, training, momentum, epsilon));
    };
  }

  /** Each channel of each sample by its own statistics: a layer norm over its elements. */
  private static Operator.Single instance(NodeReader node) {
    float epsilon = node.floatOf("epsilon", DEFAULT_EPSILON);
    return in -> {
      NDArray x = in.get(0);
      long[] dims = Dims.of(x);
      Shape each = new Shape(Dims.product(dims, 2, dims.length));
      NDArray flat = x.reshape(dims[0], dims[1], -1);
      NDArray normal =
          Torch.layerNorm(
              flat,
              each,
              in.scope().ones(each, x.getDataType()),
              in.scope().zeros(each, x.getDataType()),
              epsilon);
      NDArray scaled = normal.mul(in.get(1).reshape(-1, 1)).add(in.get(2).reshape(-1, 1));
      return scaled.reshape(x.getShape());
    };
  }

  private static Operator.Single layer(NodeReader node) {
    int axis = node.intOf("axis", -1);
    float epsilon = node.floatOf("epsilon", DEFAULT_EPSILON);
    return in -> {
      NDArray x = in.get(0);
      long[] dims = Dims.of(x);
      int from = Dims.axis(axis, dims.length);
      Shape normalized = new Shape(Arrays.copyOfRange(dims, from, dims.length));
      NDArray scale = in.get(1);
      NDArray bias = in.has(2) ? in.get(2) : in.scope().zeros(normalized, x.getDataType());
      return Torch.layerNorm(
          x, normalized, fitted(scale, normalized), fitted(bias, normalized), epsilon);
    };
  }

  private static NDArray fitted(NDArray array, Shape shape) {
    return array.getShape().equals(shape) ? array : array.broadcast(shape);
  }
}
