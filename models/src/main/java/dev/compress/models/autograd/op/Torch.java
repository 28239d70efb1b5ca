package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import org.jspecify.annotations.Nullable;

/**
 * The native operations that the engine-neutral interface of Deep Java Library lacks or wraps
 * poorly. The only class that names the engine. A result belongs to the manager of its first array.
 */
final class Torch {
  private Torch() {}

  private static PtNDArray native_(NDArray array) {
    return (PtNDArray) array;
  }

  /**
   * Convolution over one to three dims.
   *
   * @param pads zeros before and after each dim
   */
  static NDArray convolution(
      NDList inputAndWeights, long[] strides, long[] pads, long[] dilations, int groups) {
    NDArray bias = inputAndWeights.size() > 2 ? inputAndWeights.get(2) : null;
    return JniUtils.convolution(
        native_(inputAndWeights.get(0)),
        native_(inputAndWeights.get(1)),
        bias == null ? null : native_(bias),
        new Shape(strides),
        new Shape(pads),
        new Shape(dilations),
        groups);
  }

  /**
   * Pads with a constant.
   *
   * @param pads last dim first: before and after; negative ones cut off
   */
  static NDArray pad(NDArray x, long[] pads, double value) {
    return JniUtils.pad(native_(x), pads, value);
  }

  static NDArray flip(NDArray x, long... dims) {
    return JniUtils.flip(native_(x), dims);
  }

  static NDArray slice(NDArray x, int dim, long from, long to, long step) {
    return JniUtils.slice(native_(x), dim, from, to, step);
  }

  static NDArray maxPool(NDArray x, long[] kernel, long[] strides, long[] pads) {
    return JniUtils.maxPool(
        native_(x), new Shape(kernel), new Shape(strides), new Shape(pads), false);
  }

  /** Means over windows, pads being elements. */
  static NDArray avgPool(NDArray x, long[] kernel, long[] strides, long[] pads) {
    return JniUtils.avgPool(
        native_(x), new Shape(kernel), new Shape(strides), new Shape(pads), false, true);
  }

  /**
   * Batch normalization; in training the running statistics are changed in place.
   *
   * @param momentum the share of the new batch in the running statistics
   */
  static NDArray batchNorm(
      NDArray x, NDList scaleBiasMeanVariance, boolean training, double momentum, double epsilon) {
    return JniUtils.batchNorm(
        native_(x),
        native_(scaleBiasMeanVariance.get(2)),
        native_(scaleBiasMeanVariance.get(3)),
        native_(scaleBiasMeanVariance.get(0)),
        native_(scaleBiasMeanVariance.get(1)),
        training,
        momentum,
        epsilon);
  }

  static NDArray layerNorm(
      NDArray x, Shape normalized, NDArray scale, NDArray bias, double epsilon) {
    return JniUtils.layerNorm(native_(x), normalized, native_(scale), native_(bias), epsilon);
  }

  static NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
    return JniUtils.linear(native_(x), native_(weight), bias == null ? null : native_(bias));
  }

  /** Rows of a matrix, by number. */
  static NDArray rows(NDArray matrix, NDArray indices) {
    return JniUtils.embedding(native_(indices), native_(matrix), false);
  }

  static NDArray where(NDArray condition, NDArray x, NDArray y) {
    return JniUtils.where(native_(condition), native_(x), native_(y));
  }

  static NDArray relu(NDArray x) {
    return JniUtils.relu(native_(x));
  }

  static NDArray sigmoid(NDArray x) {
    return JniUtils.sigmoid(native_(x));
  }

  static NDArray softplus(NDArray x) {
    return JniUtils.softPlus(native_(x));
  }

  static NDArray leakyRelu(NDArray x, double alpha) {
    return JniUtils.leakyRelu(native_(x), alpha);
  }

  static NDArray elu(NDArray x, double alpha) {
    return JniUtils.elu(native_(x), alpha);
  }

  static NDArray clip(NDArray x, double min, double max) {
    return JniUtils.clip(native_(x), min, max);
  }

  static NDArray sum(NDArray x, long[] dims, boolean keep) {
    return JniUtils.sum(native_(x), dims, keep);
  }

  /** Elements of one axis by number, the indices having the shape of the result. */
  static NDArray pick(NDArray x, NDArray indices, int axis) {
    return JniUtils.gather(native_(x), native_(indices), axis);
  }

  static NDArray scatter(NDArray x, NDArray indices, NDArray updates, int axis) {
    return JniUtils.scatter(native_(x), native_(indices), native_(updates), axis);
  }

  static NDArray cumulativeSum(NDArray x, int axis) {
    return JniUtils.cumSum(native_(x), axis);
  }

  static NDArray dropout(NDArray x, double ratio) {
    return JniUtils.dropout(native_(x), ratio, true);
  }

  /** One layer in one or two directions, time first; outputs, last hidden, last cell. */
  static NDList lstm(NDArray x, NDList states, NDList weights, boolean twoWay, boolean training) {
    boolean biased = weights.size() == (twoWay ? 8 : 4);
    return JniUtils.lstm(native_(x), states, weights, biased, 1, 0, training, twoWay, false);
  }

  /** As {@link #lstm}; outputs, last hidden. */
  static NDList gru(NDArray x, NDArray state, NDList weights, boolean twoWay, boolean training) {
    boolean biased = weights.size() == (twoWay ? 8 : 4);
    return JniUtils.gru(native_(x), native_(state), weights, biased, 1, 0, training, twoWay, false);
  }
}
