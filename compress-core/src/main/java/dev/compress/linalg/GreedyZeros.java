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
    int n = weights.length;
    double[][] h = new double[n][];
    int[] place = new int[n];
    for (int i = 0; i < n; i++) {
      h[i] = inverse[i].clone();
      place[i] = i;
    }
    double[] w = weights.clone();
    int[] order = new int[most];
    double[] losses = new double[most];
    double worst = 0;
    for (int step = 0, left = n; step < most; step++) {
      int p = 0;
      double least = Double.POSITIVE_INFINITY;
      for (int i = 0; i < left; i++) {
        double loss = w[i] * w[i] / h[i][i];
        if (loss < least) {
          least = loss;
          p = i;
        }
      }
      order[step] = place[p];
      worst = Math.max(worst, least); // a later one is never cheaper than what it waits for
      losses[step] = worst;
      double[] row = h[p];
      double pivot = row[p];
      double change = w[p] / pivot;
      left--;
      // The last one takes its place: what is left lies side by side.
      moveLast(h, w, place, p, left);
      double[] last = row.clone();
      last[p] = row[left];
      for (int i = 0; i < left; i++) {
        w[i] -= change * last[i];
        double factor = last[i] / pivot;
        double[] to = h[i];
        for (int j = 0; j < left; j++) {
          to[j] -= factor * last[j];
        }
      }
    }
    return new Trace(order, losses);
  }

  private static void moveLast(double[][] h, double[] w, int[] place, int p, int last) {
    double[] row = h[p];
    h[p] = h[last];
    h[last] = row;
    for (int i = 0; i < last; i++) {
      h[i][p] = h[i][last];
    }
    w[p] = w[last];
    place[p] = place[last];
  }
}
