package dev.compress.calibrate;

import java.util.Objects;

/**
 * Keeps the exact extremes of a tensor: the cheapest observer, limited by memory bandwidth. NaN and
 * infinities are counted and do not take part in the extremes.
 */
public final class MinMaxObserver implements ValueObserver {
  /** Also the cut of the histogram observer. */
  static final int CHUNK = 1 << 13;

  private static final int LANES = 1 << 10;

  private final float[] row = new float[LANES];
  private final float[] lowest = new float[LANES];
  private final float[] highest = new float[LANES];
  private long count;
  private long nanCount;
  private long positiveInfinityCount;
  private long negativeInfinityCount;
  private float min = Float.POSITIVE_INFINITY;
  private float max = Float.NEGATIVE_INFINITY;

  @Override
  public void observe(float[] values, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, values.length);
    for (int at = offset, end = offset + length; at < end; at += CHUNK) {
      observeChunk(values, at, Math.min(at + CHUNK, end));
    }
  }

  /** As {@link #observe}, without the cut into chunks; {@code to} is exclusive. */
  void observeChunk(float[] values, int from, int to) {
    float low = Float.POSITIVE_INFINITY;
    float high = Float.NEGATIVE_INFINITY;
    int i = from;
    if (to - from >= 2 * LANES) {
      System.arraycopy(values, i, lowest, 0, LANES);
      System.arraycopy(values, i, highest, 0, LANES);
      for (i += LANES; i + LANES <= to; i += LANES) {
        System.arraycopy(values, i, row, 0, LANES);
        widen(row, lowest, highest);
      }
      for (int lane = 0; lane < LANES; lane++) {
        low = Math.min(low, lowest[lane]);
        high = Math.max(high, highest[lane]);
      }
    }
    for (; i < to; i++) {
      low = Math.min(low, values[i]);
      high = Math.max(high, values[i]);
    }
    count += to - from;
    // Math.min and Math.max hand NaN on; the sum of both is also not finite if one is infinite.
    if (Float.isFinite(low) && Float.isFinite(high)) {
      min = Math.min(min, low);
      max = Math.max(max, high);
    } else {
      observeSpecial(values, from, to);
    }
  }

  /** Two loops, all arrays indexed alike: the compiler makes vector code of them. */
  private static void widen(float[] row, float[] lowest, float[] highest) {
    for (int lane = 0; lane < LANES; lane++) {
      lowest[lane] = Math.min(lowest[lane], row[lane]);
    }
    for (int lane = 0; lane < LANES; lane++) {
      highest[lane] = Math.max(highest[lane], row[lane]);
    }
  }

  private void observeSpecial(float[] values, int from, int to) {
    for (int i = from; i < to; i++) {
      float value = values[i];
      if (Float.isFinite(value)) {
        min = Math.min(min, value);
        max = Math.max(max, value);
      } else if (Float.isNaN(value)) {
        nanCount++;
      } else if (value > 0) {
        positiveInfinityCount++;
      } else {
        negativeInfinityCount++;
      }
    }
  }

  /** Takes in what another observer saw. */
  public void merge(MinMaxObserver other) {
    count += other.count;
    nanCount += other.nanCount;
    positiveInfinityCount += other.positiveInfinityCount;
    negativeInfinityCount += other.negativeInfinityCount;
    min = Math.min(min, other.min);
    max = Math.max(max, other.max);
  }

  @Override
  public ValueSummary summary() {
    boolean none = min > max;
    return new ValueSummary(
        count,
        nanCount,
        positiveInfinityCount,
        negativeInfinityCount,
        none ? 0f : min + 0f,
        none ? 0f : max + 0f);
  }
}
