package dev.compress.linalg;

import java.util.Arrays;

/**
 * A matrix as the product of two thin ones, {@code W ~ B A}, the best of its rank: {@code min E|(W
 * - B A) x|^2} for inputs with {@code E[x x^T] = H} (truncated singular values of {@code W L},
 * {@code H = L L^T}; of W itself where H is the identity; Eckart and Young, 1936).
 *
 * @param first A, {@code [rank][in]}
 * @param second B, {@code [out][rank]}
 * @param energy the share of the squared singular values that is kept
 */
@SuppressWarnings("ArrayRecordComponent") // made once and only read
public record LowRankFactors(double[][] first, double[][] second, double energy) {
  private static final double DAMPING = 1e-6;

  /** The rank. */
  public int rank() {
    return first.length;
  }

  /**
   * Factorises.
   *
   * @param weight W, {@code [out][in]}
   * @param gram H, both triangles, or an empty array for the identity
   * @param energy the share of the squared singular values to keep at least, over 0 to 1
   * @param threads how many to use; the result does not depend on it
   */
  public static LowRankFactors of(double[][] weight, double[][] gram, double energy, int threads) {
    int out = weight.length;
    int in = weight[0].length;
    double[][] lower = lower(gram, in, threads);
    double[][] product = timesLower(weight, lower);
    if (out <= in) {
      SymmetricEigen eigen = new SymmetricEigen(outer(product));
      int rank = rank(eigen.values(), energy);
      double[][] second = new double[out][rank];
      double[][] first = new double[rank][in];
      for (int k = 0; k < rank; k++) {
        double[] v = eigen.vector(k);
        for (int o = 0; o < out; o++) {
          second[o][k] = v[o];
          for (int i = 0; i < in; i++) {
            first[k][i] += v[o] * weight[o][i];
          }
        }
      }
      return new LowRankFactors(first, second, kept(eigen.values(), rank));
    }
    SymmetricEigen eigen = new SymmetricEigen(outer(transposed(product)));
    int rank = rank(eigen.values(), energy);
    double[][] second = new double[out][rank];
    double[][] first = new double[rank][];
    for (int k = 0; k < rank; k++) {
      double[] u = eigen.vector(k);
      for (int o = 0; o < out; o++) {
        for (int i = 0; i < in; i++) {
          second[o][k] += product[o][i] * u[i];
        }
      }
      first[k] = lower.length == 0 ? u : solvedTransposed(lower, u);
    }
    return new LowRankFactors(first, second, kept(eigen.values(), rank));
  }

  private static double[][] lower(double[][] gram, int in, int threads) {
    if (gram.length == 0) {
      return gram;
    }
    double trace = 0;
    for (int i = 0; i < in; i++) {
      trace += gram[i][i];
    }
    double added = trace > 0 ? DAMPING * trace / in : 1;
    double[][] rows = new double[in][];
    for (int i = 0; i < in; i++) {
      rows[i] = Arrays.copyOf(gram[i], i + 1);
      rows[i][i] += added;
    }
    SymmetricSolver.factorise(rows, threads);
    return rows;
  }

  private static double[][] timesLower(double[][] weight, double[][] lower) {
    if (lower.length == 0) {
      return weight;
    }
    double[][] product = new double[weight.length][lower.length];
    for (int o = 0; o < weight.length; o++) {
      double[] to = product[o];
      for (int k = 0; k < lower.length; k++) {
        double factor = weight[o][k];
        double[] row = lower[k];
        for (int j = 0; j < row.length; j++) {
          to[j] += factor * row[j];
        }
      }
    }
    return product;
  }

  /** {@code x L = u^T}, x the result. */
  private static double[] solvedTransposed(double[][] lower, double[] u) {
    double[] x = u.clone();
    for (int i = x.length - 1; i >= 0; i--) {
      double[] row = lower[i];
      x[i] /= row[i];
      for (int j = 0; j < i; j++) {
        x[j] -= x[i] * row[j];
      }
    }
    return x;
  }

  private static double[][] transposed(double[][] matrix) {
    double[][] transposed = new double[matrix[0].length][matrix.length];
    for (int i = 0; i < matrix.length; i++) {
      for (int j = 0; j < matrix[i].length; j++) {
        transposed[j][i] = matrix[i][j];
      }
    }
    return transposed;
  }

  private static double[][] outer(double[][] rows) {
    double[][] outer = new double[rows.length][rows.length];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j <= i; j++) {
        double sum = 0;
        for (int k = 0; k < rows[i].length; k++) {
          sum += rows[i][k] * rows[j][k];
        }
        outer[i][j] = sum;
        outer[j][i] = sum;
      }
    }
    return outer;
  }

  private static int rank(double[] values, double energy) {
    double all = 0;
    for (double value : values) {
      all += Math.max(0, value);
    }
    double sum = 0;
    for (int k = 0; k < values.length; k++) {
      sum += Math.max(0, values[k]);
      if (sum >= energy * all) {
        return k + 1;
      }
    }
    return values.length;
  }

  private static double kept(double[] values, int rank) {
    double all = 0;
    double kept = 0;
    for (int k = 0; k < values.length; k++) {
      all += Math.max(0, values[k]);
      kept += k < rank ? Math.max(0, values[k]) : 0;
    }
    return all > 0 ? kept / all : 1;
  }
}
