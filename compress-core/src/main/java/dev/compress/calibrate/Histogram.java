package dev.compress.calibrate;

import java.util.Arrays;

/**
 * How often the finite values of a tensor fall into which bin. Bins ascend, do not overlap, hold at
 * least one value each and differ in width; zero has a bin of its own with no width. Immutable.
 */
public final class Histogram {
  /** Negative values of at least this magnitude may be the mask of an attention. */
  private static final double MASK_MAGNITUDE = 4096.0;

  /** All else must lie this many times closer to zero: within four steps of an 8-bit range. */
  private static final double MASK_GAP = 64.0;

  private final ValueSummary summary;
  private final double[] lower;
  private final double[] upper;
  private final long[] counts;

  private Histogram(ValueSummary summary, double[] lower, double[] upper, long[] counts) {
    this.summary = summary;
    this.lower = lower;
    this.upper = upper;
    this.counts = counts;
  }

  /**
   * A histogram of given bins, such as one that was stored.
   *
   * @param summary of the same values
   * @param lower lower edges, ascending
   * @param upper upper edges, each at least its lower edge and at most the next lower edge
   * @param counts how many values in each bin, at least 1
   * @throws IllegalArgumentException if the arrays do not fit together
   */
  public static Histogram of(ValueSummary summary, double[] lower, double[] upper, long[] counts) {
    if (lower.length != counts.length || upper.length != counts.length) {
      throw new IllegalArgumentException(
          "Edges and counts differ in number: "
              + lower.length
              + ", "
              + upper.length
              + ", "
              + counts.length);
    }
    long total = 0;
    for (int i = 0; i < counts.length; i++) {
      boolean ordered = lower[i] <= upper[i] && (i == 0 || upper[i - 1] <= lower[i]);
      if (!ordered || counts[i] < 1) {
        throw new IllegalArgumentException(
            "Bin "
                + i
                + " is out of order or empty: ["
                + lower[i]
                + ", "
                + upper[i]
                + ") holds "
                + counts[i]);
      }
      total += counts[i];
    }
    if (total != summary.finiteCount()) {
      throw new IllegalArgumentException(
          "Bins hold " + total + " values, the summary " + summary.finiteCount());
    }
    return new Histogram(summary, lower.clone(), upper.clone(), counts.clone());
  }

  /** The number of bins. */
  public int size() {
    return counts.length;
  }

  /** The lower edge of a bin. */
  public double lower(int bin) {
    return lower[bin];
  }

  /** The upper edge of a bin. */
  public double upper(int bin) {
    return upper[bin];
  }

  /** The middle of a bin. */
  public double middle(int bin) {
    return 0.5 * (lower[bin] + upper[bin]);
  }

  /** How many values are in a bin. */
  public long count(int bin) {
    return counts[bin];
  }

  /** Exact counts and extremes. */
  public ValueSummary summary() {
    return summary;
  }

  /** How many values are zero (or subnormal, which counts as zero). */
  public long zeroCount() {
    for (int i = 0; i < counts.length; i++) {
      if (lower[i] == 0.0 && upper[i] == 0.0) {
        return counts[i];
      }
    }
    return 0;
  }

  /**
   * Share of the finite values below a range plus share above it; the values of a bin count as
   * evenly spread.
   */
  public double shareOutside(ValueRange range) {
    double outside = 0;
    for (int i = 0; i < counts.length; i++) {
      double width = upper[i] - lower[i];
      double inside =
          width > 0
              ? (Math.min(upper[i], range.high()) - Math.max(lower[i], range.low())) / width
              : range.contains(lower[i]) ? 1 : 0;
      outside += counts[i] * (1 - Math.min(Math.max(inside, 0), 1));
    }
    return counts.length == 0 ? 0 : outside / summary.finiteCount();
  }

  /**
   * The value that a share of the finite values does not exceed, interpolated within its bin.
   *
   * @param share from 0, which gives the minimum, to 1, which gives the maximum
   * @return the quantile; 0 without any finite value
   */
  public double quantile(double share) {
    if (!(share >= 0 && share <= 1)) {
      throw new IllegalArgumentException("A share lies between 0 and 1, not " + share);
    }
    double below = share * summary.finiteCount();
    double passed = 0;
    for (int i = 0; i < counts.length; i++) {
      if (passed + counts[i] >= below) {
        double value = lower[i] + (upper[i] - lower[i]) * (below - passed) / counts[i];
        return Math.min(Math.max(value, summary.min()), summary.max());
      }
      passed += counts[i];
    }
    return summary.max();
  }

  /**
   * This histogram without values that can only be the mask of an attention, such as -10000 or
   * -3.4e38: at most -4096, and 64 times as far from zero as all that is left. An 8-bit range that
   * had to include them would put all other values into a handful of steps.
   *
   * @return this instance where there are none; otherwise the rest, whose extremes are then bin
   *     edges and not exact
   */
  public Histogram withoutMask() {
    int from = maskBins();
    if (from == 0) {
      return this;
    }
    long masked = 0;
    for (int i = 0; i < from; i++) {
      masked += counts[i];
    }
    int to = counts.length;
    ValueSummary rest =
        new ValueSummary(
            summary.count() - masked,
            summary.nanCount(),
            summary.positiveInfinityCount(),
            summary.negativeInfinityCount(),
            (float) lower[from],
            summary.max());
    return new Histogram(
        rest,
        Arrays.copyOfRange(lower, from, to),
        Arrays.copyOfRange(upper, from, to),
        Arrays.copyOfRange(counts, from, to));
  }

  /** How many finite values {@link #withoutMask()} leaves out. */
  public long maskCount() {
    return summary.finiteCount() - withoutMask().summary.finiteCount();
  }

  /** How many of the first bins are a mask. */
  private int maskBins() {
    int masked = 0;
    for (int i = 0; i + 1 < counts.length && -upper[i] >= MASK_MAGNITUDE; i++) {
      double rest = Math.max(upper[counts.length - 1], -lower[i + 1]);
      // Where only zeros are left, nothing tells the scale of the rest.
      if (rest > 0 && rest * MASK_GAP <= -upper[i]) {
        masked = i + 1;
      }
    }
    return masked;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Histogram that
        && summary.equals(that.summary)
        && Arrays.equals(lower, that.lower)
        && Arrays.equals(upper, that.upper)
        && Arrays.equals(counts, that.counts);
  }

  @Override
  public int hashCode() {
    return 31 * summary.hashCode() + Arrays.hashCode(counts);
  }

  @Override
  public String toString() {
    return "Histogram[" + counts.length + " bins, " + summary + "]";
  }
}
