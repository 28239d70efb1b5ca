package dev.compress.calibrate;

import java.util.Arrays;

/**
 * Collects bins in ascending order; drops the empty ones and cuts the outer ones to the extremes.
 */
final class HistogramBuilder {
  private final ValueSummary summary;
  private double[] lower = new double[256];
  private double[] upper = new double[256];
  private long[] counts = new long[256];
  private int size;

  HistogramBuilder(ValueSummary summary) {
    this.summary = summary;
  }

  void add(double from, double to, long count) {
    if (count == 0) {
      return;
    }
    if (size == counts.length) {
      lower = Arrays.copyOf(lower, 2 * size);
      upper = Arrays.copyOf(upper, 2 * size);
      counts = Arrays.copyOf(counts, 2 * size);
    }
    lower[size] = from;
    upper[size] = to;
    counts[size++] = count;
  }

  Histogram build() {
    if (size > 0) {
      // Where all values are subnormal, the bin of zero stays at zero and the extremes do not.
      lower[0] = Math.min(Math.max(lower[0], summary.min()), upper[0]);
      upper[size - 1] = Math.max(Math.min(upper[size - 1], summary.max()), lower[size - 1]);
    }
    return Histogram.of(
        summary,
        Arrays.copyOf(lower, size),
        Arrays.copyOf(upper, size),
        Arrays.copyOf(counts, size));
  }
}
