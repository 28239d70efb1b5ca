package dev.compress.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Fits with zeros against dense solutions by elimination, and choices against all of them. */
class LeastSquaresTest {
  private static final int INPUTS = 9;
  private static final int OUTPUTS = 3;

  /** Rows of {@code [x, 1, y]}, y a linear map of x with an offset and noise. */
  private static float[][] rows(Random random, int count, double noise) {
    double[][] mix = new double[INPUTS][INPUTS];
    double[][] map = new double[OUTPUTS][INPUTS];
    for (double[] row : mix) {
      Arrays.setAll(row, i -> random.nextGaussian());
    }
    for (double[] row : map) {
      Arrays.setAll(row, i -> random.nextGaussian());
    }
    float[][] rows = new float[count][INPUTS + 1 + OUTPUTS];
    for (float[] row : rows) {
      double[] source = random.doubles(INPUTS, -1, 2).toArray();
      for (int i = 0; i < INPUTS; i++) {
        for (int j = 0; j < INPUTS; j++) {
          row[i] += (float) (mix[i][j] * source[j]);
        }
      }
      row[INPUTS] = 1;
      for (int o = 0; o < OUTPUTS; o++) {
        double sum = 3 + o + noise * random.nextGaussian();
        for (int i = 0; i < INPUTS; i++) {
          sum += map[o][i] * row[i];
        }
        row[INPUTS + 1 + o] = (float) sum;
      }
    }
    return rows;
  }

  private static double[][] moments(float[][] rows, int from, int step) {
    GramMatrix gram = new GramMatrix(INPUTS + 1 + OUTPUTS, INPUTS + 1, 2);
    for (int r = from; r < rows.length; r += step) {
      gram.observe(rows[r], 0, 1);
    }
    return gram.mean();
  }

  private static double loss(float[][] rows, double[] w, double b, int output) {
    double loss = 0;
    for (float[] row : rows) {
      double off = row[INPUTS + 1 + output] - b;
      for (int i = 0; i < INPUTS; i++) {
        off -= w[i] * row[i];
      }
      loss += off * off / rows.length;
    }
    return loss;
  }

