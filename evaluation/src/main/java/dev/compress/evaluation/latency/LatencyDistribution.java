package dev.compress.evaluation.latency;

import org.HdrHistogram.Histogram;

/**
 * How long runs took: a histogram of nanoseconds with a relative error below 0.01%, up to an hour a
 * run. Its size does not depend on how many runs there were.
 */
public final class LatencyDistribution {
  private static final long LONGEST_NANOS = 3_600_000_000_000L;
  private static final int DIGITS = 4;
  private static final double NANOS_A_MILLISECOND = 1e6;

  private final Histogram histogram = new Histogram(LONGEST_NANOS, DIGITS);
  private double totalNanos;

  void add(long[] nanos) {
    for (long run : nanos) {
      histogram.recordValue(Math.max(1, Math.min(LONGEST_NANOS, run)));
      totalNanos += run;
    }
  }

  /** How many runs were timed. */
  public long runs() {
    return histogram.getTotalCount();
  }

  /** The mean, exactly, in milliseconds. */
  public double meanMillis() {
    return totalNanos / runs() / NANOS_A_MILLISECOND;
  }

  /**
   * The time that a share of the runs did not exceed.
   *
   * @param percent from 0 to 100
   * @return milliseconds
   */
  public double percentileMillis(double percent) {
    return histogram.getValueAtPercentile(percent) / NANOS_A_MILLISECOND;
  }
}
