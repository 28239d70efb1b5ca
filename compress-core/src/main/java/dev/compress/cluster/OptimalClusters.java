package dev.compress.cluster;

/**
 * The optimal k-means clusters of points on a line, for every k up to a limit, by dynamic
 * programming (Wang and Song, Ckmeans.1d.dp, The R Journal 2011): clusters are runs, {@code D[k][j]
 * = min over i of D[k-1][i] + cost(i, j)}, and the best i never falls as j grows, so that each row
 * takes {@code n log n} steps by divide and conquer.
 */
public final class OptimalClusters {
  private final WeightedPoints points;
  private final int[][] starts;
  private final double[] costs;

  /**
   * Finds them.
   *
   * @param points at least one
   * @param most the most clusters
   */
  public OptimalClusters(WeightedPoints points, int most) {
    int n = points.size();
    if (n < 1 || most < 1) {
      throw new IllegalArgumentException(n + " points, " + most + " clusters");
    }
    this.points = points;
    int rows = Math.min(most, n);
    this.starts = new int[rows][n + 1];
    this.costs = new double[rows];
    double[] before = new double[n + 1];
    for (int j = 1; j <= n; j++) {
      before[j] = points.cost(0, j);
    }
    costs[0] = before[n];
    double[] now = new double[n + 1];
    for (int k = 1; k < rows; k++) {
      // With k + 1 clusters at least k + 1 points: shorter prefixes are not needed.
      fill(k, before, now, k + 1, n, k, n - 1);
      costs[k] = now[n];
      double[] swap = before;
      before = now;
      now = swap;
    }
  }

  private void fill(int k, double[] before, double[] now, int from, int to, int low, int high) {
    if (from > to) {
      return;
    }
    int j = (from + to) >>> 1;
    double least = Double.POSITIVE_INFINITY;
    int best = low;
    for (int i = low; i <= Math.min(high, j - 1); i++) {
      double cost = before[i] + points.cost(i, j);
      if (cost < least) {
        least = cost;
        best = i;
      }
    }
    now[j] = least;
    starts[k][j] = best;
    fill(k, before, now, from, j - 1, low, best);
    fill(k, before, now, j + 1, to, best, high);
  }

  /** The most clusters there are: what was asked for, or the number of points. */
  public int most() {
    return costs.length;
  }

  /**
   * The squared error with some number of clusters.
   *
   * @param k 1 to {@link #most}
   */
  public double cost(int k) {
    return costs[k - 1];
  }

  /**
   * Where clusters begin.
   *
   * @param k 1 to {@link #most}
   * @return the first point of each, ascending, and the number of points
   */
  public int[] bounds(int k) {
    int[] bounds = new int[k + 1];
    bounds[k] = points.size();
    for (int cluster = k - 1; cluster > 0; cluster--) {
      bounds[cluster] = starts[cluster][bounds[cluster + 1]];
    }
    return bounds;
  }

  /** The means of the clusters, ascending. */
  public double[] centroids(int k) {
    int[] bounds = bounds(k);
    double[] centroids = new double[k];
    for (int cluster = 0; cluster < k; cluster++) {
      centroids[cluster] = points.mean(bounds[cluster], bounds[cluster + 1]);
    }
    return centroids;
  }
}
