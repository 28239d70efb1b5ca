package dev.compress.linalg;

import dev.compress.parallel.ParallelLoop;

/**
 * The Cholesky factorisation {@code A = L L^T} of a symmetric positive definite matrix, in plain
 * Java, blocked and on several threads. Every element is computed by one thread in a fixed order,
 * so the result does not depend on the number of threads. {@code n^3 / 3} multiplications and
 * additions.
 *
 * <p>Only the lower triangle is read and written. Rows are arrays of their own: the compiler makes
 * vector code of loops that index all their arrays alike, and of no others.
 */
public final class SymmetricSolver {
  private static final int BLOCK = 64;
  private static final int COLUMNS = 512;

  private final double[][] lower;

  private SymmetricSolver(double[][] lower) {
    this.lower = lower;
  }

  /**
   * Factorises a matrix in place.
   *
   * @param rows the matrix, handed over; row i needs its first i + 1 elements only
   * @param threads how many threads to use, at least 1
   * @throws ArithmeticException if the matrix is not positive definite
   */
  public static SymmetricSolver factorise(double[][] rows, int threads) {
    int n = rows.length;
    for (int start = 0; start < n; start += BLOCK) {
      int end = Math.min(start + BLOCK, n);
      factoriseDiagonal(rows, start, end);
      int first = start;
      ParallelLoop.run(
          (n - end + BLOCK - 1) / BLOCK,
          threads,
          band -> {
            int from = end + band * BLOCK;
            for (int i = from; i < Math.min(from + BLOCK, n); i++) {
              solveRow(rows, i, first, end);
            }
          });
      if (end < n) {
        updateTrailing(rows, start, end, threads);
      }
    }
    return new SymmetricSolver(rows);
  }

  private static void factoriseDiagonal(double[][] rows, int start, int end) {
    for (int i = start; i < end; i++) {
      solveRow(rows, i, start, i);
      double[] row = rows[i];
      double pivot = row[i];
      for (int k = start; k < i; k++) {
        pivot -= row[k] * row[k];
      }
      if (!(pivot > 0) || Double.isInfinite(pivot)) {
        throw new ArithmeticException("Not positive definite at row " + i + ": " + pivot);
      }
      row[i] = Math.sqrt(pivot);
    }
  }

  /** Columns {@code start..end} of row i of L, earlier columns having been subtracted. */
  private static void solveRow(double[][] rows, int i, int start, int end) {
    double[] row = rows[i];
    for (int j = start; j < end; j++) {
      double[] other = rows[j];
      double sum = row[j];
      for (int k = start; k < j; k++) {
        sum -= row[k] * other[k];
      }
      row[j] = sum / other[j];
    }
  }

  /** Subtracts the product of the new columns from all that is right of and below them. */
  private static void updateTrailing(double[][] rows, int start, int end, int threads) {
    int n = rows.length;
    double[][] transposed = new double[end - start][n];
    for (int i = end; i < n; i++) {
      for (int k = start; k < end; k++) {
        transposed[k - start][i] = rows[i][k];
      }
    }
    int bands = (n - end + BLOCK - 1) / BLOCK;
    ParallelLoop.run(
        bands,
        threads,
        band -> {
          // The last rows are the longest: begin with them, so that no thread is left waiting.
          int from = end + (bands - 1 - band) * BLOCK;
          int to = Math.min(from + BLOCK, n);
          for (int column = end; column < to; column += COLUMNS) {
            for (int i = from; i < to; i++) {
              updateRow(rows[i], transposed, start, column, Math.min(column + COLUMNS, i + 1));
            }
          }
        });
  }

  private static void updateRow(double[] row, double[][] transposed, int start, int from, int to) {
    int k = 0;
    for (; k + 4 <= transposed.length; k += 4) {
      subtract(row, transposed, k, start + k, from, to);
    }
    for (; k < transposed.length; k++) {
      double[] other = transposed[k];
      double factor = row[start + k];
      for (int j = from; j < to; j++) {
        row[j] -= factor * other[j];
      }
    }
  }

  private static void subtract(
      double[] row, double[][] transposed, int k, int factor, int from, int to) {
    double[] a = transposed[k];
    double[] b = transposed[k + 1];
    double[] c = transposed[k + 2];
    double[] d = transposed[k + 3];
    double fa = row[factor];
    double fb = row[factor + 1];
    double fc = row[factor + 2];
    double fd = row[factor + 3];
    for (int j = from; j < to; j++) {
      row[j] -= fa * a[j] + fb * b[j] + fc * c[j] + fd * d[j];
    }
  }

  /** The number of rows. */
  public int size() {
    return lower.length;
  }

  /**
   * The diagonal of {@code A^-1}: {@code n^3 / 6} multiplications and additions.
   *
   * @param threads how many to use; the result does not depend on it
   */
  public double[] inverseDiagonal(int threads) {
    int n = lower.length;
    double[] diagonal = new double[n];
    int bands = (n + BLOCK - 1) / BLOCK;
    ParallelLoop.run(
        bands,
        threads,
        band -> {
          double[] column = new double[n];
          for (int j = band * BLOCK; j < Math.min((band + 1) * BLOCK, n); j++) {
            // Column j of L^-1; A^-1 is the product of its transpose with it.
            column[j] = 1 / lower[j][j];
            double sum = column[j] * column[j];
            for (int i = j + 1; i < n; i++) {
              double[] row = lower[i];
              double carried = 0;
              for (int k = j; k < i; k++) {
                carried += row[k] * column[k];
              }
              column[i] = -carried / row[i];
              sum += column[i] * column[i];
            }
            diagonal[j] = sum;
          }
        });
    return diagonal;
  }

  /**
   * {@code A^-1}, both triangles: {@code n^3} multiplications and additions.
   *
   * @param threads how many to use; the result does not depend on it
   */
  public double[][] inverse(int threads) {
    int n = lower.length;
    double[][] inverse = new double[n][];
    ParallelLoop.run(
        n,
        threads,
        j -> {
          double[] unit = new double[n];
          unit[j] = 1;
          inverse[j] = solve(unit);
        });
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < i; j++) {
        double mean = (inverse[i][j] + inverse[j][i]) / 2;
        inverse[i][j] = mean;
        inverse[j][i] = mean;
      }
    }
    return inverse;
  }

  /** Row i of L; elements after the i-th are not part of it. Not a copy. */
  public double[] row(int i) {
    return lower[i];
  }

  /**
   * Solves {@code A x = b}.
   *
   * @param b the right-hand side, left as it is
   * @return x
   */
  public double[] solve(double[] b) {
    int n = lower.length;
    double[] x = b.clone();
    for (int i = 0; i < n; i++) {
      double sum = x[i];
      for (int k = 0; k < i; k++) {
        sum -= lower[i][k] * x[k];
      }
      x[i] = sum / lower[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
      double[] row = lower[i];
      x[i] /= row[i];
      double value = x[i];
      for (int k = 0; k < i; k++) {
        x[k] -= row[k] * value;
      }
    }
    return x;
  }
}
