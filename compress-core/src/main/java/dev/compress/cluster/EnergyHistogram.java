package dev.compress.cluster;

import java.util.Arrays;

/**
 * Numbers that count by how much, in bins of one width: seen twice in the same order, for their
 * range and for the bins.
 */
final class EnergyHistogram {
  private static final int BINS = 1 << 16;

  private double low = Double.POSITIVE_INFINITY;
  private double high = Double.NEGATIVE_INFINITY;
  private boolean ranged;
  private final double[] masses = new double[BINS];
  private final double[] sums = new double[BINS];

  /** One number. */
  void see(double value, double mass) {
    if (ranged) {
      int bin = high > low ? (int) Math.min(BINS - 1, (value - low) / (high - low) * BINS) : 0;
      masses[bin] += mass;
      sums[bin] += mass * value;
    } else {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }

  /** From here on the numbers come again. */
  void next() {
    ranged = true;
  }

  /** At most so many, ascending, as floats. */
  double[] centroids(KMeans1D kMeans, int most) {
    double[] points = new double[BINS];
    double[] weights = new double[BINS];
    int n = 0;
    for (int bin = 0; bin < BINS; bin++) {
      if (masses[bin] > 0) {
        double mean = sums[bin] / masses[bin];
        points[n] = n == 0 ? mean : Math.max(mean, points[n - 1]); // rounding
        weights[n++] = masses[bin];
      }
    }
    if (n == 0) {
      return new double[0];
    }
    double[] found =
        kMeans.centroids(
            new WeightedPoints(Arrays.copyOf(points, n), Arrays.copyOf(weights, n)), most);
    for (int c = 0; c < found.length; c++) {
      found[c] = (float) found[c];
    }
    return found;
  }
}
