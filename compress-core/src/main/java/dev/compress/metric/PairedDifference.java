package dev.compress.metric;

import java.util.BitSet;

/**
 * The difference of two models on the same samples, first minus second.
 *
 * @param difference of the two means or proportions
 * @param ci95 its 95% confidence interval
 * @param samples how many pairs
 */
public record PairedDifference(double difference, Interval ci95, long samples) {
  /**
   * The difference of two proportions of right samples, with Newcombe's hybrid score interval.
   *
   * <p>Newcombe, R. G.: Improved confidence intervals for the difference between binomial
   * proportions based on paired data. Statistics in Medicine 17 (1998), method 10.
   *
   * @param both samples that both got right
   * @param onlyFirst samples that only the first got right
   * @param onlySecond samples that only the second got right
   * @param neither samples that neither got right
   */
  public static PairedDifference ofCounts(
      long both, long onlyFirst, long onlySecond, long neither) {
    long n = both + onlyFirst + onlySecond + neither;
    if (Math.min(Math.min(both, onlyFirst), Math.min(onlySecond, neither)) < 0 || n < 1) {
      throw new IllegalArgumentException("Counts must not be negative, nor all 0");
    }
    double p1 = (double) (both + onlyFirst) / n;
    double p2 = (double) (both + onlySecond) / n;
    Interval first = Wilson.interval95(both + onlyFirst, n);
    Interval second = Wilson.interval95(both + onlySecond, n);
    double phi = correlation(both, onlyFirst, onlySecond, neither);
    double difference = (double) (onlyFirst - onlySecond) / n;
    double down = hypotenuse(p1 - first.low(), second.high() - p2, phi);
    double up = hypotenuse(first.high() - p1, p2 - second.low(), phi);
    return new PairedDifference(
        difference, new Interval(Math.max(-1, difference - down), Math.min(1, difference + up)), n);
  }

  /**
   * As {@link #ofCounts}, from which samples were right.
   *
   * @param samples how many there are
   */
  public static PairedDifference ofCorrect(BitSet first, BitSet second, int samples) {
    BitSet shared = (BitSet) first.clone();
    shared.and(second);
    long both = shared.cardinality();
    long onlyFirst = first.cardinality() - both;
    long onlySecond = second.cardinality() - both;
    return ofCounts(both, onlyFirst, onlySecond, samples - both - onlyFirst - onlySecond);
  }

  /**
   * The mean difference of two values a sample, such as errors, with the normal interval {@code
   * mean ± 1.96 s / sqrt(n)}.
   *
   * @param first the first model's value of every sample
   * @param second the second model's, in the same order; of a single pair the interval is endless
   */
  public static PairedDifference ofValues(double[] first, double[] second) {
    if (first.length != second.length || first.length == 0) {
      throw new IllegalArgumentException(
          "Pairs are needed, not " + first.length + " and " + second.length + " values");
    }
    if (first.length == 1) {
      Interval unknown = new Interval(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
      return new PairedDifference(first[0] - second[0], unknown, 1);
    }
    Moments moments = new Moments();
    for (int i = 0; i < first.length; i++) {
      moments.add(first[i] - second[i]);
    }
    return new PairedDifference(moments.mean(), moments.normalInterval95(), first.length);
  }

  /**
   * The difference of two macro-averaged F1, with the percentile bootstrap over samples, the same
   * ones for both: 1,000 resamples, always with the same seed.
   *
   * @param labels the right class of every sample
   * @param first what the first model predicted, -1 for nothing
   * @param second what the second did
   */
  static PairedDifference ofMacroF1(int[] labels, int[] first, int[] second) {
    return new PairedDifference(
        MacroF1.of(labels, first) - MacroF1.of(labels, second),
        MacroF1.differenceBootstrap95(labels, first, second),
        labels.length);
  }

  /** The phi coefficient with the continuity correction that the method prescribes. */
  private static double correlation(long a, long b, long c, long d) {
    double product = (double) (a + b) * (c + d) * ((double) (a + c) * (b + d));
    if (product == 0) {
      return 0;
    }
    double numerator = (double) a * d - (double) b * c;
    if (numerator > 0) {
      numerator = Math.max(numerator - (a + b + c + d) / 2.0, 0);
    }
    return numerator / Math.sqrt(product);
  }

  private static double hypotenuse(double x, double y, double phi) {
    return Math.sqrt(Math.max(0, x * x - 2 * phi * x * y + y * y));
  }
}
