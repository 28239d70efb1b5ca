package dev.compress.cluster;

/**
 * Points on a line, ascending, each with a mass: values and how often they occur or how much an
 * error there counts. Sums over any run of them take constant time. Immutable.
 */
public final class WeightedPoints {
  private final double[] points;
  private final double origin;
  private final double[] mass;
  private final double[] first;
  private final double[] second;

  /**
   * Points.
   *
   * @param points ascending, finite
   * @param masses one each, not negative
   */
  public WeightedPoints(double[] points, double[] masses) {
    if (points.length != masses.length) {
      throw new IllegalArgumentException(points.length + " points, " + masses.length + " masses");
    }
    int n = points.length;
    this.points = points.clone();
    this.mass = new double[n + 1];
    this.first = new double[n + 1];
    this.second = new double[n + 1];
    double weighted = 0;
    double total = 0;
    for (int i = 0; i < n; i++) {
      if (!(masses[i] >= 0) || (i > 0 && !(points[i] >= points[i - 1]))) {
        throw new IllegalArgumentException("point " + points[i] + " with mass " + masses[i]);
      }
      weighted += masses[i] * points[i];
      total += masses[i];
    }
    // Squares of distances from the mean lose less to rounding than squares of the points.
    this.origin = total > 0 ? weighted / total : 0;
    for (int i = 0; i < n; i++) {
      double x = points[i] - origin;
      mass[i + 1] = mass[i] + masses[i];
      first[i + 1] = first[i] + masses[i] * x;
      second[i + 1] = second[i] + masses[i] * x * x;
    }
  }

  /** How many points. */
  public int size() {
    return points.length;
  }

  /** A point. */
  public double point(int index) {
    return points[index];
  }

  /** The mass of the points from {@code from} to before {@code to}. */
  public double mass(int from, int to) {
    return mass[to] - mass[from];
  }

  /** The mean of a run, by mass; the middle of its ends where it has none. */
  public double mean(int from, int to) {
    double total = mass(from, to);
    return total > 0
        ? origin + (first[to] - first[from]) / total
        : (points[from] + points[to - 1]) / 2;
  }

  /** The squared distances of a run from its mean, by mass. */
  public double cost(int from, int to) {
    double total = mass[to] - mass[from];
    if (!(total > 0)) {
      return 0;
    }
    double sum = first[to] - first[from];
    return Math.max(0, second[to] - second[from] - sum * sum / total);
  }

  /** The first point that is greater than a value. */
  public int above(double value) {
    int low = 0;
    int high = points.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (points[middle] <= value) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
