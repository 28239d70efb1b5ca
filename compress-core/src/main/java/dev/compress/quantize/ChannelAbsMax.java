package dev.compress.quantize;

import java.util.Objects;

/**
 * The largest magnitude of each channel of a tensor that is seen piece by piece, in any order. NaN
 * and infinities are kept: a channel that holds one has a magnitude that is not finite. Not
 * thread-safe; those of several threads can be merged, with the same result.
 */
public final class ChannelAbsMax {
  private final ChannelLayout layout;
  private final float[] absMax;
  private final float[] row;

  /** Nothing seen yet: all zero. */
  public ChannelAbsMax(ChannelLayout layout) {
    this.layout = layout;
    this.absMax = new float[layout.channels()];
    this.row = layout.inner() == 1 ? new float[layout.channels()] : new float[0];
  }

  /**
   * Takes in a piece of the tensor.
   *
   * @param position of the first value in the flat order of the tensor
   * @param values the values
   * @param from the first to look at
   * @param count how many
   */
  public void observe(long position, float[] values, int from, int count) {
    Objects.checkFromIndexSize(from, count, values.length);
    Objects.checkFromIndexSize(position, count, layout.size());
    if (layout.inner() == 1) {
      layout.forEachRun(position, count, (c, at, n) -> alternating(values, from + at, c, n));
    } else {
      layout.forEachRun(
          position, count, (c, at, n) -> absMax[c] = Math.max(absMax[c], of(values, from + at, n)));
    }
  }

  private void alternating(float[] values, int from, int channel, int count) {
    System.arraycopy(values, from, row, 0, count);
    if (channel == 0) {
      each(row, absMax, count);
    } else {
      for (int i = 0; i < count; i++) {
        absMax[channel + i] = Math.max(absMax[channel + i], Math.abs(row[i]));
      }
    }
  }

  /** All arrays are indexed alike, so that the compiler makes vector code of it. */
  private static void each(float[] values, float[] absMax, int count) {
    for (int i = 0; i < count; i++) {
      absMax[i] = Math.max(absMax[i], Math.abs(values[i]));
    }
  }

  /** The largest magnitude of some values. */
  static float of(float[] values, int from, int count) {
    // Bits of floats without their sign are in the order of the floats, and NaN is above infinity.
    int largest = 0;
    for (int i = from; i < from + count; i++) {
      largest = Math.max(largest, Float.floatToRawIntBits(values[i]) & Integer.MAX_VALUE);
    }
    return Float.intBitsToFloat(largest);
  }

  /** Takes in what another saw of the same tensor. */
  public void merge(ChannelAbsMax other) {
    each(other.absMax, absMax, absMax.length);
  }

  /** The largest magnitude per channel; NaN or infinite if the channel holds such a value. */
  public float[] values() {
    return absMax.clone();
  }
}