  /** {@code A x = b} by elimination. */
  private static double[] eliminate(double[][] matrix, double[] right) {
    int n = right.length;
    double[][] a = new double[n][];
    for (int i = 0; i < n; i++) {
      a[i] = Arrays.copyOf(matrix[i], n + 1);
      a[i][n] = right[i];
    }
    for (int c = 0; c < n; c++) {
      int pivot = c;
      for (int r = c; r < n; r++) {
        pivot = Math.abs(a[r][c]) > Math.abs(a[pivot][c]) ? r : pivot;
      }
      double[] swap = a[c];
      a[c] = a[pivot];
      a[pivot] = swap;
      for (int r = 0; r < n; r++) {
        if (r != c) {
          double factor = a[r][c] / a[c][c];
          for (int j = c; j <= n; j++) {
            a[r][j] -= factor * a[c][j];
          }
        }
      }
    }
    double[] x = new double[n];
    Arrays.setAll(x, i -> a[i][n] / a[i][i]);
    return x;
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void theFitWithZerosIsTheMinimumOverWhatIsLeft(long seed) {
    Random random = new Random(seed);
    float[][] rows = rows(random, 400, 0.1);
    double[][] old = new double[OUTPUTS][INPUTS];
    boolean[][] kept = new boolean[OUTPUTS][INPUTS];
    for (int o = 0; o < OUTPUTS; o++) {
      for (int i = 0; i < INPUTS; i++) {
        old[o][i] = random.nextGaussian();
        kept[o][i] = random.nextInt(3) > 0;
      }
    }
    double[][] moments = moments(rows, 0, 1);
    LeastSquares.Fit fit = LeastSquares.solveSparse(moments, old, kept, false, true, 1, 2).fit();
    double trace = 0;
    for (int i = 0; i < INPUTS; i++) {
      trace += moments[i][i] - moments[INPUTS][i] * moments[INPUTS][i];
    }
    for (int o = 0; o < OUTPUTS; o++) {
      // The penalised problem over x, 1 and the kept weights only, from the rows themselves.
      int[] left = new int[INPUTS];
      int k = 0;
      for (int i = 0; i < INPUTS; i++) {
        if (kept[o][i]) {
          left[k++] = i;
        }
      }
      double[][] a = new double[k + 1][k + 1];
      double[] b = new double[k + 1];
      for (float[] row : rows) {
        double[] x = new double[k + 1];
        for (int i = 0; i < k; i++) {
          x[i] = row[left[i]];
        }
        x[k] = 1;
        for (int i = 0; i <= k; i++) {
          for (int j = 0; j <= k; j++) {
            a[i][j] += x[i] * x[j] / rows.length;
          }
          b[i] += x[i] * row[INPUTS + 1 + o] / rows.length;
        }
      }
      double penalty = 0.01 * trace / INPUTS;
      for (int i = 0; i < k; i++) {
        a[i][i] += penalty;
        b[i] += penalty * old[o][left[i]];
      }
      double[] expected = eliminate(a, b);
      for (int i = 0; i < k; i++) {
        assertThat(fit.weights()[o][left[i]]).isCloseTo(expected[i], within(1e-4));
      }
      assertThat(fit.offsets()[o]).isCloseTo(expected[k], within(1e-3));
      for (int i = 0; i < INPUTS; i++) {
        assertThat(fit.weights()[o][i] != 0).isEqualTo(kept[o][i]);
      }
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void everyZeroIsTheBestThatCouldBeAdded(long seed) {
    Random random = new Random(seed);
    float[][] rows = rows(random, 200, 0.1);
    double[][] gram = new double[INPUTS][INPUTS];
    double[][] moments = moments(rows, 0, 1);
    for (int i = 0; i < INPUTS; i++) {
      for (int j = 0; j < INPUTS; j++) {
        gram[i][j] = moments[i][j] + (i == j ? 0.01 : 0);
      }
    }
    double[] w = random.doubles(INPUTS, -1, 1).toArray();
    int kept = (1 << INPUTS) - 1;
    for (int zeros = 1; zeros < INPUTS; zeros++) {
      double best = Double.POSITIVE_INFINITY;
      int expected = 0;
      for (int i = 0; i < INPUTS; i++) {
        if ((kept >> i & 1) != 0) {
          double cost = cost(gram, w, kept & ~(1 << i));
          if (cost < best) {
            best = cost;
            expected = kept & ~(1 << i);
          }
        }
      }
      kept = mask(GreedyZeros.keep(gram, new double[][] {w}, zeros, 2)[0]);
      assertThat(kept).as("after " + zeros).isEqualTo(expected);
    }
  }

  @ParameterizedTest(name = "{0} threads")
  @ValueSource(ints = {1, 2, 5})
  void rowsCompeteAndExactlyAsManyGo(int threads) {
    Random random = new Random(3);
    double[][] gram = new double[INPUTS][INPUTS];
    for (int i = 0; i < INPUTS; i++) {
      gram[i][i] = 1;
    }
    double[][] weights = new double[4][];
    double[] all = new double[4 * INPUTS];
    for (int r = 0; r < 4; r++) {
      weights[r] = random.doubles(INPUTS, -1, 1).toArray();
      for (int i = 0; i < INPUTS; i++) {
        all[r * INPUTS + i] = Math.abs(weights[r][i]);
      }
    }
    Arrays.sort(all);
    int zeros = 15;
    boolean[][] kept = GreedyZeros.keep(gram, weights, zeros, threads);
    // Without correlations it is the order of magnitudes.
    for (int r = 0; r < 4; r++) {
      for (int i = 0; i < INPUTS; i++) {
        assertThat(kept[r][i]).isEqualTo(Math.abs(weights[r][i]) >= all[zeros]);
      }
    }
  }

  private static int mask(boolean[] kept) {
    int mask = 0;
    for (int i = 0; i < kept.length; i++) {
      mask |= kept[i] ? 1 << i : 0;
    }
    return mask;
  }

  /** The error of the best weights over a mask. */
  private static double cost(double[][] gram, double[] w, int mask) {
    int[] left = new int[Integer.bitCount(mask)];
    for (int i = 0, k = 0; i < w.length; i++) {
      if ((mask >> i & 1) != 0) {
        left[k++] = i;
      }
    }
    double[][] a = new double[left.length][left.length];
    double[] b = new double[left.length];
    for (int i = 0; i < left.length; i++) {
      for (int j = 0; j < left.length; j++) {
        a[i][j] = gram[left[i]][left[j]];
      }
      for (int j = 0; j < w.length; j++) {
        b[i] += gram[left[i]][j] * w[j];
      }
    }
    double[] v = eliminate(a, b);
    double[] off = w.clone();
    for (int i = 0; i < left.length; i++) {
      off[left[i]] -= v[i];
    }
    double cost = 0;
    for (int i = 0; i < w.length; i++) {
      for (int j = 0; j < w.length; j++) {
        cost += off[i] * gram[i][j] * off[j];
      }
    }
    return cost;
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void trustIsHighWhereThereAreManyRowsAndLowWhereNoiseIsFitted(long seed) {
    Random random = new Random(seed);
    double[][] old = new double[OUTPUTS][INPUTS];
    float[][] many = rows(random, 2000, 0.1);
    assertThat(trust(many, old)).isGreaterThan(0.95);
    // The old weights are right already, and there is nothing but noise to be fitted.
    float[][] few = rows(random, 24, 0.1);
    LeastSquares.Fit exact = LeastSquares.solve(moments(few, 0, 1), INPUTS, old, true, 1);
    for (float[] row : few) {
      for (int o = 0; o < OUTPUTS; o++) {
        double y = exact.offsets()[o] + 5 * random.nextGaussian();
        for (int i = 0; i < INPUTS; i++) {
          y += exact.weights()[o][i] * row[i];
        }
        row[INPUTS + 1 + o] = (float) y;
      }
    }
    assertThat(trust(few, exact.weights())).isLessThan(0.4);
  }

  private static double trust(float[][] rows, double[][] old) {
    double[][][] halves = {moments(rows, 0, 2), moments(rows, 1, 2)};
    double trust = LeastSquares.trust(halves, old, true, 2);
    assertThat(trust).isBetween(0.0, 1.0);
    return trust;
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2})
  void theMeanOfHalvesIsTheMean(long seed) {
    float[][] rows = rows(new Random(seed), 101, 1);
    GramMatrix one = new GramMatrix(INPUTS + 1 + OUTPUTS, INPUTS + 1, 1);
    GramMatrix other = new GramMatrix(INPUTS + 1 + OUTPUTS, INPUTS + 1, 1);
    GramMatrix whole = new GramMatrix(INPUTS + 1 + OUTPUTS, 1);
    for (int r = 0; r < rows.length; r++) {
      (r % 3 == 0 ? one : other).observe(rows[r], 0, 1);
      whole.observe(rows[r], 0, 1);
    }
    double[][] joined = GramMatrix.mean(one, one.mean(), other, other.mean());
    double[][] expected = whole.mean();
    for (int i = 0; i < joined.length; i++) {
      assertThat(joined[i]).hasSize(i <= INPUTS ? expected.length : INPUTS + 1);
      for (int j = 0; j < joined[i].length; j++) {
        assertThat(joined[i][j]).isCloseTo(expected[i][j], within(1e-9));
      }
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void theFitIsNotWorseThanTheWeightsBefore(long seed) {
    Random random = new Random(seed);
    float[][] rows = rows(random, 300, 0.5);
    double[][] old = new double[OUTPUTS][INPUTS];
    boolean[][] kept = new boolean[OUTPUTS][INPUTS];
    for (int o = 0; o < OUTPUTS; o++) {
      for (int i = 0; i < INPUTS; i++) {
        old[o][i] = random.nextGaussian();
        kept[o][i] = i % 2 == 0;
      }
    }
    double[][] moments = moments(rows, 0, 1);
    LeastSquares.Fit fixed = LeastSquares.solveSparse(moments, old, kept, false, true, 1, 1).fit();
    LeastSquares.Fit free = LeastSquares.solveSparse(moments, old, kept, true, true, 1, 1).fit();
    double[] losses = new double[3];
    for (int o = 0; o < OUTPUTS; o++) {
      double[] masked = old[o].clone();
      for (int i = 1; i < INPUTS; i += 2) {
        masked[i] = 0;
      }
      losses[0] += loss(rows, masked, 0, o);
      losses[1] += loss(rows, fixed.weights()[o], fixed.offsets()[o], o);
      losses[2] += loss(rows, free.weights()[o], free.offsets()[o], o);
    }
    assertThat(losses[1]).isLessThan(losses[0]);
    assertThat(losses[2]).isLessThan(losses[1]);
  }
}
