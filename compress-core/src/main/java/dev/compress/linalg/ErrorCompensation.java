package dev.compress.linalg;

import dev.compress.parallel.ParallelLoop;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Changes the weights that pruning has left so that a layer's outputs stay what they were:
 * minimises {@code E[((w - v) x)^2] = (w - v) H (w - v)^T} over the weights v with zeros where the
 * mask has them, for every row w, with {@code H = E[x x^T]} of the layer's input.
 *
 * <p>For rows where that is affordable the minimum is found exactly, by the normal equations of the
 * weights that are left, a Cholesky factorisation a row ({@code k^3 / 3} steps). For others the
 * errors are made up for one after the other (with {@code H = L L^T} the error is {@code |L^T (w -
 * v)|^2}; from the last input to the first, each weight that is left sets its component to zero),
 * which is what Optimal Brain Surgeon does for one row and SparseGPT for all with one factorisation
 * (Frantar and Alistarh, arXiv 2301.00774), here from H itself, without its inverse.
 *
 * <p>Deterministic, and never worse than the mask alone: a row where it would be keeps its weights.
 */
public final class ErrorCompensation {
  private static final double DAMPING = 0.01;

  /** Multiplications for the exact solution of one layer, in all. */
  private static final double EXACT_BUDGET = 6e9;

  private static final int BAND = 32; // rows
  private static final int BLOCK = 64;
  private static final int COLUMNS = 512;

  private final double[][] gram;
  private final double damping;
  private final int threads;
  private final double exactSteps;
  private @Nullable SymmetricSolver factor;

  /**
   * Prepares, for where there are many layers and a rough answer does.
   *
   * @param gram H, both triangles; read only, not copied
   * @param exactSteps multiplications that the exact solution of all rows may take, else they are
   *     solved one weight after the other
   * @param threads how many to use; the result does not depend on it
   */
  public static ErrorCompensation within(double[][] gram, double exactSteps, int threads) {
    return new ErrorCompensation(gram, dampingOf(gram), exactSteps, threads);
  }

  /**
   * Prepares.
   *
   * @param gram H, both triangles; read only, not copied
   * @param threads how many to use; the result does not depend on it
   */
  public ErrorCompensation(double[][] gram, int threads) {
    this(gram, dampingOf(gram), EXACT_BUDGET, threads);
  }

  /**
   * Prepares, without damping.
   *
   * @param gram H, positive definite, both triangles; read only, not copied
   * @param factor of H, where it is known already
   * @param threads how many to use; the result does not depend on it
   */
  static ErrorCompensation undamped(
      double[][] gram, @Nullable SymmetricSolver factor, int threads) {
    ErrorCompensation compensation = new ErrorCompensation(gram, 0, EXACT_BUDGET, threads);
    compensation.factor = factor;
    return compensation;
  }

  private ErrorCompensation(double[][] gram, double damping, double exactSteps, int threads) {
    this.gram = gram;
    this.damping = damping;
    this.exactSteps = exactSteps;
    this.threads = threads;
  }

  private static double dampingOf(double[][] gram) {
    double trace = 0;
    for (int i = 0; i < gram.length; i++) {
      trace += gram[i][i];
    }
    // Inputs that are always zero leave every choice open: then any positive damping will do.
    return trace > 0 ? DAMPING * trace / gram.length : 1;
  }

  /**
   * What came out.
   *
   * @param weights the rows, side by side, zero where they were
   * @param energy {@code sum of w H w^T}: what the outputs were
   * @param maskError the error of the mask alone
   * @param error the error now
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, as large as the weight
  public record Result(float[] weights, double energy, double maskError, double error) {}

  /**
   * Compensates.
   *
   * @param original the rows as they were, {@code [rows, length]}
   * @param pruned the same with zeros in place of some
   */
  public Result compensate(float[] original, float[] pruned) {
    int n = gram.length;
    int rows = rowsOf(original, pruned);
    double[][] w = rows(original, rows, n);
    double[][] mask = rows(pruned, rows, n);
    double[][] solved = solved(w, mask);
    double[] energies = errors(w, new double[rows][n]);
    double[] before = errors(w, mask);
    double[] after = errors(w, solved);
    float[] result = pruned.clone();
    double[] sums = new double[3];
    for (int r = 0; r < rows; r++) {
      boolean better = after[r] < before[r];
      for (int j = 0; j < n && better; j++) {
        result[r * n + j] = (float) solved[r][j];
      }
      sums[0] += energies[r];
      sums[1] += before[r];
      sums[2] += better ? after[r] : before[r];
    }
    return new Result(result, sums[0], sums[1], sums[2]);
  }

