package dev.compress.linalg;

/**
 * Eigenvalues and eigenvectors of a symmetric matrix, {@code A = V diag(l) V^T}: Householder's
 * reduction to three diagonals and the implicit QL algorithm (Bowdler, Martin, Reinsch and
 * Wilkinson, Handbook for Automatic Computation II/2 and II/3). About {@code 9 n^3} steps.
 */
public final class SymmetricEigen {
  private static final int MOST_SWEEPS = 60;

  private final double[] values;
  private final double[][] vectors;
  private final double[] off;

  /**
   * Decomposes.
   *
   * @param matrix both triangles; read only
   * @throws ArithmeticException if an element is not finite
   */
  public SymmetricEigen(double[][] matrix) {
    int n = matrix.length;
    this.vectors = new double[n][];
    for (int i = 0; i < n; i++) {
      vectors[i] = matrix[i].clone();
    }
    this.values = new double[n];
    this.off = new double[n];
    reduce();
    iterate();
    sort();
  }

  /** Descending. */
  public double[] values() {
    return values.clone();
  }

  /**
   * One eigenvector, of length 1.
   *
   * @param k the index of its value
   */
  public double[] vector(int k) {
    double[] vector = new double[values.length];
    for (int i = 0; i < vector.length; i++) {
      vector[i] = vectors[i][k];
    }
    return vector;
  }

  private void reduce() {
    int n = values.length;
    for (int i = n - 1; i > 0; i--) {
      double scale = 0;
      for (int k = 0; k < i; k++) {
        scale += Math.abs(vectors[i][k]);
      }
      if (i == 1 || scale == 0) {
        off[i] = vectors[i][i - 1];
        values[i] = 0;
        continue;
      }
      double h = 0;
      double[] u = vectors[i];
      for (int k = 0; k < i; k++) {
        u[k] /= scale;
        h += u[k] * u[k];
      }
      double g = u[i - 1] >= 0 ? -Math.sqrt(h) : Math.sqrt(h);
      off[i] = scale * g;
      h -= u[i - 1] * g;
      u[i - 1] -= g;
      reflect(i, h);
      values[i] = h;
    }
    accumulate();
  }

  private void reflect(int i, double h) {
    double[] u = vectors[i];
    double[] p = new double[i];
    for (int j = 0; j < i; j++) {
      double[] row = vectors[j];
      double sum = 0;
      for (int k = 0; k <= j; k++) {
        sum += row[k] * u[k];
        if (k < j) {
          p[k] += row[k] * u[j];
        }
      }
      p[j] += sum;
    }
    double f = 0;
    for (int j = 0; j < i; j++) {
      p[j] /= h;
      f += p[j] * u[j];
    }
    double half = f / (2 * h);
    for (int j = 0; j < i; j++) {
      p[j] -= half * u[j];
    }
    for (int j = 0; j < i; j++) {
      double[] row = vectors[j];
      for (int k = 0; k <= j; k++) {
        row[k] -= u[j] * p[k] + p[j] * u[k];
      }
      vectors[j][i] = u[j] / h;
    }
  }

  private void accumulate() {
    int n = values.length;
    off[0] = 0;
    double[] sums = new double[n];
    for (int i = 0; i < n; i++) {
      if (i > 0 && values[i] != 0) {
        double[] u = vectors[i];
        java.util.Arrays.fill(sums, 0, i, 0);
        for (int k = 0; k < i; k++) {
          double[] row = vectors[k];
          double factor = u[k];
          for (int j = 0; j < i; j++) {
            sums[j] += factor * row[j];
          }
        }
        for (int k = 0; k < i; k++) {
          double[] row = vectors[k];
          double factor = row[i];
          for (int j = 0; j < i; j++) {
            row[j] -= sums[j] * factor;
          }
        }
      }
      values[i] = vectors[i][i];
      vectors[i][i] = 1;
      for (int j = 0; j < i; j++) {
        vectors[i][j] = 0;
        vectors[j][i] = 0;
      }
    }
  }

  private void iterate() {
    int n = values.length;
    System.arraycopy(off, 1, off, 0, Math.max(0, n - 1));
    if (n > 0) {
      off[n - 1] = 0;
    }
    double floor = Math.ulp(1.0) * norm();
    for (int l = 0; l < n; l++) {
      int sweeps = 0;
      int m = small(l, floor);
      while (m != l) {
        if (sweeps++ == MOST_SWEEPS) {
          throw new ArithmeticException("No eigenvalues of a matrix of " + n + " rows were found");
        }
        chase(l, m);
        m = small(l, floor);
      }
    }
  }

  /** Against neighbours alone, rounding errors among eigenvalues of zero would never be small. */
  private int small(int from, double floor) {
    int m = from;
    while (m < values.length - 1 && Math.abs(off[m]) > floor) {
      m++;
    }
    return m;
  }

  private double norm() {
    double norm = 0;
    for (int i = 0; i < values.length; i++) {
      norm = Math.max(norm, Math.abs(values[i]) + Math.abs(off[i]));
    }
    return norm;
  }

  private void chase(int l, int m) {
    double g = (values[l + 1] - values[l]) / (2 * off[l]);
    double r = Math.hypot(g, 1);
    g = values[m] - values[l] + off[l] / (g + Math.copySign(r, g));
    double s = 1;
    double c = 1;
    double p = 0;
    for (int i = m - 1; i >= l; i--) {
      double f = s * off[i];
      double b = c * off[i];
      r = Math.hypot(f, g);
      off[i + 1] = r;
      if (r == 0) {
        values[i + 1] -= p;
        off[m] = 0;
        return;
      }
      s = f / r;
      c = g / r;
      g = values[i + 1] - p;
      r = (values[i] - g) * s + 2 * c * b;
      p = s * r;
      values[i + 1] = g + p;
      g = c * r - b;
      for (double[] row : vectors) {
        double other = row[i + 1];
        row[i + 1] = s * row[i] + c * other;
        row[i] = c * row[i] - s * other;
      }
    }
    values[l] -= p;
    off[l] = g;
    off[m] = 0;
  }

  private void sort() {
    int n = values.length;
    for (int i = 0; i < n; i++) {
      if (!Double.isFinite(values[i])) {
        throw new ArithmeticException("A matrix of " + n + " rows is not finite");
      }
      int largest = i;
      for (int j = i + 1; j < n; j++) {
        largest = values[j] > values[largest] ? j : largest;
      }
      if (largest != i) {
        double value = values[i];
        values[i] = values[largest];
        values[largest] = value;
        for (double[] row : vectors) {
          double swap = row[i];
          row[i] = row[largest];
          row[largest] = swap;
        }
      }
    }
  }
}
