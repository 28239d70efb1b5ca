package dev.compress.linalg;

import dev.compress.parallel.ParallelLoop;
import java.util.Objects;

/**
 * Accumulates {@code H = E[x x^T]} of the input rows x of a layer, in double: what decides how much
 * an error of the weights counts, {@code E[((w - wq) x)^2] = (w - wq) H (w - wq)^T}. Memory is
 * {@code 4 n^2} bytes whatever the number of rows (85 MB for n = 4608), and twice that for the
 * result. The result does not depend on how the rows are cut into calls, nor on the number of
 * threads. Not thread-safe.
 */
public final class GramMatrix {
  /** Rows that are buffered: each pass over the matrix then does so much work. */
  private static final int BATCH = 64;

  private static final int BAND = 32;

  private final double[][] sums;
  private final double[][] pending;
  private final int threads;
  private int filled;
  private long rows;

  /**
   * Nothing seen yet.
   *
   * @param size length of a row
   * @param threads how many threads to use, at least 1
   */
  public GramMatrix(int size, int threads) {
    this(size, size, threads);
  }

  /**
   * Nothing seen yet; the products of the last elements with one another are not wanted.
   *
   * @param size length of a row
   * @param whole of its elements the first so many are multiplied with all, the others with these
   *     only
   * @param threads how many threads to use, at least 1
   */
  public GramMatrix(int size, int whole, int threads) {
    if (size < 1 || whole < 1 || whole > size || threads < 1) {
      throw new IllegalArgumentException(
          "size " + size + ", whole " + whole + ", threads " + threads);
    }
    this.sums = new double[size][];
    for (int i = 0; i < size; i++) {
      sums[i] = new double[Math.min(i + 1, whole)];
    }
    this.pending = new double[BATCH][size];
    this.threads = threads;
  }

  /**
   * Takes in rows.
   *
   * @param values rows side by side, {@code [count, size]}; finite
   * @param from the first value
   * @param count how many rows
   */
  public void observe(float[] values, int from, int count) {
    int size = sums.length;
    Objects.checkFromIndexSize(from, Math.multiplyExact(count, size), values.length);
    for (int r = 0; r < count; r++) {
      double[] row = pending[filled];
      for (int i = 0; i < size; i++) {
        row[i] = values[from + r * size + i];
      }
      rows++;
      if (++filled == BATCH) {
        addPending();
      }
    }
  }

  private void addPending() {
    int size = sums.length;
    int bands = (size + BAND - 1) / BAND;
    ParallelLoop.run(
        bands,
        threads,
        band -> {
          int first = (bands - 1 - band) * BAND;
          for (int i = first; i < Math.min(first + BAND, size); i++) {
            for (int r = 0; r < BATCH; r += 4) {
              double[] sum = sums[i];
              Rows.add(
                  sum,
                  pending,
                  r,
                  pending[r][i],
                  pending[r + 1][i],
                  pending[r + 2][i],
                  pending[r + 3][i],
                  0,
                  sum.length);
            }
          }
        });
    filled = 0;
  }

  /** How many rows were seen. */
  public long rows() {
    return rows;
  }

  /** The length of a row. */
  public int size() {
    return sums.length;
  }

  /**
   * {@code E[x x^T]}, all of it (both triangles); zero before any row. Rows may be taken in
   * afterwards. Where not all products are wanted, the later rows are as long as the first part.
   */
  public double[][] mean() {
    int size = sums.length;
    int whole = sums[size - 1].length;
    double[][] mean = new double[size][];
    for (int i = 0; i < size; i++) {
      mean[i] = new double[i < whole ? size : whole];
      System.arraycopy(sums[i], 0, mean[i], 0, sums[i].length);
      for (int r = 0; r < filled; r++) {
        double factor = pending[r][i];
        for (int j = 0; j < sums[i].length; j++) {
          mean[i][j] += factor * pending[r][j];
        }
      }
    }
    for (int i = 0; i < size && rows > 0; i++) {
      for (int j = 0; j < sums[i].length; j++) {
        mean[i][j] /= rows;
        mean[j][i] = mean[i][j];
      }
    }
    return mean;
  }

  /**
   * The mean over the rows of two.
   *
   * @param one of the same sizes
   * @param oneMean its mean, overwritten by the result
   * @param other of the same sizes
   * @param otherMean its mean
   */
  public static double[][] mean(
      GramMatrix one, double[][] oneMean, GramMatrix other, double[][] otherMean) {
    double all = Math.max(1, one.rows + other.rows);
    for (int i = 0; i < oneMean.length; i++) {
      for (int j = 0; j < oneMean[i].length; j++) {
        oneMean[i][j] = (oneMean[i][j] * one.rows + otherMean[i][j] * other.rows) / all;
      }
    }
    return oneMean;
  }
}
