package dev.compress.prepare;

import dev.compress.tensor.FloatCodec;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;

/**
 * Where the channels of a value are, counted from its last axis as broadcasting does.
 *
 * @param channels how many there are
 * @param fromEnd the axis: 0 is the last
 * @param rank of the value, or {@link #RANK_UNKNOWN}
 */
record ChannelAxis(int channels, int fromEnd, int rank) {
  static final int RANK_UNKNOWN = -1;

  /** The same channels, now that the rank of the value is known (or still is not). */
  ChannelAxis ofRank(int known) {
    return new ChannelAxis(channels, fromEnd, known);
  }

  /**
   * A constant operand as one number a channel, if broadcasting makes that of it and the value
   * keeps its shape.
   *
   * @param constant the other operand of an elementwise operator
   * @return a number a channel; empty if the constant differs within a channel or has more dims
   */
  Optional<double[]> perChannel(Tensor constant) {
    Shape shape = constant.shape();
    if (!constant.type().isFloatingPoint()
        || (rank != RANK_UNKNOWN ? shape.rank() > rank : shape.rank() > fromEnd + 1)) {
      return Optional.empty();
    }
    for (int i = 0; i < shape.rank(); i++) {
      boolean channelAxis = shape.rank() - 1 - i == fromEnd;
      if (shape.dim(i) != 1 && !(channelAxis && shape.dim(i) == channels)) {
        return Optional.empty();
      }
    }
    double[] values = FloatCodec.decode(constant);
    if (values.length == channels) {
      return Optional.of(values);
    }
    double[] repeated = new double[channels];
    Arrays.fill(repeated, values[0]);
    return Optional.of(repeated);
  }
}
