package dev.compress.calibrate;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Keeps extremes, sum and sum of squares of each channel of a tensor, in double. The means serve
 * bias correction, the magnitudes SmoothQuant, the squares the weighting of weight errors.
 *
 * <p>The result does not depend on how a batch is cut, as long as a cut falls between two positions
 * of the outer dims. Not thread-safe.
 */
public final class ChannelObserver {
  private static final int PIECE = 1 << 14;

  private final long[] counts;
  private final float[] min;
  private final float[] max;
  private final double[] sum;
  private final double[] sumOfSquares;
  private long nanCount;
  private long positiveInfinityCount;
  private long negativeInfinityCount;

  /**
   * An observer that saw nothing yet.
   *
   * @param channels how many channels the tensor has, at least 1
   */
  public ChannelObserver(int channels) {
    if (channels < 1) {
      throw new IllegalArgumentException(channels + " channels");
    }
    counts = new long[channels];
    min = new float[channels];
    max = new float[channels];
    Arrays.fill(min, Float.POSITIVE_INFINITY);
    Arrays.fill(max, Float.NEGATIVE_INFINITY);
    sum = new double[channels];
    sumOfSquares = new double[channels];
  }

  /**
   * Takes in values laid out as {@code [outer, channels, inner]}: inner is the product of the dims
   * after the channel axis, 1 where that is the last.
   *
   * @param values the values; not kept
   * @param offset the first index to look at
   * @param length a multiple of {@code channels * inner}
   * @param inner values of one channel that lie side by side
   */
  public void observe(float[] values, int offset, int length, int inner) {
    Objects.checkFromIndexSize(offset, length, values.length);
    if (inner < 1 || length % ((long) inner * counts.length) != 0) {
      throw new IllegalArgumentException(
          length + " values do not divide into " + counts.length + " channels of " + inner);
    }
    int channels = counts.length;
    for (int at = offset; at < offset + length; at += channels * inner) {
      if (inner == 1) {
        observeInterleaved(values, at);
      } else {
        for (int c = 0; c < channels; c++) {
          observeRun(values, at + c * inner, inner, c);
        }
      }
    }
  }

  /**
   * Takes in the remaining values of a buffer; its position is left as it is.
   *
   * @param values the values, on or off the heap, laid out as for the other method
   * @param inner values of one channel that lie side by side
   */
  public void observe(FloatBuffer values, int inner) {
    FloatBuffer rest = values.duplicate();
    int period = Math.multiplyExact(counts.length, Math.max(inner, 1));
    int pieceLength = Math.max(1, PIECE / period) * period;
    float[] piece = new float[Math.min(rest.remaining(), pieceLength)];
    while (rest.hasRemaining()) {
      int length = Math.min(rest.remaining(), piece.length);
      rest.get(piece, 0, length);
      observe(piece, 0, length, inner);
    }
  }

  /**
   * Takes in what somebody else summed up of values of one channel, all finite.
   *
   * @param count how many values
   * @param total their sum
   * @param squares the sum of their squares
   */
  void observeReduced(int c, long count, float low, float high, double total, double squares) {
    counts[c] += count;
    min[c] = Math.min(min[c], low);
    max[c] = Math.max(max[c], high);
    sum[c] += total;
    sumOfSquares[c] += squares;
  }

  private void observeInterleaved(float[] values, int at) {
    for (int c = 0; c < counts.length; c++) {
      float value = values[at + c];
      if (Math.abs(value) <= Float.MAX_VALUE) {
        counts[c]++;
        min[c] = Math.min(min[c], value);
        max[c] = Math.max(max[c], value);
        sum[c] += value;
        sumOfSquares[c] += (double) value * value;
      } else {
        countSpecial(value);
      }
    }
  }

  /** Four sums of each kind side by side: one addition must otherwise wait for the one before. */
  private void observeRun(float[] values, int from, int length, int c) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    double q0 = 0;
    double q1 = 0;
    double q2 = 0;
    double q3 = 0;
    int i = from;
    for (int end = from + length - 3; i < end; i += 4) {
      double a = values[i];
      double b = values[i + 1];
      double d = values[i + 2];
      double e = values[i + 3];
      s0 += a;
      s1 += b;
      s2 += d;
      s3 += e;
      q0 += a * a;
      q1 += b * b;
      q2 += d * d;
      q3 += e * e;
    }
    for (; i < from + length; i++) {
      double a = values[i];
      s0 += a;
      q0 += a * a;
    }
    double q = (q0 + q1) + (q2 + q3);
    // Squares of floats fit a double: only what is not finite itself makes their sum so.
    if (!Double.isFinite(q)) {
      observeRunWithSpecials(values, from, length, c);
      return;
    }
    // Branches that are hardly ever taken cost less here than Math.min and Math.max.
    float low = values[from];
    float high = low;
    for (i = from + 1; i < from + length; i++) {
      float value = values[i];
      if (value < low) {
        low = value;
      } else if (value > high) {
        high = value;
      }
    }
    counts[c] += length;
    min[c] = Math.min(min[c], low);
    max[c] = Math.max(max[c], high);
    sum[c] += (s0 + s1) + (s2 + s3);
    sumOfSquares[c] += q;
  }

  private void observeRunWithSpecials(float[] values, int from, int length, int c) {
    double s = 0;
    double q = 0;
    for (int i = from; i < from + length; i++) {
      float value = values[i];
      if (Float.isFinite(value)) {
        counts[c]++;
        min[c] = Math.min(min[c], value);
        max[c] = Math.max(max[c], value);
        s += value;
        q += (double) value * value;
      } else {
        countSpecial(value);
      }
    }
    sum[c] += s;
    sumOfSquares[c] += q;
  }

  private void countSpecial(float value) {
    if (Float.isNaN(value)) {
      nanCount++;
    } else if (value > 0) {
      positiveInfinityCount++;
    } else {
      negativeInfinityCount++;
    }
  }

  private long nonFiniteCount() {
    return nanCount + positiveInfinityCount + negativeInfinityCount;
  }

  /** What was seen so far, over all channels: as {@link MinMaxObserver} sums it up. */
  ValueSummary summary() {
    float low = Float.POSITIVE_INFINITY;
    float high = Float.NEGATIVE_INFINITY;
    long count = nonFiniteCount();
    for (int c = 0; c < counts.length; c++) {
      low = Math.min(low, min[c]);
      high = Math.max(high, max[c]);
      count += counts[c];
    }
    boolean none = low > high;
    return new ValueSummary(
        count,
        nanCount,
        positiveInfinityCount,
        negativeInfinityCount,
        none ? 0f : low + 0f,
        none ? 0f : high + 0f);
  }

  /** What was seen so far. */
  public ChannelStatistics statistics() {
    List<ChannelStatistics.Channel> channels = new ArrayList<>(counts.length);
    for (int c = 0; c < counts.length; c++) {
      boolean none = counts[c] == 0;
      channels.add(
          none
              ? new ChannelStatistics.Channel(0, 0f, 0f, 0, 0)
              : new ChannelStatistics.Channel(
                  counts[c],
                  min[c] + 0f,
                  max[c] + 0f,
                  sum[c] / counts[c],
                  sumOfSquares[c] / counts[c]));
    }
    return new ChannelStatistics(channels, nonFiniteCount());
  }
}
