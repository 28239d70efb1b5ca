package dev.compress.timing;

import dev.compress.metric.Interval;
import java.util.Arrays;

/** Order statistics. */
final class Quantiles {
  private static final double ALPHA = 0.05;

  private Quantiles() {}

  /** Linear interpolation between the neighbours, as spreadsheets do (Hyndman and Fan's type 7). */
  static double of(double[] sorted, double share) {
    double at = share * (sorted.length - 1);
    int below = (int) Math.floor(at);
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }

  static double median(double[] sorted) {
    return of(sorted, 0.5);
  }

  /** The sign test's 95% interval for the median; 0 to infinity where there are too few. */
  static Interval ofMedian(double[] sorted) {
    int n = sorted.length;
    double below = 0; // P(Binomial(n, 1/2) < d)
    double term = Math.pow(0.5, n);
    int d = 0;
    while (2 * (below + term) <= ALPHA && 2 * d < n) {
      below += term;
      term *= (double) (n - d) / (d + 1);
      d++;
    }
    return d == 0
        ? new Interval(0, Double.POSITIVE_INFINITY)
        : new Interval(sorted[d - 1], sorted[n - d]);
  }

  static double[] sorted(double[] values, int count) {
    double[] copy = Arrays.copyOf(values, count);
    Arrays.sort(copy);
    return copy;
  }
}
