package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.stream.LongStream;

/** Normalizations. */
final class NormalizationOperators {
  private static final float DEFAULT_MOMENTUM = 0.9f;
  private static final float DEFAULT_EPSILON = 1e-5f;

  private static final float DEFAULT_RATIO = 0.5f;
  private static final double MEAN_VARIANCE_EPSILON = 1e-9;

  private NormalizationOperators() {}

  static void register(OperatorRegistry registry) {
    registry.add("BatchNormalization", NormalizationOperators::batch);
    registry.single("InstanceNormalization", NormalizationOperators::instance);
    registry.single("LayerNormalization", NormalizationOperators::layer);
    registry.single("GroupNormalization", NormalizationOperators::group);
    registry.single("RMSNormalization", NormalizationOperators::rootMeanSquare);
    registry.single("LpNormalization", NormalizationOperators::byNorm);
    registry.single("MeanVarianceNormalization", NormalizationOperators::meanVariance);
    registry.single("LRN", NormalizationOperators::localResponse);
    registry.add("Dropout", NormalizationOperators::dropout);
  }

  /**
   * In training by the batch's own statistics, which move the running ones; those that are not
   * stored as they are in the model could not be written back and stay, and the node computes as it
   * will at inference.
   */
  private static Operator batch(NodeReader node) {
    node.onlyOutputs(1);
    node.require(node.flag("spatial", true), "spatial 0 has statistics of every element");
    node.require(!node.flag("training_mode", false), "it computes by each batch's statistics");
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
      return grouped(in, x, dims[1], epsilon);
    };
  }

  /** A scale and bias a group up to opset 20, a channel from 21 on. */
  private static Operator.Single group(NodeReader node) {
    float epsilon = node.floatOf("epsilon", DEFAULT_EPSILON);
    int groups = node.intOf("num_groups", 1);
    return in -> grouped(in, in.get(0), groups, epsilon);
  }

  private static NDArray grouped(Arguments in, NDArray x, long groups, float epsilon) {
    long batch = Dims.of(x)[0];
    NDArray flat = x.reshape(batch, groups, -1);
    Shape each = new Shape(flat.getShape().get(2));
    NDArray normal =
        Torch.layerNorm(
            flat,
            each,
            in.scope().ones(each, x.getDataType()),
            in.scope().zeros(each, x.getDataType()),
            epsilon);
    NDArray apart = normal.reshape(batch, in.get(1).size(), -1);
    NDArray scaled = apart.mul(in.get(1).reshape(-1, 1)).add(in.get(2).reshape(-1, 1));
    return scaled.reshape(x.getShape());
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

  private static Operator.Single rootMeanSquare(NodeReader node) {
    int axis = node.intOf("axis", -1);
    float epsilon = node.floatOf("epsilon", DEFAULT_EPSILON);
    return in -> {
      NDArray x = in.get(0);
      int rank = Dims.rank(x);
      long[] axes = LongStream.range(Dims.axis(axis, rank), rank).toArray();
      NDArray size = Reductions.mean(x.mul(x), axes, true).add(epsilon).sqrt();
      return x.div(size).mul(in.get(1));
    };
  }

  private static Operator.Single byNorm(NodeReader node) {
    int axis = node.intOf("axis", -1);
    boolean absolute = node.intOf("p", 2) == 1;
    return in -> {
      NDArray x = in.get(0);
      long[] axes = {Dims.axis(axis, Dims.rank(x))};
      return x.div(
          absolute
              ? Reductions.sum(x.abs(), axes, true)
              : Reductions.sum(x.mul(x), axes, true).sqrt());
    };
  }

  private static Operator.Single meanVariance(NodeReader node) {
    long[] axes = node.ints("axes").orElse(new long[] {0, 2, 3});
    return in -> {
      NDArray x = in.get(0);
      NDArray centered = x.sub(Reductions.mean(x, axes, true));
      NDArray variance = Reductions.mean(centered.mul(centered), axes, true);
      return centered.div(variance.sqrt().add(MEAN_VARIANCE_EPSILON));
    };
  }

  /** Krizhevsky's normalization by the squares of the channels around. */
  private static Operator.Single localResponse(NodeReader node) {
    int size = node.intOf("size", 1);
    float alpha = node.floatOf("alpha", 1e-4f);
    float beta = node.floatOf("beta", 0.75f);
    float bias = node.floatOf("bias", 1);
    return in -> {
      NDArray x = in.get(0);
      long[] dims = Dims.of(x);
      NDArray flat = x.mul(x).reshape(dims[0], dims[1], -1);
      NDArray padded = Torch.pad(flat, new long[] {0, 0, (size - 1) / 2, size / 2}, 0);
      NDArray sum = Torch.slice(padded, 1, 0, dims[1], 1);
      for (int i = 1; i < size; i++) {
        sum = sum.add(Torch.slice(padded, 1, i, i + dims[1], 1));
      }
      NDArray divisor = Scalars.power(Scalars.times(sum, alpha / size).add(bias), beta);
      return x.div(divisor.reshape(x.getShape()));
    };
  }

  /** Drops in training by the ratio that the node carries, whatever its training_mode says. */
  private static Operator dropout(NodeReader node) {
    node.onlyOutputs(1);
    float fixed = node.floatOf("ratio", DEFAULT_RATIO);
    boolean attribute = node.opset() < 12;
    return in -> {
      double ratio = attribute || !in.has(1) ? fixed : in.doubles(1)[0];
      boolean drops = in.training() && ratio > 0;
      return new NDList(drops ? Torch.dropout(in.get(0), ratio) : in.get(0));
    };
  }
}
