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

  /** How many right-hand sides are solved side by side. */
  private static final int SIDES = 128;

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
      int f = start + k;
      Rows.add(row, transposed, k, -row[f], -row[f + 1], -row[f + 2], -row[f + 3], from, to);
    }
    for (; k < transposed.length; k++) {
      Rows.add(row, -row[start + k], transposed[k], from, to);
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
    ParallelLoop.run(
        (n + SIDES - 1) / SIDES,
        threads,
        band -> {
          // Columns of L^-1; A^-1 is the product of its transpose with it.
          int first = band * SIDES;
          int count = Math.min(SIDES, n - first);
          double[][] columns = new double[n][];
          for (int i = first; i < n; i++) {
            columns[i] = new double[count];
          }
          for (int c = 0; c < count; c++) {
            columns[first + c][c] = 1;
          }
          forward(columns, first);
          for (int i = first; i < n; i++) {
            for (int c = 0; c < count; c++) {
              diagonal[first + c] += columns[i][c] * columns[i][c];
            }
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
    double[][] units = new double[n][n];
    for (int i = 0; i < n; i++) {
      units[i][i] = 1;
    }
    double[][] inverse = solveAll(units, threads);
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

  /**
   * Solves {@code A x = b} for many b, several side by side, for which L is read once.
   *
   * @param b the right-hand sides, {@code [count][n]}, left as they are
   * @param threads how many to use; the result does not depend on it
   * @return x of each
   */
  public double[][] solveAll(double[][] b, int threads) {
    int n = lower.length;
    double[][] x = new double[b.length][n];
    ParallelLoop.run(
        (b.length + SIDES - 1) / SIDES,
        threads,
        band -> {
          int first = band * SIDES;
          int count = Math.min(SIDES, b.length - first);
          double[][] columns = new double[n][count];
          for (int c = 0; c < count; c++) {
            for (int i = 0; i < n; i++) {
              columns[i][c] = b[first + c][i];
            }
          }
          forward(columns, 0);
          backward(columns);
          for (int c = 0; c < count; c++) {
            for (int i = 0; i < n; i++) {
              x[first + c][i] = columns[i][c];
            }
          }
        });
    return x;
  }

  /**
   * {@code L^-1 x} in place, x side by side in the rows of columns.
   *
   * @param first the row before which all are zero, a multiple of the block
   */
  private void forward(double[][] columns, int first) {
    int n = lower.length;
    for (int start = first; start < n; start += BLOCK) {
      int end = Math.min(start + BLOCK, n);
      for (int k = first; k < start; k += 4) {
        for (int i = start; i < end; i++) {
          double[] l = lower[i];
          double[] to = columns[i];
          Rows.add(to, columns, k, -l[k], -l[k + 1], -l[k + 2], -l[k + 3], 0, to.length);
        }
      }
      for (int i = start; i < end; i++) {
        double[] l = lower[i];
        for (int k = start; k < i; k++) {
          Rows.add(columns[i], -l[k], columns[k], 0, columns[i].length);
        }
        divide(columns[i], l[i]);
      }
    }
  }

  /** {@code L^-T x} in place. */
  private void backward(double[][] columns) {
    int n = lower.length;
    for (int start = (n - 1) / BLOCK * BLOCK; start >= 0; start -= BLOCK) {
      int end = Math.min(start + BLOCK, n);
      int k = end;
      for (; k + 4 <= n; k += 4) {
        double[] a = lower[k];
        double[] b = lower[k + 1];
        double[] c = lower[k + 2];
        double[] d = lower[k + 3];
        for (int i = start; i < end; i++) {
          double[] to = columns[i];
          Rows.add(to, columns, k, -a[i], -b[i], -c[i], -d[i], 0, to.length);
        }
      }
      for (; k < n; k++) {
        for (int i = start; i < end; i++) {
          Rows.add(columns[i], -lower[k][i], columns[k], 0, columns[i].length);
        }
      }
      for (int i = end - 1; i >= start; i--) {
        for (int j = i + 1; j < end; j++) {
          Rows.add(columns[i], -lower[j][i], columns[j], 0, columns[i].length);
        }
        divide(columns[i], lower[i][i]);
      }
    }
  }

  private static void divide(double[] values, double by) {
    for (int i = 0; i < values.length; i++) {
      values[i] /= by;
    }
  }
}
