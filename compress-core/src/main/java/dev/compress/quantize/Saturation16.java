package dev.compress.quantize;

import java.util.Objects;

/**
 * What happens to a product of u8 activations and s8 weights on CPUs without VNNI. There {@code
 * vpmaddubsw} multiplies neighbouring pairs and adds each two products in 16 bits, saturated:
 * {@code sat16(a0 b0 + a1 b1)}. Two full-scale pairs reach 2 * 255 * 127 = 64770, twice what 16
 * bits hold. Weights of seven bits (limit 63) cannot saturate: 2 * 255 * 64 = 32640.
 *
 * <p>Pairs are neighbours in the order in which the kernel walks a row: inputs of a matrix in
 * order; a convolution by kernel position and then input channel (channels last). An odd last
 * element pairs with zero.
 */
public final class Saturation16 {
  private Saturation16() {}

  /**
   * What can happen to a row of weights for the worst activations.
   *
   * @param pairs pairs of weights in the row
   * @param pairsAtRisk of those, how many can pass 16 bits
   * @param largestSum the largest magnitude a pair can reach, before saturation
   */
  public record WorstCase(int pairs, int pairsAtRisk, int largestSum) {}

  /**
   * What happened with sample activations.
   *
   * @param sums pair sums that were computed
   * @param saturated of those, how many saturated
   * @param squaredError sum over all outputs of (exact - saturated)^2, in units of the accumulator
   * @param squaredSignal sum over all outputs of (exact - zero point term)^2, in the same units
   */
  public record Observed(long sums, long saturated, double squaredError, double squaredSignal) {
    /** The share of pair sums that saturated. */
    public double share() {
      return sums == 0 ? 0 : (double) saturated / sums;
    }

    /** Signal to error ratio in dB; infinite without any error. */
    public double sqnrDecibels() {
      return 10 * Math.log10(squaredSignal / squaredError);
    }

    /** Both together. */
    public Observed plus(Observed other) {
      return new Observed(
          sums + other.sums,
          saturated + other.saturated,
          squaredError + other.squaredError,
          squaredSignal + other.squaredSignal);
    }
  }

  /** The worst case of one row of int8 weights. */
  public static WorstCase worstCase(byte[] weights, int from, int count) {
    Objects.checkFromIndexSize(from, count, weights.length);
    int atRisk = 0;
    int largest = 0;
    for (int i = 0; i < count; i += 2) {
      int first = weights[from + i];
      int second = i + 1 < count ? weights[from + i + 1] : 0;
      int high = 255 * (Math.max(first, 0) + Math.max(second, 0));
      int low = 255 * (Math.min(first, 0) + Math.min(second, 0));
      atRisk += high > Short.MAX_VALUE || low < Short.MIN_VALUE ? 1 : 0;
      largest = Math.max(largest, Math.max(high, -low));
    }
    return new WorstCase((count + 1) / 2, atRisk, largest);
  }

  /** The dot product as the saturating instruction computes it (u8 codes as bytes). */
  public static int dot(byte[] activations, int a, byte[] weights, int w, int count) {
    int sum = 0;
    for (int i = 0; i < count; i += 2) {
      int pair = pairSum(activations, a, weights, w, i, count);
      sum += Math.max(Short.MIN_VALUE, Math.min(Short.MAX_VALUE, pair));
    }
    return sum;
  }

  private static int pairSum(byte[] activations, int a, byte[] weights, int w, int i, int count) {
    int pair = (activations[a + i] & 0xff) * weights[w + i];
    return i + 1 < count ? pair + (activations[a + i + 1] & 0xff) * weights[w + i + 1] : pair;
  }

  /**
   * Emulates the product of sample activations with all rows of a weight.
   *
   * @param activations u8 codes, {@code [samples, length]}
   * @param zeroPoint of the activations; it shapes the signal only, since the hardware multiplies
   *     raw codes
   * @param weights s8 codes, {@code [rows, length]}
   * @param length of a row
   */
  public static Observed observe(byte[] activations, int zeroPoint, byte[] weights, int length) {
    if (length < 1 || activations.length % length != 0 || weights.length % length != 0) {
      throw new IllegalArgumentException(
          activations.length
              + " activations and "
              + weights.length
              + " weights in rows of "
              + length);
    }
    long saturated = 0;
    double squaredError = 0;
    double squaredSignal = 0;
    for (int w = 0; w < weights.length; w += length) {
      long offset = 0;
      for (int i = 0; i < length; i++) {
        offset += (long) weights[w + i] * zeroPoint;
      }
      for (int a = 0; a < activations.length; a += length) {
        long exact = 0;
        long lost = 0;
        for (int i = 0; i < length; i += 2) {
          int pair = pairSum(activations, a, weights, w, i, length);
          int kept = Math.max(Short.MIN_VALUE, Math.min(Short.MAX_VALUE, pair));
          exact += pair;
          lost += pair - kept;
          saturated += pair == kept ? 0 : 1;
        }
        squaredError += (double) lost * lost;
        squaredSignal += (double) (exact - offset) * (exact - offset);
      }
    }
    long products = (long) (weights.length / length) * (activations.length / length);
    return new Observed(products * ((length + 1) / 2), saturated, squaredError, squaredSignal);
  }
}
