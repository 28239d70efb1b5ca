package dev.compress.cluster;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * k-means of points on a line: {@code min over c of sum of mass_i * min over j of (x_i - c_j)^2}.
 * Lloyd's iterations on prefix sums take {@code k log n} steps each, whatever the mass. Immutable;
 * the result depends on the arguments alone.
 *
 * @param start where the centroids begin
 * @param seed for {@link Start#PLUS_PLUS}
 */
public record KMeans1D(Start start, long seed) {
  /** Where centroids begin. */
  public enum Start {
    /** At equal steps of the cube root of the density, which is where many optimal ones lie. */
    DENSITY,
    /** At equal distances between the ends (best of the three of Deep Compression). */
    LINEAR,
    /** Drawn, each with the probability of its squared distance from those drawn before. */
    PLUS_PLUS,
    /** At the optimum of the points brought together to a few thousand. */
    OPTIMAL
  }

  /** The points that {@link OptimalClusters} is affordable for. */
  static final int MOST_OPTIMAL = 4096;

  private static final int MOST_ITERATIONS = 200;

  /**
   * Finds centroids.
   *
   * @param points at least one
   * @param k how many
   * @return ascending; as many as there are points where that is fewer
   */
  public double[] centroids(WeightedPoints points, int k) {
    if (points.size() <= k) {
      double[] all = new double[points.size()];
      Arrays.setAll(all, points::point);
      return all;
    }
    double[] centroids =
        switch (start) {
          case DENSITY -> density(points, k);
          case LINEAR -> linear(points, k);
          case PLUS_PLUS -> drawn(points, k);
          case OPTIMAL -> optimal(points, k);
        };
    boolean exact = start == Start.OPTIMAL && points.size() <= MOST_OPTIMAL;
    return exact ? centroids : lloyd(points, centroids);
  }

  /** The error {@code sum of mass_i * min over j of (x_i - c_j)^2}. */
  public static double error(WeightedPoints points, double[] centroids) {
    int[] bounds = bounds(points, centroids);
    double error = 0;
    for (int c = 0; c < centroids.length; c++) {
      if (bounds[c] < bounds[c + 1]) {
        double off = centroids[c] - points.mean(bounds[c], bounds[c + 1]);
        error +=
            points.cost(bounds[c], bounds[c + 1])
                + points.mass(bounds[c], bounds[c + 1]) * off * off;
      }
    }
    return error;
  }

  /** The first point of each centroid's run, and the number of points. */
  private static int[] bounds(WeightedPoints points, double[] centroids) {
    int[] bounds = new int[centroids.length + 1];
    for (int c = 1; c < centroids.length; c++) {
      bounds[c] = points.above((centroids[c - 1] + centroids[c]) / 2);
    }
    bounds[centroids.length] = points.size();
    return bounds;
  }

  private static double[] lloyd(WeightedPoints points, double[] from) {
    double[] centroids = from.clone();
    for (int iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
      int[] bounds = bounds(points, centroids);
      boolean moved = false;
      for (int c = 0; c < centroids.length; c++) {
        if (bounds[c] < bounds[c + 1]) { // one without points stays where it is
          double mean = points.mean(bounds[c], bounds[c + 1]);
          moved |= mean != centroids[c];
          centroids[c] = mean;
        }
      }
      if (!moved) {
        break;
      }
    }
    return centroids;
  }

  private static double[] linear(WeightedPoints points, int k) {
    double low = points.point(0);
    double high = points.point(points.size() - 1);
    double[] centroids = new double[k];
    for (int c = 0; c < k; c++) {
      centroids[c] = low + (high - low) * c / Math.max(1, k - 1);
    }
    return centroids;
  }

  private static double[] density(WeightedPoints points, int k) {
    int[] bounds = runs(points, k);
    double[] centroids = new double[bounds.length - 1];
    for (int c = 0; c < centroids.length; c++) {
      centroids[c] = points.mean(bounds[c], bounds[c + 1]);
    }
    return centroids;
  }

  /** Cuts points into runs of equal sums of {@code density^(1/3) * width}. */
  private static int[] runs(WeightedPoints points, int count) {
    int n = points.size();
    double[] sums = new double[n + 1];
    for (int i = 0; i < n; i++) {
      double left = points.point(Math.max(0, i - 1));
      double right = points.point(Math.min(n - 1, i + 1));
      double width = right - left;
      sums[i + 1] = sums[i] + Math.cbrt(points.mass(i, i + 1) * width * width);
    }
    int[] bounds = new int[count + 1];
    int used = 0;
    for (int c = 1; c < count; c++) {
      double wanted = sums[n] * c / count;
      int at = Arrays.binarySearch(sums, wanted);
      at = at < 0 ? -at - 1 : at;
      if (at > bounds[used] && at < n) {
        bounds[++used] = at;
      }
    }
    bounds[++used] = n;
    return Arrays.copyOf(bounds, used + 1);
  }

  private double[] drawn(WeightedPoints points, int k) {
    SplittableRandom random = new SplittableRandom(seed);
    int n = points.size();
    double[] nearest = new double[n];
    Arrays.fill(nearest, Double.POSITIVE_INFINITY);
    double[] centroids = new double[k];
    for (int c = 0; c < k; c++) {
      double total = 0;
      double[] sums = new double[n];
      for (int i = 0; i < n; i++) {
        double off = c == 0 ? 1 : points.point(i) - centroids[c - 1];
        nearest[i] = c == 0 ? nearest[i] : Math.min(nearest[i], off * off);
        total += points.mass(i, i + 1) * (c == 0 ? 1 : nearest[i]);
        sums[i] = total;
      }
      int at = Arrays.binarySearch(sums, random.nextDouble() * total);
      centroids[c] = points.point(Math.min(n - 1, at < 0 ? -at - 1 : at));
    }
    Arrays.sort(centroids);
    return centroids;
  }

  private static double[] optimal(WeightedPoints points, int k) {
    if (points.size() <= MOST_OPTIMAL) {
      return new OptimalClusters(points, k).centroids(k);
    }
    int[] bounds = runs(points, MOST_OPTIMAL);
    double[] means = new double[bounds.length - 1];
    double[] masses = new double[means.length];
    for (int i = 0; i < means.length; i++) {
      means[i] = points.mean(bounds[i], bounds[i + 1]);
      masses[i] = points.mass(bounds[i], bounds[i + 1]);
    }
    OptimalClusters few = new OptimalClusters(new WeightedPoints(means, masses), k);
    return few.centroids(few.most());
  }
}
