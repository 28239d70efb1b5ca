package dev.compress.metric;

import java.io.Serializable;

/**
 * A closed interval, such as a 95% confidence interval.
 *
 * @param low its lower end
 * @param high its upper end
 */
public record Interval(double low, double high) implements Serializable {
  /**
   * Checks the order of the ends.
   *
   * @throws IllegalArgumentException if {@code low > high}
   */
  public Interval {
    if (low > high) {
      throw new IllegalArgumentException("Interval ends are swapped: " + low + " > " + high);
    }
  }

  /** Whether {@code value} lies inside, ends included. */
  public boolean contains(double value) {
    return low <= value && value <= high;
  }
}
