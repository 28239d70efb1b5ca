package dev.compress.quantize;

import dev.compress.linalg.SymmetricSolver;
import dev.compress.parallel.ParallelLoop;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Rounds the weights of a layer up or down so that the layer's <em>output</em> changes least, and
 * not each weight by itself: minimises {@code E[((w - wq) x)^2] = (w - wq) H (w - wq)^T} for every
 * row w, with {@code H = E[x x^T]} of the layer's input. Rounding errors then cancel each other
 * along the directions in which the inputs are large.
 *
 * <p>Two starts: the nearest codes, and codes that are chosen one after the other, each making up
 * for the errors of those before (with {@code H = L L^T} the error is {@code |L^T (w - wq)|^2},
 * which the codes minimise from the last to the first; inputs of large energy go first). From
 * either, single codes are moved by one step, always the one that lowers the error most, until none
 * does; for short rows also pairs of codes. The better end is kept. The result is deterministic and
 * never worse than nearest.
 *
 * <p>The objective is that of Nagel, Amjad, van Baalen, Louizos, Blankevoort: Up or Down? Adaptive
 * Rounding for Post-Training Quantization (ICML 2020); the sequential start is that of Frantar,
 * Ashkboos, Hoefler, Alistarh: GPTQ (ICLR 2023, arXiv 2210.17323), done from a factorisation of H
 * itself, without its inverse.
 */
public final class AdaptiveRounding {
  /** Rows that are treated together, so that a row of L or H is loaded once for all. */
  private static final int BATCH = 8;

  private final double[][] gram;
  private final int[] order;
  private final SymmetricSolver factor;
  private final boolean upOrDown;
  private final int threads;

  /**
   * Prepares the rounding of all rows that see the same inputs.
   *
   * @param gram H, both triangles ({@link dev.compress.linalg.GramMatrix#mean}); read only, not
   *     copied
   * @param damping share of the mean diagonal that is added to the diagonal for the sequential
   *     start, which makes up for too few samples; usually 0.01
   * @param upOrDown whether a code must be one of the two nearest to its weight; else any code is
   *     allowed, which fits the samples better, and others perhaps not
   * @param threads how many threads to use, at least 1; the result does not depend on it
   */
  public AdaptiveRounding(double[][] gram, double damping, boolean upOrDown, int threads) {
    if (!(damping > 0 && damping < 1e6) || threads < 1 || gram.length == 0) {
      throw new IllegalArgumentException("damping " + damping + ", threads " + threads);
    }
    this.gram = gram;
    this.upOrDown = upOrDown;
    this.threads = threads;
    this.order = byEnergy(gram);
    this.factor = factorise(gram, order, damping, threads);
  }

  /** Ascending diagonal; equal ones by index. */
  static int[] byEnergy(double[][] gram) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < gram.length; i++) {
      if (gram[i].length != gram.length || !Double.isFinite(gram[i][i])) {
        throw new IllegalArgumentException("Row " + i + " of the matrix is short or not finite");
      }
      order.add(i);
    }
    order.sort(Comparator.comparingDouble(i -> gram[i][i]));
    return order.stream().mapToInt(Integer::intValue).toArray();
  }

  static SymmetricSolver factorise(double[][] gram, int[] order, double damping, int threads) {
    int n = order.length;
    double trace = 0;
    for (int i = 0; i < n; i++) {
      trace += gram[i][i];
    }
    // Inputs that are always zero leave every choice open: then any positive damping will do.
    double added = trace > 0 ? damping * trace / n : 1;
    double[][] rows = new double[n][];
    for (int i = 0; i < n; i++) {
      rows[i] = new double[i + 1];
      for (int j = 0; j <= i; j++) {
        rows[i][j] = gram[order[i]][order[j]];
      }
      rows[i][i] += added;
    }
    return SymmetricSolver.factorise(rows, threads);
  }

  /**
   * The rounded rows.
   *
   * @param codes one byte a weight, {@code [rows, length]}
   * @param nearestError the error of the nearest codes, summed over the rows
   * @param error the error of these codes, at most as large
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, as large as the weight
  public record Result(byte[] codes, double nearestError, double error) {}

  /**
   * Rounds rows of weights.
   *
   * @param weights {@code [rows, length]}, the length being that of H
   * @param grid scales and codes of the rows
   */
  public Result round(float[] weights, RoundingGrid grid) {
    int n = gram.length;
    if (grid.length() != n || weights.length != grid.rows() * n) {
      throw new IllegalArgumentException(
          weights.length
              + " weights for "
              + grid.rows()
              + " rows of "
              + grid.length()
              + " and a matrix of "
              + n);
    }
    byte[] codes = new byte[weights.length];
    double[] nearest = new double[grid.rows()];
    double[] reached = new double[grid.rows()];
    int batches = (grid.rows() + BATCH - 1) / BATCH;
    ParallelLoop.run(
        batches,
        threads,
        batch -> {
          int first = batch * BATCH;
          int end = Math.min(first + BATCH, grid.rows());
          RoundedRow[] plain = new RoundedRow[end - first];
          RoundedRow[] sequential = new RoundedRow[end - first];
          for (int r = first; r < end; r++) {
            plain[r - first] = new RoundedRow(weights, r, grid, upOrDown);
            sequential[r - first] = new RoundedRow(weights, r, grid, upOrDown);
          }
          roundInSequence(sequential);
          addGradients(plain);
          addGradients(sequential);
          for (int r = first; r < end; r++) {
            RoundedRow a = plain[r - first];
            RoundedRow b = sequential[r - first];
            nearest[r] = a.error();
            a.descend(gram);
            b.descend(gram);
            RoundedRow better = b.error() < a.error() ? b : a;
            reached[r] = Math.min(better.error(), nearest[r]);
            better.writeCodes(codes, r * n);
          }
        });
    return new Result(codes, sum(nearest), sum(reached));
  }

  private void roundInSequence(RoundedRow[] rows) {
    int n = order.length;
    double[][] carried = new double[rows.length][n];
    for (int k = n - 1; k >= 0; k--) {
      double[] l = factor.row(k);
      for (int r = 0; r < rows.length; r++) {
        double error = rows[r].roundTowards(order[k], carried[r][k] / l[k]);
        if (error != 0) {
          double[] c = carried[r];
          for (int j = 0; j < k; j++) {
            c[j] += error * l[j];
          }
        }
      }
    }
  }

  private void addGradients(RoundedRow[] rows) {
    int n = gram.length;
    int k = 0;
    for (; k + 4 <= n; k += 4) {
      for (RoundedRow row : rows) {
        row.addGradient(gram, k);
      }
    }
    for (; k < n; k++) {
      for (RoundedRow row : rows) {
        row.addGradientOfOne(gram, k);
      }
    }
  }

  private static double sum(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum;
  }
}
