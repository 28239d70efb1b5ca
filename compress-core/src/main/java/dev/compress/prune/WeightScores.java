package dev.compress.prune;

import org.jspecify.annotations.Nullable;

/**
 * How much each element of a weight matters: {@code |w| * factor[(index / inner) % factors]}. As
 * the bits of a positive float, which order as the numbers do. Immutable.
 */
final class WeightScores {
  /** Of the bits of a score, these make a bin: exponent and 8 bits of the fraction. */
  static final int BIN_SHIFT = 15;

  /** Bins of scores. */
  static final int BINS = 1 << 16;

  private final float @Nullable [] factors;
  private final long inner;

  private WeightScores(float @Nullable [] factors, long inner) {
    this.factors = factors;
    this.inner = inner;
  }

  /** By magnitude alone. */
  static WeightScores magnitude() {
    return new WeightScores(null, 1);
  }

  /**
   * By magnitude and input.
   *
   * @param factors one an input channel
   * @param inner distance of two input channels in the weight
   */
  static WeightScores byInput(float[] factors, long inner) {
    return new WeightScores(factors.clone(), inner);
  }

  /**
   * The scores of a run of elements, as bits.
   *
   * @param from the first one's index in the weight
   * @param values the elements
   * @param bits where to
   * @param count how many
   */
  void of(long from, float[] values, int[] bits, int count) {
    float[] of = factors;
    for (int i = 0; i < count; i++) {
      float magnitude = Math.abs(values[i]);
      if (of != null) {
        magnitude *= of[(int) ((from + i) / inner % of.length)];
      }
      bits[i] = Float.floatToRawIntBits(magnitude);
    }
  }
}
