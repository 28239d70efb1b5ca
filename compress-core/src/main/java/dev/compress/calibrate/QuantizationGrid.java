package dev.compress.calibrate;

/**
 * The integer grid that a range is cut into: {@code levels} points at equal steps, one of them
 * exactly zero.
 *
 * @param levels number of points, such as 256 for 8 bits, or 255 for 8 bits without -128; at least
 *     2
 * @param symmetric whether zero is the middle point; then {@code levels} is odd
 */
public record QuantizationGrid(int levels, boolean symmetric) {
  /** Eight bits with a free zero point: u8, or s8 with a zero point. */
  public static final QuantizationGrid ASYMMETRIC_8 = new QuantizationGrid(256, false);

  /** Eight bits from -127 to 127. */
  public static final QuantizationGrid SYMMETRIC_8 = new QuantizationGrid(255, true);

  /** Checks the number of levels. */
  public QuantizationGrid {
    if (levels < 2 || (symmetric && levels % 2 == 0)) {
      throw new IllegalArgumentException(
          levels + " levels: it takes two, and a symmetric grid needs an odd number");
    }
  }

  /** The distance of two neighbouring points when the grid covers a range; 0 for the zero range. */
  public double step(ValueRange range) {
    return symmetric ? 2.0 * range.absMax() / (levels - 1) : range.width() / (levels - 1);
  }

  /** How many points lie below zero when the grid covers a range. */
  public int pointsBelowZero(ValueRange range) {
    if (symmetric) {
      return (levels - 1) / 2;
    }
    double step = step(range);
    return step > 0 ? (int) Math.min(Math.rint(-range.low() / step), levels - 1) : 0;
  }

  /**
   * The mean squared error of rounding the values of a histogram to this grid over a range, values
   * outside being cut to its ends: {@code E[(x - Q(x))^2]}. Values of a bin count as lying in its
   * middle, or as evenly spread where the bin is wider than a step.
   *
   * @return the error; 0 without any value
   */
  public double meanSquaredError(Histogram histogram, ValueRange range) {
    double step = step(range);
    int below = pointsBelowZero(range);
    int above = levels - 1 - below;
    double sum = 0;
    for (int i = 0; i < histogram.size(); i++) {
      double value = histogram.middle(i);
      double point = step > 0 ? Math.rint(value / step) : 0;
      point = Math.min(Math.max(point, -below), above);
      double error = value - point * step;
      double width = histogram.upper(i) - histogram.lower(i);
      double squared = error * error;
      if (width > step && Math.abs(error) <= step) {
        squared = step * step / 12;
      }
      sum += histogram.count(i) * squared;
    }
    long count = histogram.summary().finiteCount();
    return count == 0 ? 0 : sum / count;
  }
}
