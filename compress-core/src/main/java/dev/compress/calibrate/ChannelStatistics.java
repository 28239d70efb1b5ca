package dev.compress.calibrate;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What {@link ChannelObserver} learnt about the channels of a tensor.
 *
 * @param channels one entry a channel, in order
 * @param nonFiniteCount NaN and infinities in all channels together
 */
public record ChannelStatistics(List<Channel> channels, long nonFiniteCount) {
  /**
   * What is known of one channel; all zero if it had no finite value.
   *
   * @param count finite values
   * @param min the smallest
   * @param max the largest
   * @param mean E[x]
   * @param meanSquare E[x^2]
   */
  public record Channel(long count, float min, float max, double mean, double meanSquare) {
    /** The largest magnitude. */
    public float absMax() {
      return Math.max(-min, max);
    }

    /** {@code E[x^2] - E[x]^2}, never negative. */
    public double variance() {
      return Math.max(0, meanSquare - mean * mean);
    }
  }

  /** Copies the list. */
  public ChannelStatistics {
    channels = List.copyOf(channels);
  }

  /** The largest magnitude per channel. */
  public float[] absMax() {
    float[] reach = new float[channels.size()];
    for (int c = 0; c < reach.length; c++) {
      reach[c] = channels.get(c).absMax();
    }
    return reach;
  }

  /** E[x] per channel. */
  public double[] mean() {
    return each(Channel::mean);
  }

  /** E[x^2] per channel. */
  public double[] meanSquare() {
    return each(Channel::meanSquare);
  }

  private double[] each(ToDoubleFunction<Channel> value) {
    return channels.stream().mapToDouble(value).toArray();
  }
}
