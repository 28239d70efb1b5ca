package dev.compress.cluster;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The clusters of one run of channels on their way: its elements are counted in a histogram, its
 * centroids placed, its elements summed by cluster, its values settled on their means, and its
 * elements assigned. Each of the three readings gives the elements in the same order.
 */
final class RunClusters {
  /** A run that has few values already. */
  static final RunClusters UNCHANGED = new RunClusters();

  private static final int BINS = 1 << 16;

  private final @Nullable Histogram histogram;
  private final int centroids;
  private @Nullable Nearest nearest;
  private double[] sums = new double[0];
  private long[] counts = new long[0];
  private float[] means = new float[0];

  private RunClusters() {
    this.histogram = null;
    this.centroids = 0;
  }

  /**
   * A run.
   *
   * @param low its least element
   * @param high its greatest, which is more
   * @param withoutZeros whether zeros stay, and are no points
   * @param centroids how many values it gets, zeros that stay not counted
   */
  RunClusters(float low, float high, boolean withoutZeros, int centroids) {
    this.histogram = new Histogram(low, high, withoutZeros);
    this.centroids = centroids;
  }

  /** The first reading. */
  void count(float[] values, int from, int to) {
    if (histogram != null) {
      histogram.add(values, from, to);
    }
  }

  /** After the first reading. */
  void place(KMeans1D kMeans) {
    if (histogram != null) {
      double[] found = kMeans.centroids(histogram.points(), centroids);
      nearest = new Nearest(found, histogram);
      sums = new double[found.length];
      counts = new long[found.length];
    }
  }

  /** The second reading. */
  void sum(float[] values, int from, int to) {
    if (histogram == null) {
      return;
    }
    Nearest by = Objects.requireNonNull(nearest);
    boolean withoutZeros = histogram.withoutZeros;
    for (int i = from; i < to; i++) {
      float value = values[i];
      if (value != 0 || !withoutZeros) {
        int c = by.of(value);
        sums[c] += value;
        counts[c]++;
      }
    }
  }

  /** After the second reading. */
  void settle() {
    if (histogram == null) {
      return;
    }
    float[] found = new float[sums.length];
    int n = 0;
    for (int c = 0; c < found.length; c++) {
      if (counts[c] > 0) {
        found[n++] = (float) (sums[c] / counts[c]);
      }
    }
    means = Arrays.copyOf(found, n);
    double[] wide = new double[n];
    for (int c = 0; c < n; c++) {
      wide[c] = means[c];
    }
    nearest = new Nearest(wide, histogram);
  }

  /** The last reading: elements become values. */
  void assign(float[] values, int from, int to) {
    if (histogram == null) {
      return;
    }
    Nearest by = Objects.requireNonNull(nearest);
    boolean withoutZeros = histogram.withoutZeros;
    for (int i = from; i < to; i++) {
      float value = values[i];
      values[i] = value == 0 && withoutZeros ? 0f : means[by.of(value)];
    }
  }

  /** Bins of one width, each with the number and the sum of its values. */
  private static final class Histogram {
    private final float low;
    private final double perBin;
    private final boolean withoutZeros;
    private final long[] counts = new long[BINS];
    private final double[] sums = new double[BINS];

    Histogram(float low, float high, boolean withoutZeros) {
      this.low = low;
      this.perBin = BINS / ((double) high - low);
      this.withoutZeros = withoutZeros;
    }

    int bin(float value) {
      return Math.min(BINS - 1, (int) (((double) value - low) * perBin));
    }

    void add(float[] values, int from, int to) {
      for (int i = from; i < to; i++) {
        float value = values[i];
        if (value != 0 || !withoutZeros) {
          int bin = bin(value);
          counts[bin]++;
          sums[bin] += value;
        }
      }
    }

    WeightedPoints points() {
      double[] points = new double[BINS];
      double[] masses = new double[BINS];
      int n = 0;
      for (int bin = 0; bin < BINS; bin++) {
        if (counts[bin] > 0) {
          // Rounding must not put a mean before the one of the bin before.
          double mean = sums[bin] / counts[bin];
          points[n] = n == 0 ? mean : Math.max(mean, points[n - 1]);
          masses[n++] = counts[bin];
        }
      }
      return new WeightedPoints(Arrays.copyOf(points, n), Arrays.copyOf(masses, n));
    }
  }

  /** Finds the nearest of ascending values: from the first that its bin could have, upwards. */
  private static final class Nearest {
    private final double[] borders;
    private final int[] first = new int[BINS];
    private final Histogram histogram;

    Nearest(double[] values, Histogram histogram) {
      this.histogram = histogram;
      this.borders = new double[values.length];
      for (int c = 0; c + 1 < values.length; c++) {
        borders[c] = (values[c] + values[c + 1]) / 2;
      }
      borders[values.length - 1] = Double.POSITIVE_INFINITY;
      for (int bin = 0, c = 0; bin < BINS; bin++) {
        double left = histogram.low + (bin - 1) / histogram.perBin; // a bin earlier: rounding
        while (borders[c] < left) {
          c++;
        }
        first[bin] = c;
      }
    }

    int of(float value) {
      int c = first[histogram.bin(value)];
      while (value > borders[c]) {
        c++;
      }
      return c;
    }
  }
}
