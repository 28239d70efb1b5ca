package dev.compress.timing;

import dev.compress.metric.Interval;
import java.io.Serializable;

/**
 * How much time a variant takes in comparison with the baseline: the median over the rounds of
 * (20th percentile of the variant's block) / (20th percentile of the baseline's block). The two
 * blocks of a round are neighbours in time, so what slows the machine down slows down both.
 *
 * <p>The interval is that of the sign test: for K rounds, between the d-th smallest and the d-th
 * largest ratio, where d is the largest number with {@code 2 P(Binomial(K, 1/2) < d) <= 5%}. It
 * assumes nothing of the distribution. Below 6 rounds there is no such d, and the interval is from
 * 0 to infinity.
 *
 * @param name the variant
 * @param ratio variant over baseline: under 1 is faster
 * @param ci95 its 95% confidence interval
 * @param rounds how many pairs of blocks were compared
 */
public record LatencyRatio(String name, double ratio, Interval ci95, int rounds)
    implements Serializable {
  /** Whether the variant is slower beyond doubt: the whole interval is over 1. */
  public boolean isSlower() {
    return ci95.low() > 1;
  }

  /** Whether the variant is faster beyond doubt: the whole interval is under 1. */
  public boolean isFaster() {
    return ci95.high() < 1;
  }
}
