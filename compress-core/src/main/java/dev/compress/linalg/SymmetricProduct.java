package dev.compress.linalg;

import dev.compress.parallel.ParallelLoop;

/**
 * Products of rows with one symmetric matrix, so blocked that the matrix is read once for many rows
 * and the compiler makes vector code. Every element is computed in a fixed order.
 */
final class SymmetricProduct {
  private static final int ROWS = 32;
  private static final int COLUMNS = 512;

  private SymmetricProduct() {}

  /**
   * {@code rows A}.
   *
   * @param rows {@code [count][n]}
   * @param matrix A, {@code [n][n]} or wider, both triangles
   * @param threads how many to use; the result does not depend on it
   * @return {@code [count][n]}
   */
  static double[][] of(double[][] rows, double[][] matrix, int threads) {
    int n = rows.length == 0 ? 0 : rows[0].length;
    double[][] products = new double[rows.length][n];
    ParallelLoop.run(
        (rows.length + ROWS - 1) / ROWS,
        threads,
        band -> {
          int from = band * ROWS;
          int to = Math.min(from + ROWS, rows.length);
          for (int column = 0; column < n; column += COLUMNS) {
            int end = Math.min(column + COLUMNS, n);
            for (int k = 0; k < n; k += 4) {
              for (int r = from; r < to; r++) {
                add(products[r], rows[r], matrix, k, column, end);
              }
            }
          }
        });
    return products;
  }

  /** Adds four rows of the matrix, or as many as there are. */
  private static void add(
      double[] sum, double[] factors, double[][] matrix, int k, int from, int to) {
    if (k + 4 > factors.length) {
      for (int i = k; i < factors.length; i++) {
        Rows.add(sum, factors[i], matrix[i], from, to);
      }
      return;
    }
    Rows.add(sum, matrix, k, factors[k], factors[k + 1], factors[k + 2], factors[k + 3], from, to);
  }

  /** {@code v . p} of each row with its product. */
  static double[] dots(double[][] rows, double[][] products) {
    double[] dots = new double[rows.length];
    for (int r = 0; r < rows.length; r++) {
      for (int i = 0; i < rows[r].length; i++) {
        dots[r] += rows[r][i] * products[r][i];
      }
    }
    return dots;
  }
}
