package dev.compress.linalg;

/**
 * Fits a layer's weights anew to what it should put out: {@code min E|y - W x - b|^2 + l |W -
 * W0|^2} by the normal equations {@code (Cov(x) + l I) D^T = Cov(x, y) - Cov(x) W0^T, W = W0 + D, b
 * = E[y] - W E[x]}. The penalty keeps the old weights where the samples say little.
 */
public final class LeastSquares {
  /** Share of the mean diagonal. */
  private static final double PENALTY = 1e-3;

  /** What choosing weights one after the other may take a layer. */
  private static final double GREEDY_STEPS = 6e10;

  /** The same where most weights are held: what little the samples say of one is then less. */
  private static final double SPARSE_PENALTY = 1e-2;

  private LeastSquares() {}

  /**
   * The weights and offsets.
   *
   * @param weights {@code [out][in]}
   * @param offsets one an output
   */
  @SuppressWarnings("ArrayRecordComponent") // made once and only read
  public record Fit(double[][] weights, double[] offsets) {}

  /**
   * Solves.
   *
   * @param moments {@code E[z z^T]} of {@code z = [x, 1, y]}; of y only the rows of x are read
   * @param inputs how many x
   * @param old weights to begin with, {@code [out][in]}
   * @param offset whether b may be anything; else it is zero
   * @param threads for the factorisation
   */
  public static Fit solve(
      double[][] moments, int inputs, double[][] old, boolean offset, int threads) {
    Centred centred = new Centred(moments, inputs, old.length, offset);
    double[][] covariance = centred.covariance();
    double[][] right = centred.right(covariance, old, threads);
    addToDiagonal(covariance, PENALTY);
    double[][] changes = SymmetricSolver.factorise(covariance, threads).solveAll(right, threads);
    double[][] weights = changed(old, changes, 1);
    return new Fit(weights, centred.offsets(weights));
  }

  /**
   * Solves with some weights held at zero: the minimum without that, {@code W0 + trust * D}, and
   * then the other weights changed to make up for those ({@link ErrorCompensation}), which is the
   * minimum with it where that could be computed exactly.
   *
   * @param moments {@code E[z z^T]} of {@code z = [x, 1, y]}; of y only the rows of x are read
   * @param old weights to begin with, before any was set to zero, {@code [out][in]}
   * @param kept whether a weight may be other than zero, {@code [out][in]}
   * @param offset whether b may be anything; else it is zero
   * @param choose whether which weights are zero may be chosen anew, as many as there are ({@link
   *     GreedyZeros}), where that is affordable
   * @param trust 1 to fit y; 0 for {@code W0 x} in its place, where y is known for too few x; the
   *     offset is for y in any case
   * @param threads how many to use; the result does not depend on it
   */
  public static SparseFit solveSparse(
      double[][] moments,
      double[][] old,
      boolean[][] kept,
      boolean choose,
      boolean offset,
      double trust,
      int threads) {
    int outputs = old.length;
    int inputs = old[0].length;
    Centred centred = new Centred(moments, inputs, outputs, offset);
    double[][] covariance = centred.covariance();
    double[][] right =
        trust > 0 ? centred.right(covariance, old, threads) : new double[outputs][inputs];
    addToDiagonal(covariance, SPARSE_PENALTY);
    double[][] dense = old;
    SymmetricSolver factor = null;
    if (trust > 0) {
      double[][] lower = new double[inputs][];
      for (int i = 0; i < inputs; i++) {
        lower[i] = java.util.Arrays.copyOf(covariance[i], i + 1);
      }
      dense =
          changed(old, SymmetricSolver.factorise(lower, threads).solveAll(right, threads), trust);
    }
    boolean[][] left = kept;
    if (choose && GreedyZeros.steps(outputs, inputs) <= GREEDY_STEPS) {
      left = GreedyZeros.keep(covariance, dense, zeros(kept), threads);
    }
    float[] whole = new float[outputs * inputs];
    float[] masked = new float[whole.length];
    for (int o = 0; o < outputs; o++) {
      for (int i = 0; i < inputs; i++) {
        whole[o * inputs + i] = (float) dense[o][i];
        // A weight that is kept may not pass for one that is not.
        float value = whole[o * inputs + i] == 0 ? Float.MIN_VALUE : whole[o * inputs + i];
        masked[o * inputs + i] = left[o][i] ? value : 0;
      }
    }
    ErrorCompensation.Result result =
        ErrorCompensation.undamped(covariance, factor, threads).compensate(whole, masked);
    double[][] weights = new double[outputs][inputs];
    for (int o = 0; o < outputs; o++) {
      for (int i = 0; i < inputs; i++) {
        weights[o][i] = result.weights()[o * inputs + i];
      }
    }
    return new SparseFit(new Fit(weights, centred.offsets(weights)), result);
  }

