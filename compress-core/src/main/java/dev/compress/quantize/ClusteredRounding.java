package dev.compress.quantize;

import dev.compress.linalg.SymmetricSolver;
import dev.compress.parallel.ParallelLoop;
import java.util.Arrays;

/**
 * Chooses for each weight one of few codes so that the layer's <em>output</em> changes least: the
 * objective of {@link AdaptiveRounding}, {@code (w - wq) H (w - wq)^T}, where a code may be the
 * next lower or the next higher one of those that the weight's clusters left. Two starts, the
 * nearest codes and codes that are chosen one after the other, each making up for the errors of
 * those before; from either, codes are changed while that lowers the error. Never worse than the
 * nearest. Deterministic.
 */
public final class ClusteredRounding {
  private static final int MOST_SWEEPS = 20;

  /** Codes that are what they say. */
  private static final double[] PLAIN = new double[256];

  static {
    for (int i = 0; i < PLAIN.length; i++) {
      PLAIN[i] = i - 128;
    }
  }

  private final double[][] gram;
  private final int[] order;
  private final SymmetricSolver factor;
  private final int threads;

  /**
   * Prepares.
   *
   * @param gram H, both triangles; read only, not copied
   * @param damping share of the mean diagonal that is added for the sequential start
   * @param threads how many to use; the result does not depend on it
   */
  public ClusteredRounding(double[][] gram, double damping, int threads) {
    this.gram = gram;
    this.threads = threads;
    this.order = AdaptiveRounding.byEnergy(gram);
    this.factor = AdaptiveRounding.factorise(gram, order, damping, threads);
  }

  /**
   * Chooses.
   *
   * @param weights {@code [rows, length]}
   * @param scales one a row
   * @param nearest the codes of the clusters that the weights are in, {@code [rows, length]}
   * @param levels the codes that there are for each row, ascending
   * @param zeroIsMask whether zeros stay and nothing else becomes zero
   * @return codes of the same form
   */
  byte[] round(
      float[] weights, float[] scales, byte[] nearest, byte[][] levels, boolean zeroIsMask) {
    double[][] plain = new double[scales.length][];
    Arrays.fill(plain, PLAIN);
    return round(weights, scales, nearest, levels, plain, zeroIsMask);
  }

  /**
   * The same where codes stand for numbers.
   *
   * @param numbers what the codes of each row stand for, from -128 on, ascending; times its scale
   */
  public byte[] round(
      float[] weights,
      float[] scales,
      byte[] nearest,
      byte[][] levels,
      double[][] numbers,
      boolean zeroIsMask) {
    int n = gram.length;
    byte[] result = nearest.clone();
    ParallelLoop.run(
        scales.length,
        threads,
        r -> {
          Row row = new Row(weights, r * n, n, scales[r], nearest, numbers[r]);
          row.allow(levels[r], zeroIsMask);
          int[] plain = row.start.clone();
          int[] sequential = inSequence(row);
          double first = descend(row, plain);
          double second = descend(row, sequential);
          int[] better = second < first ? sequential : plain;
          for (int i = 0; i < n; i++) {
            result[r * n + i] = (byte) better[i];
          }
        });
    return result;
  }

  /** One row: what each weight is, and the two codes that it may take. */
  private static final class Row {
    private final double[] weights;
    private final double scale;
    private final double[] numbers;
    private final int[] start;
    private final int[] low;
    private final int[] high;

    Row(float[] all, int from, int n, float scale, byte[] nearest, double[] numbers) {
      this.numbers = numbers;
      this.weights = new double[n];
      this.scale = scale;
      this.start = new int[n];
      for (int i = 0; i < n; i++) {
        weights[i] = all[from + i];
        start[i] = nearest[from + i];
      }
      this.low = start.clone();
      this.high = start.clone();
    }

    /** A zero that is a mask, and what would become one, stay as they are. */
    void allow(byte[] levels, boolean zeroIsMask) {
      for (int i = 0; i < weights.length; i++) {
        if (zeroIsMask && number(start[i]) == 0) {
          continue;
        }
        double code = weights[i] / scale;
        int below = Integer.MIN_VALUE;
        int above = Integer.MAX_VALUE;
        for (byte level : levels) {
          if (zeroIsMask && number(level) == 0) {
            continue;
          }
          below = number(level) <= code ? Math.max(below, level) : below;
          above = number(level) > code ? Math.min(above, level) : above;
        }
        low[i] = below == Integer.MIN_VALUE ? start[i] : below;
        high[i] = above == Integer.MAX_VALUE ? start[i] : above;
      }
    }

    double error(int i, int code) {
      return weights[i] - scale * number(code);
    }

    private double number(int code) {
      return numbers[code + 128];
    }
  }

  private int[] inSequence(Row row) {
    int n = gram.length;
    int[] codes = new int[n];
    double[] carried = new double[n];
    for (int k = n - 1; k >= 0; k--) {
      int i = order[k];
      double[] l = factor.row(k);
      double wanted = -carried[k] / l[k];
      double down = row.error(i, row.low[i]);
      double up = row.error(i, row.high[i]);
      boolean takesUp = Math.abs(up - wanted) < Math.abs(down - wanted);
      codes[i] = takesUp ? row.high[i] : row.low[i];
      double error = takesUp ? up : down;
      for (int j = 0; j < k; j++) {
        carried[j] += error * l[j];
      }
    }
    return codes;
  }

  /** Changes codes while that lowers the error; returns it. */
  private double descend(Row row, int[] codes) {
    int n = gram.length;
    double[] errors = new double[n];
    for (int i = 0; i < n; i++) {
      errors[i] = row.error(i, codes[i]);
    }
    double[] slope = new double[n];
    for (int i = 0; i < n; i++) {
      double error = errors[i];
      double[] h = gram[i];
      for (int j = 0; j < n && error != 0; j++) {
        slope[j] += error * h[j];
      }
    }
    boolean changed = true;
    for (int sweep = 0; sweep < MOST_SWEEPS && changed; sweep++) {
      changed = false;
      for (int i = 0; i < n; i++) {
        int other = codes[i] == row.low[i] ? row.high[i] : row.low[i];
        double step = row.error(i, other) - errors[i];
        if (step != 0 && step * (2 * slope[i] + step * gram[i][i]) < 0) {
          codes[i] = other;
          errors[i] += step;
          for (int j = 0; j < n; j++) {
            slope[j] += step * gram[i][j];
          }
          changed = true;
        }
      }
    }
    double total = 0;
    for (int i = 0; i < n; i++) {
      total += errors[i] * slope[i];
    }
    return total;
  }
}
