package dev.compress.prune.channels;

import dev.compress.quantize.SymmetricSolver;

/**
 * Fits a layer's weights anew to what it should put out: {@code min E|y - W x - b|^2 + l |W -
 * W0|^2} by the normal equations {@code (Cov(x) + l I) D^T = Cov(x, y) - Cov(x) W0^T, W = W0 + D, b
 * = E[y] - W E[x]}. The penalty keeps the old weights where the samples say little.
 */
final class LeastSquares {
  /** Share of the mean diagonal. */
  private static final double PENALTY = 1e-3;

  private LeastSquares() {}

  /**
   * The weights and offsets.
   *
   * @param weights {@code [out][in]}
   * @param offsets one an output
   */
  @SuppressWarnings("ArrayRecordComponent") // made once and only read
  record Fit(double[][] weights, double[] offsets) {}

  /**
   * Solves.
   *
   * @param moments {@code E[z z^T]} of {@code z = [x, 1, y]}
   * @param inputs how many x
   * @param old weights to begin with, {@code [out][in]}
   * @param offset whether b may be anything; else it is zero
   * @param threads for the factorisation
   */
  static Fit solve(double[][] moments, int inputs, double[][] old, boolean offset, int threads) {
    int outputs = old.length;
    double[] meanX = new double[inputs];
    double[] meanY = new double[outputs];
    for (int i = 0; i < inputs && offset; i++) {
      meanX[i] = moments[inputs][i];
    }
    for (int o = 0; o < outputs && offset; o++) {
      meanY[o] = moments[inputs][inputs + 1 + o];
    }
    double[][] covariance = new double[inputs][inputs];
    double trace = 0;
    for (int i = 0; i < inputs; i++) {
      for (int j = 0; j < inputs; j++) {
        covariance[i][j] = moments[i][j] - meanX[i] * meanX[j];
      }
      trace += covariance[i][i];
    }
    double[][] right = new double[outputs][inputs];
    for (int o = 0; o < outputs; o++) {
      for (int i = 0; i < inputs; i++) {
        double sum = moments[i][inputs + 1 + o] - meanX[i] * meanY[o];
        double[] row = covariance[i];
        for (int j = 0; j < inputs; j++) {
          sum -= row[j] * old[o][j];
        }
        right[o][i] = sum;
      }
    }
    double penalty = PENALTY * trace / inputs + 1e-12;
    for (int i = 0; i < inputs; i++) {
      covariance[i][i] += penalty;
    }
    SymmetricSolver solver = SymmetricSolver.factorise(covariance, threads);
    double[][] weights = new double[outputs][inputs];
    double[] offsets = new double[outputs];
    for (int o = 0; o < outputs; o++) {
      double[] change = solver.solve(right[o]);
      offsets[o] = meanY[o];
      for (int i = 0; i < inputs; i++) {
        weights[o][i] = old[o][i] + change[i];
        offsets[o] -= weights[o][i] * meanX[i];
      }
    }
    return new Fit(weights, offsets);
  }
}
