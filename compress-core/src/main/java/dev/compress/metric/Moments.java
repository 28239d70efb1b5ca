package dev.compress.metric;

/** Mean and variance of a stream of values, by Welford's recurrence. */
final class Moments {
  private long count;
  private double mean;
  private double squares;

  void add(double value) {
    count++;
    double before = value - mean;
    mean += before / count;
    squares += before * (value - mean);
  }

  long count() {
    return count;
  }

  double mean() {
    return count == 0 ? Double.NaN : mean;
  }

  /** {@code mean ± 1.96 s / sqrt(n)}; the mean alone for a single value. */
  Interval normalInterval95() {
    double half = count < 2 ? 0 : Wilson.Z95 * Math.sqrt(squares / (count - 1) / count);
    return new Interval(mean - half, mean + half);
  }
}
