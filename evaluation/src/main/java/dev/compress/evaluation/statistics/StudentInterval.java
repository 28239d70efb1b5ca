package dev.compress.evaluation.statistics;

import dev.compress.metric.Interval;
import java.util.List;
import org.apache.commons.statistics.distribution.TDistribution;

/**
 * Mean and 95% confidence interval of a few independent values: {@code mean ± c t(0.975, k - 1) s /
 * sqrt(k)}.
 *
 * <p>Looking after every round and stopping as soon as the interval is narrow makes it cover the
 * truth too seldom: in simulations with 5 to 30 rounds and a target of 2%, 91.9% of the time at 4%
 * noise where 95% are claimed. With c = 1.2 it covers 95.7% or more at any noise from 1% to 6%.
 *
 * @param mean of the values
 * @param standardError {@code s / sqrt(k)}
 * @param halfWidth of the interval
 * @param count k
 */
public record StudentInterval(double mean, double standardError, double halfWidth, int count) {
  /** Widens an interval that decides itself when to stop. */
  public static final double FOR_STOPPING = 1.2;

  private static final double UPPER = 0.975;

  /**
   * The interval of values.
   *
   * @param values at least one; a single value has an infinite half width
   * @param widening c
   * @throws IllegalArgumentException if there are no values
   */
  public static StudentInterval of(List<Double> values, double widening) {
    int k = values.size();
    if (k == 0) {
      throw new IllegalArgumentException("There is no mean of nothing");
    }
    double mean = values.stream().mapToDouble(Double::doubleValue).sum() / k;
    if (k == 1) {
      return new StudentInterval(mean, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, 1);
    }
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    double error = Math.sqrt(squares / (k - 1) / k);
    return new StudentInterval(mean, error, widening * quantile(k - 1) * error, k);
  }

  /**
   * The 97.5% quantile of Student's t.
   *
   * @param degreesOfFreedom at least 1
   */
  public static double quantile(int degreesOfFreedom) {
    return TDistribution.of(degreesOfFreedom).inverseCumulativeProbability(UPPER);
  }

  /** The same with another half added, as independent errors add. */
  public StudentInterval plus(double otherHalfWidth) {
    return new StudentInterval(mean, standardError, Math.hypot(halfWidth, otherHalfWidth), count);
  }

  /** Its ends. */
  public Interval interval() {
    return new Interval(mean - halfWidth, mean + halfWidth);
  }

  /** The half width as a share of the mean. */
  public double relative() {
    return mean == 0 ? Double.POSITIVE_INFINITY : halfWidth / Math.abs(mean);
  }
}
