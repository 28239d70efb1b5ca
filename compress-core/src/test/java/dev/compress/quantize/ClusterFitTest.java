package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Collections;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterFitTest {
  private static final byte[] LEVELS = {-95, -30, 0, 40, 120};
  private static final int ROWS = 4;
  private static final int LENGTH = 6;

  private final float[] weights = new float[ROWS * LENGTH];
  private final byte[] clustered = new byte[weights.length];
  private final float[] scales = new float[ROWS];
  private final float[] least = new float[ROWS];
  private final double[][] gram = new double[LENGTH][LENGTH];

  private void make(long seed, boolean zeros) {
    Random random = new Random(seed);
    for (int r = 0; r < ROWS; r++) {
      float largest = 0;
      for (int i = 0; i < LENGTH; i++) {
        boolean zero = zeros && i % 3 == r % 3;
        weights[r * LENGTH + i] = zero ? 0 : (float) random.nextGaussian();
        largest = Math.max(largest, Math.abs(weights[r * LENGTH + i]));
      }
      scales[r] = largest / 127;
      least[r] = r == 0 ? scales[r] : Float.MIN_NORMAL; // the first may not be less
    }
    for (int i = 0; i < weights.length; i++) {
      double code = weights[i] / scales[i / LENGTH];
      clustered[i] = 0;
      double off = Double.POSITIVE_INFINITY;
      for (byte level : LEVELS) {
        boolean allowed = !zeros || (level == 0) == (weights[i] == 0);
        if (allowed && Math.abs(code - level) < off) {
          off = Math.abs(code - level);
          clustered[i] = level;
        }
      }
    }
    for (int n = 0; n < 30; n++) {
      double common = random.nextGaussian();
      double[] x = new double[LENGTH];
      for (int i = 0; i < LENGTH; i++) {
        x[i] = common + random.nextGaussian();
        for (int j = 0; j <= i; j++) {
          gram[i][j] += x[i] * x[j] / 30;
          gram[j][i] = gram[i][j];
        }
      }
    }
  }

  private double product(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < LENGTH; i++) {
      for (int j = 0; j < LENGTH; j++) {
        sum += a[i] * gram[i][j] * b[j];
      }
    }
    return sum;
  }

  private double[] row(int r) {
    double[] row = new double[LENGTH];
    Arrays.setAll(row, i -> weights[r * LENGTH + i]);
    return row;
  }

  private double error(int r, double[] codes, double scale) {
    double[] off = row(r);
    Arrays.setAll(off, i -> weights[r * LENGTH + i] - scale * codes[i]);
    return product(off, off);
  }

  private double error(int r, byte[] codes, float scale) {
    double[] of = new double[LENGTH];
    Arrays.setAll(of, i -> codes[r * LENGTH + i]);
    return error(r, of, scale);
  }

  /** The least error of all 15,625 choices of codes, each with its best scale. */
  private double best(int r) {
    double best = Double.POSITIVE_INFINITY;
    double[] codes = new double[LENGTH];
    for (int choice = 0; choice < Math.pow(LEVELS.length, LENGTH); choice++) {
      int rest = choice;
      for (int i = 0; i < LENGTH; i++, rest /= LEVELS.length) {
        codes[i] = LEVELS[rest % LEVELS.length];
      }
      double energy = product(codes, codes);
      if (energy > 0) {
        double scale = Math.max(least[r], product(row(r), codes) / energy);
        best = Math.min(best, error(r, codes, scale));
      }
    }
    return best;
  }

  private ClusterFit.Fitted fit(boolean zeros, int threads) {
    byte[][] levels = Collections.nCopies(scales.length, LEVELS).toArray(new byte[0][]);
    return new ClusterFit(gram, 0.01, weights, least, clustered, levels, zeros, threads)
        .fit(scales);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void comesNearTheBestOfAllCodesAndScales(long seed) {
    make(seed, false);
    ClusterFit.Fitted fitted = fit(false, 2);
    double found = 0;
    double before = 0;
    double best = 0;
    for (int r = 0; r < ROWS; r++) {
      double error = error(r, fitted.codes(), fitted.scales()[r]);
      assertThat(error).isLessThanOrEqualTo(error(r, clustered, scales[r]) + 1e-9);
      assertThat(error).isGreaterThanOrEqualTo(best(r) - 1e-6);
      assertThat(fitted.scales()[r]).isGreaterThanOrEqualTo(least[r]);
      found += error;
      before += error(r, clustered, scales[r]);
      best += best(r);
    }
    // At least half of what could be gained.
    assertThat(found - best).isLessThan(0.5 * (before - best));
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void zerosAreAMaskAndThreadsChangeNothing(long seed) {
    make(seed, true);
    ClusterFit.Fitted fitted = fit(true, 1);
    for (int i = 0; i < weights.length; i++) {
      assertThat(fitted.codes()[i] == 0).isEqualTo(weights[i] == 0);
      assertThat(LEVELS).contains(fitted.codes()[i]);
    }
    ClusterFit.Fitted again = fit(true, 3);
    assertThat(again.codes()).isEqualTo(fitted.codes());
    assertThat(again.scales()).isEqualTo(fitted.scales());
  }
}