  private static long zeros(boolean[][] kept) {
    long zeros = 0;
    for (boolean[] row : kept) {
      for (boolean one : row) {
        zeros += one ? 0 : 1;
      }
    }
    return zeros;
  }

  /**
   * A fit with zeros.
   *
   * @param fit the weights and offsets
   * @param compensation what the zeros cost
   */
  public record SparseFit(Fit fit, ErrorCompensation.Result compensation) {}

  /**
   * How far a fit to y may be trusted: the part t of the change D to {@code W0 + t D} that is best
   * for the half of the samples that D has not seen, {@code t = E[(y - W0 x) . D x] / E|D x|^2},
   * each half in its turn, cut to 0 to 1. Near 1 where there are many x; 0 where D follows what is
   * particular to a few.
   *
   * @param halves the moments of each half, as for {@link #solveSparse}
   * @param old weights to begin with, {@code [out][in]}
   * @param offset whether b may be anything
   * @param threads for the factorisations
   */
  public static double trust(double[][][] halves, double[][] old, boolean offset, int threads) {
    int inputs = old[0].length;
    double along = 0;
    double energy = 0;
    for (int half = 0; half < 2; half++) {
      Centred seen = new Centred(halves[half], inputs, old.length, offset);
      Centred other = new Centred(halves[1 - half], inputs, old.length, offset);
      double[][] covariance = seen.covariance();
      double[][] right = seen.right(covariance, old, threads);
      addToDiagonal(covariance, SPARSE_PENALTY);
      double[][] changes = SymmetricSolver.factorise(covariance, threads).solveAll(right, threads);
      double[][] unseen = other.covariance();
      double[][] wanted = other.right(unseen, old, threads);
      double[][] moved = SymmetricProduct.of(changes, unseen, threads);
      for (double one : SymmetricProduct.dots(changes, moved)) {
        energy += one;
      }
      for (double one : SymmetricProduct.dots(changes, wanted)) {
        along += one;
      }
    }
    return energy > 0 ? Math.max(0, Math.min(1, along / energy)) : 0;
  }

  private static void addToDiagonal(double[][] covariance, double share) {
    double trace = 0;
    for (int i = 0; i < covariance.length; i++) {
      trace += covariance[i][i];
    }
    // Inputs that never change leave every choice open: then any positive number will do.
    double added = trace > 0 ? share * trace / covariance.length : 1;
    for (int i = 0; i < covariance.length; i++) {
      covariance[i][i] += added;
    }
  }

  private static double[][] changed(double[][] old, double[][] changes, double trust) {
    double[][] weights = new double[old.length][];
    for (int o = 0; o < old.length; o++) {
      weights[o] = old[o].clone();
      Rows.add(weights[o], trust, changes[o], 0, changes[o].length);
    }
    return weights;
  }

  /** The moments with the means taken off, where an offset makes up for them. */
  private static final class Centred {
    private final double[][] moments;
    private final double[] meanX;
    private final double[] meanY;

    Centred(double[][] moments, int inputs, int outputs, boolean offset) {
      this.moments = moments;
      this.meanX = new double[inputs];
      this.meanY = new double[outputs];
      for (int i = 0; i < inputs && offset; i++) {
        meanX[i] = moments[inputs][i];
      }
      for (int o = 0; o < outputs && offset; o++) {
        meanY[o] = moments[inputs][inputs + 1 + o];
      }
    }

    double[][] covariance() {
      int inputs = meanX.length;
      double[][] covariance = new double[inputs][inputs];
      for (int i = 0; i < inputs; i++) {
        for (int j = 0; j < inputs; j++) {
          covariance[i][j] = moments[i][j] - meanX[i] * meanX[j];
        }
      }
      return covariance;
    }

    /** {@code Cov(x, y) - Cov(x) W0^T}, transposed. */
    double[][] right(double[][] covariance, double[][] old, int threads) {
      int inputs = meanX.length;
      double[][] right = SymmetricProduct.of(old, covariance, threads);
      for (int i = 0; i < inputs; i++) {
        double[] moment = moments[i];
        for (int o = 0; o < meanY.length; o++) {
          right[o][i] = moment[inputs + 1 + o] - meanX[i] * meanY[o] - right[o][i];
        }
      }
      return right;
    }

    double[] offsets(double[][] weights) {
      double[] offsets = meanY.clone();
      for (int o = 0; o < offsets.length; o++) {
        for (int i = 0; i < meanX.length; i++) {
          offsets[o] -= weights[o][i] * meanX[i];
        }
      }
      return offsets;
    }
  }
}
