package dev.compress.linalg;

/** Sums of rows. The compiler makes vector code of loops that index all their arrays alike. */
final class Rows {
  private Rows() {}

  /** {@code to += f x}, from one column to another. */
  static void add(double[] to, double f, double[] x, int from, int end) {
    for (int j = from; j < end; j++) {
      to[j] += f * x[j];
    }
  }

  /** {@code to += fa x[k] + fb x[k + 1] + fc x[k + 2] + fd x[k + 3]}. */
  static void add(
      double[] to,
      double[][] x,
      int k,
      double fa,
      double fb,
      double fc,
      double fd,
      int from,
      int end) {
    double[] a = x[k];
    double[] b = x[k + 1];
    double[] c = x[k + 2];
    double[] d = x[k + 3];
    for (int j = from; j < end; j++) {
      to[j] += fa * a[j] + fb * b[j] + fc * c[j] + fd * d[j];
    }
  }
}
