package dev.compress.calibrate;

import java.nio.FloatBuffer;

/**
 * Sees the values of one tensor, sample after sample, and keeps a summary whose size does not
 * depend on how many there are. What is kept does not depend on how the values are cut into calls.
 * Not thread-safe: one observer a tensor and thread; results of several threads can be merged.
 */
public interface ValueObserver {
  /**
   * Takes in some values.
   *
   * @param values the values; not kept
   * @param offset the first index to look at
   * @param length how many values to look at
   */
  void observe(float[] values, int offset, int length);

  /** Takes in all values of an array. */
  default void observe(float[] values) {
    observe(values, 0, values.length);
  }

  /**
   * Takes in the remaining values of a buffer; its position is left as it is.
   *
   * @param values the values, on or off the heap
   */
  default void observe(FloatBuffer values) {
    FloatBuffer rest = values.duplicate();
    // Small enough to stay in the second-level cache between the copy and the look.
    float[] piece = new float[Math.min(rest.remaining(), 1 << 14)];
    while (rest.hasRemaining()) {
      int length = Math.min(rest.remaining(), piece.length);
      rest.get(piece, 0, length);
      observe(piece, 0, length);
    }
  }

  /** What was seen so far. */
  ValueSummary summary();
}
