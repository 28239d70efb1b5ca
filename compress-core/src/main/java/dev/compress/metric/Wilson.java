package dev.compress.metric;

/**
 * Wilson's score interval of a proportion.
 *
 * <p>Wilson, E. B.: Probable inference, the law of succession, and statistical inference. JASA 22
 * (1927).
 */
public final class Wilson {
  /** The 97.5% quantile of the standard normal distribution. */
  static final double Z95 = 1.959963984540054;

  private Wilson() {}

  /**
   * The 95% interval of {@code successes / trials}: {@code (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²))
   * / (1 + z²/n)}.
   *
   * @param successes from 0 to {@code trials}
   * @param trials at least 1
   * @return the interval, within 0 to 1
   */
  public static Interval interval95(long successes, long trials) {
    if (trials < 1 || successes < 0 || successes > trials) {
      throw new IllegalArgumentException(successes + " of " + trials + " is no proportion");
    }
    double n = trials;
    double p = successes / n;
    double z2 = Z95 * Z95;
    double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
    double half = Z95 * Math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
    double low = successes == 0 ? 0 : Math.max(0, centre - half);
    double high = successes == trials ? 1 : Math.min(1, centre + half);
    return new Interval(low, high);
  }
}
