package dev.compress.metric;

import java.util.BitSet;

/**
 * McNemar's test of two classifiers on the same samples: of the samples on which exactly one is
 * right, is either more often the right one than a fair coin would explain?
 *
 * <p>McNemar, Q.: Note on the sampling error of the difference between correlated proportions.
 * Psychometrika 12 (1947); the mid-p form as in Fagerland, Lydersen, Laake: The McNemar test for
 * binary matched-pairs data. BMC Medical Research Methodology 13 (2013).
 *
 * @param onlyFirst samples on which only the first is right
 * @param onlySecond samples on which only the second is right
 * @param exactP two-sided exact p-value: {@code min(1, 2 P(X <= min))} with {@code X ~
 *     Binomial(onlyFirst + onlySecond, 1/2)}; never too small
 * @param midP two-sided mid-p value: {@code exactP} less the probability of the observed split;
 *     nearer to the nominal level
 */
public record McNemar(long onlyFirst, long onlySecond, double exactP, double midP) {
  /**
   * The test on two counts.
   *
   * @param onlyFirst samples on which only the first is right
   * @param onlySecond samples on which only the second is right
   * @return the test; both p-values are 1 where both counts are 0
   */
  public static McNemar of(long onlyFirst, long onlySecond) {
    if (onlyFirst < 0 || onlySecond < 0) {
      throw new IllegalArgumentException("Negative count: " + onlyFirst + ", " + onlySecond);
    }
    long n = Math.addExact(onlyFirst, onlySecond);
    if (n == 0) {
      return new McNemar(0, 0, 1, 1);
    }
    long k = Math.min(onlyFirst, onlySecond);
    double observed = Math.exp(Binomial.logChoose(n, k) - n * Math.log(2));
    double tail = Binomial.lowerTail(n, k, observed);
    return new McNemar(
        onlyFirst, onlySecond, Math.min(1, 2 * tail), Math.min(1, 2 * tail - observed));
  }

  /**
   * The test on which samples were right.
   *
   * @param first the samples that the first got right
   * @param second the samples that the second got right, by the same indices
   */
  public static McNemar of(BitSet first, BitSet second) {
    BitSet onlyFirst = (BitSet) first.clone();
    onlyFirst.andNot(second);
    BitSet onlySecond = (BitSet) second.clone();
    onlySecond.andNot(first);
    return of(onlyFirst.cardinality(), onlySecond.cardinality());
  }
}