  /**
   * Compensates and does not look at what came out: that takes longer where rows are long.
   *
   * @param original the rows as they were, {@code [rows, length]}
   * @param pruned the same with zeros in place of some
   * @return the rows, zero where they were
   */
  public float[] weights(float[] original, float[] pruned) {
    int n = gram.length;
    int rows = rowsOf(original, pruned);
    double[][] solved = solved(rows(original, rows, n), rows(pruned, rows, n));
    float[] result = new float[pruned.length];
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < n; j++) {
        result[r * n + j] = (float) solved[r][j];
      }
    }
    return result;
  }

  /** The factorisation of H and what is added to its diagonal. */
  public SymmetricSolver factor() {
    if (factor == null) {
      factor = SymmetricSolver.factorise(damped(all(gram.length)), threads);
    }
    return factor;
  }

  private int rowsOf(float[] original, float[] pruned) {
    int n = gram.length;
    int rows = original.length / n;
    if (original.length != pruned.length || rows * n != original.length) {
      throw new IllegalArgumentException(
          original.length + " and " + pruned.length + " weights in rows of " + n);
    }
    return rows;
  }

  /** As floats are, since they are stored so. */
  private double[][] solved(double[][] w, double[][] mask) {
    int rows = w.length;
    double steps = 0;
    for (double[] row : mask) {
      double kept = Arrays.stream(row).filter(v -> v != 0).count();
      steps += kept * kept * kept / 3;
    }
    double[][] solved = new double[rows][];
    if (steps <= exactSteps) {
      ParallelLoop.run(rows, threads, r -> solved[r] = solved(w[r], mask[r]));
    } else {
      SymmetricSolver whole = factor();
      ParallelLoop.run(
          (rows + BAND - 1) / BAND,
          threads,
          band -> {
            int from = band * BAND;
            sequential(w, mask, solved, from, Math.min(from + BAND, rows), whole);
          });
    }
    for (double[] row : solved) {
      for (int j = 0; j < row.length; j++) {
        row[j] = (float) row[j];
      }
    }
    return solved;
  }

  private static int[] all(int n) {
    int[] all = new int[n];
    for (int i = 0; i < n; i++) {
      all[i] = i;
    }
    return all;
  }

  private static double[][] rows(float[] values, int rows, int n) {
    double[][] wide = new double[rows][n];
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < n; j++) {
        wide[r][j] = values[r * n + j];
      }
    }
    return wide;
  }

  private double[][] damped(int[] of) {
    double[][] rows = new double[of.length][];
    for (int i = 0; i < of.length; i++) {
      rows[i] = new double[i + 1];
      for (int j = 0; j <= i; j++) {
        rows[i][j] = gram[of[i]][of[j]];
      }
      rows[i][i] += damping;
    }
    return rows;
  }

  /** The minimum: {@code v_K = w_K + H_KK^-1 H_KP w_P}, K what is left, P what is not. */
  private double[] solved(double[] w, double[] mask) {
    int n = w.length;
    int[] kept = new int[n];
    int k = 0;
    for (int j = 0; j < n; j++) {
      if (mask[j] != 0) {
        kept[k++] = j;
      }
    }
    if (k == 0 || k == n) {
      return mask;
    }
    int[] left = Arrays.copyOf(kept, k);
    double[] right = new double[k];
    for (int i = 0; i < k; i++) {
      double[] h = gram[left[i]];
      double sum = 0;
      for (int j = 0; j < n; j++) {
        sum += h[j] * (w[j] - mask[j]);
      }
      right[i] = sum;
    }
    double[] change = SymmetricSolver.factorise(damped(left), 1).solve(right);
    double[] v = mask.clone();
    for (int i = 0; i < k; i++) {
      v[left[i]] += change[i];
    }
    return v;
  }

  /** Some rows together: blocks of the factor are read once for all of them. */
  private static void sequential(
      double[][] w, double[][] mask, double[][] v, int from, int to, SymmetricSolver factor) {
    int n = factor.size();
    double[][] carried = new double[to - from][n];
    double[][] errors = new double[to - from][n];
    double[][] lower = new double[n][];
    for (int k = 0; k < n; k++) {
      lower[k] = factor.row(k);
    }
    for (int start = (n - 1) / BLOCK * BLOCK; start >= 0; start -= BLOCK) {
      int end = Math.min(start + BLOCK, n);
      for (int r = from; r < to; r++) {
        double[] sums = carried[r - from];
        for (int k = end - 1; k >= start; k--) {
          double error = mask[r][k] == 0 ? w[r][k] : -sums[k] / lower[k][k];
          errors[r - from][k] = error;
          Rows.add(sums, error, lower[k], start, k);
        }
      }
      for (int column = 0; column < start; column += COLUMNS) {
        int last = Math.min(column + COLUMNS, start);
        int k = start;
        for (; k + 4 <= end; k += 4) {
          for (int r = 0; r < carried.length; r++) {
            double[] e = errors[r];
            Rows.add(carried[r], lower, k, e[k], e[k + 1], e[k + 2], e[k + 3], column, last);
          }
        }
        for (; k < end; k++) {
          for (int r = 0; r < carried.length; r++) {
            Rows.add(carried[r], errors[r][k], lower[k], column, last);
          }
        }
      }
    }
    for (int r = from; r < to; r++) {
      v[r] = new double[n];
      for (int k = 0; k < n; k++) {
        v[r][k] = mask[r][k] == 0 ? 0 : w[r][k] - errors[r - from][k];
      }
    }
  }

  /** {@code (w - v) H (w - v)^T} of each row. */
  private double[] errors(double[][] w, double[][] v) {
    double[][] off = new double[w.length][w.length == 0 ? 0 : w[0].length];
    for (int r = 0; r < w.length; r++) {
      for (int j = 0; j < off[r].length; j++) {
        off[r][j] = w[r][j] - v[r][j];
      }
    }
    return SymmetricProduct.dots(off, SymmetricProduct.of(off, gram, threads));
  }
}
