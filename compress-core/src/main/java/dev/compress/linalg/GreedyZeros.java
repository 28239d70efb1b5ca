package dev.compress.linalg;

import dev.compress.parallel.ParallelLoop;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Chooses which weights of a layer to set to zero, one after the other: always that whose loss is
 * least once all others of its row have made up for it, {@code w_p^2 / (H^-1)_pp}, with w and
 * {@code H^-1} brought up to date after each (Optimal Brain Surgeon, exactly, as in Optimal Brain
 * Compression, Frantar and Alistarh, arXiv 2208.11580). Rows compete by the losses of their next
 * weights. {@code k^3 / 3} steps a row of k weights, less where not all go.
 */
public final class GreedyZeros {
  private GreedyZeros() {}

  /** The order in which a row gives its weights, with what each costs. */
  @SuppressWarnings("ArrayRecordComponent") // made once and only read
  private record Trace(int[] order, double[] losses) {}

  /** The multiplications that it takes. */
  public static double steps(int rows, int length) {
    return (double) rows * length * length * length / 3;
  }

  /**
   * Chooses.
   *
   * @param gram H, positive definite, both triangles; read only
   * @param weights the rows, {@code [rows][length]}
   * @param zeros how many to choose
   * @param threads how many to use; the result does not depend on it
   * @return whether each weight is kept
   */
  public static boolean[][] keep(double[][] gram, double[][] weights, long zeros, int threads) {
    int n = gram.length;
    int rows = weights.length;
    boolean[][] kept = new boolean[rows][n];
    for (boolean[] row : kept) {
      Arrays.fill(row, true);
    }
    double[][] lower = new double[n][];
    for (int i = 0; i < n; i++) {
      lower[i] = Arrays.copyOf(gram[i], i + 1);
    }
    double[][] inverse = SymmetricSolver.factorise(lower, threads).inverse(threads);
    // A row may give more than its part, within bounds.
    double share = Math.min(1, (double) zeros / ((double) rows * n));
    int most = (int) Math.min(n, Math.ceil(n * (1 - (1 - share) / 3)) + 1);
    Trace[] traces = new Trace[rows];
    ParallelLoop.run(rows, threads, r -> traces[r] = trace(inverse, weights[r], most));
    int[] next = new int[rows];
    java.util.PriorityQueue<Integer> rowsByLoss =
        new java.util.PriorityQueue<>(
            Comparator.<Integer>comparingDouble(r -> traces[r].losses()[next[r]])
                .thenComparing(r -> r));
    IntStream.range(0, rows).forEach(rowsByLoss::add);
    for (long chosen = 0; chosen < zeros && !rowsByLoss.isEmpty(); chosen++) {
      int r = rowsByLoss.remove();
      kept[r][traces[r].order()[next[r]]] = false;
      if (++next[r] < most) {
        rowsByLoss.add(r);
      }
    }
    return kept;
  }

  private static Trace trace(double[][] inverse, double[] weights, int most) {
    Row row = new Row(inverse, weights);
    int[] order = new int[most];
    double[] losses = new double[most];
    double worst = 0;
    for (int step = 0; step < most; step++) {
      int p = row.cheapest();
      worst = Math.max(worst, row.loss(p)); // a later one is never cheaper than what it waits for
      losses[step] = worst;
      order[step] = row.remove(p);
    }
    return new Trace(order, losses);
  }

  /**
   * The weights of a row that are left, side by side, and {@code H^-1} of them: its diagonal as it
   * is, the triangle below as it was some removals ago. These are subtracted together, for which
   * the triangle is read once.
   */
  private static final class Row {
    private static final int PENDING = 16;

    private final double[][] lower;
    private final double[] diagonal;
    private final double[] w;
    private final int[] place;
    private final double[][] pending = new double[PENDING][];
    private int waiting;
    private int left;

    Row(double[][] inverse, double[] weights) {
      left = weights.length;
      w = weights.clone();
      lower = new double[left][];
      diagonal = new double[left];
      place = new int[left];
      for (int i = 0; i < left; i++) {
        lower[i] = Arrays.copyOf(inverse[i], i);
        diagonal[i] = inverse[i][i];
        place[i] = i;
      }
    }

    double loss(int i) {
      return w[i] * w[i] / diagonal[i];
    }

    int cheapest() {
      int p = 0;
      double least = Double.POSITIVE_INFINITY;
      for (int i = 0; i < left; i++) {
        if (loss(i) < least) {
          least = loss(i);
          p = i;
        }
      }
      return p;
    }

    /**
     * Sets a weight to zero and lets the others make up for it.
     *
     * @return where it was at the beginning
     */
    int remove(int p) {
      double[] column = column(p);
      double root = Math.sqrt(diagonal[p]);
      double change = w[p] / diagonal[p];
      int was = place[p];
      left--;
      column[p] = column[left];
      moveLastTo(p);
      for (int i = 0; i < left; i++) {
        w[i] -= change * column[i];
        column[i] /= root;
        diagonal[i] -= column[i] * column[i];
      }
      pending[waiting++] = column;
      if (waiting == PENDING) {
        subtractPending();
      }
      return was;
    }

    private double[] column(int p) {
      double[] column = Arrays.copyOf(lower[p], left);
      for (int i = p + 1; i < left; i++) {
        column[i] = lower[i][p];
      }
      for (int k = 0; k < waiting; k++) {
        Rows.add(column, -pending[k][p], pending[k], 0, left);
      }
      return column;
    }

    private void moveLastTo(int p) {
      double[] last = lower[left];
      System.arraycopy(last, 0, lower[p], 0, p);
      for (int i = p + 1; i < left; i++) {
        lower[i][p] = last[i];
      }
      for (int k = 0; k < waiting; k++) {
        pending[k][p] = pending[k][left];
      }
      w[p] = w[left];
      diagonal[p] = diagonal[left];
      place[p] = place[left];
    }

    private void subtractPending() {
      for (int i = 1; i < left; i++) {
        for (int k = 0; k < PENDING; k += 4) {
          Rows.add(
              lower[i],
              pending,
              k,
              -pending[k][i],
              -pending[k + 1][i],
              -pending[k + 2][i],
              -pending[k + 3][i],
              0,
              i);
        }
      }
      waiting = 0;
    }
  }
}
