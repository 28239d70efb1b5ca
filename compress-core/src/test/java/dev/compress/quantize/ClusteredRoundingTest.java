package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClusteredRoundingTest {
  private static final byte[] LEVELS = {-90, -40, -10, 0, 15, 60, 110};
  private static final int ROWS = 3;
  private static final int LENGTH = 10;

  private final float[] weights = new float[ROWS * LENGTH];
  private final byte[] nearest = new byte[weights.length];
  private final float[] scales = {0.01f, 0.02f, 0.005f};

  private double[][] make(long seed, boolean zeros) {
    Random random = new Random(seed);
    for (int i = 0; i < weights.length; i++) {
      float scale = scales[i / LENGTH];
      boolean zero = zeros && random.nextInt(3) == 0;
      weights[i] = zero ? 0 : scale * (random.nextInt(241) - 120.4f);
      int best = zero ? 3 : -1;
      for (int c = 0; c < LEVELS.length && !zero; c++) {
        boolean allowed = !zeros || LEVELS[c] != 0;
        if (allowed
            && (best < 0
                || Math.abs(weights[i] - scale * LEVELS[c])
                    < Math.abs(weights[i] - scale * LEVELS[best]))) {
          best = c;
        }
      }
      nearest[i] = LEVELS[best];
    }
    double[][] x = new double[40][LENGTH];
    double[][] gram = new double[LENGTH][LENGTH];
    for (double[] row : x) {
      double common = random.nextGaussian();
      for (int i = 0; i < LENGTH; i++) {
        row[i] = 2 * common + random.nextGaussian();
      }
      for (int i = 0; i < LENGTH; i++) {
        for (int j = 0; j < LENGTH; j++) {
          gram[i][j] += row[i] * row[j] / x.length;
        }
      }
    }
    return gram;
  }

  private double error(double[][] gram, byte[] codes, int row) {
    double sum = 0;
    for (int i = 0; i < LENGTH; i++) {
      for (int j = 0; j < LENGTH; j++) {
        sum += off(codes, row, i) * gram[i][j] * off(codes, row, j);
      }
    }
    return sum;
  }

  private static byte[][] levels() {
    return Collections.nCopies(ROWS, LEVELS).toArray(new byte[0][]);
  }

  private double off(byte[] codes, int row, int i) {
    int at = row * LENGTH + i;
    return weights[at] - (double) scales[row] * codes[at];
  }

  /** Against all 1,024 choices of the next lower and the next higher code of each weight. */
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void comesNearTheBestChoice(long seed) {
    double[][] gram = make(seed, false);
    byte[] codes =
        new ClusteredRounding(gram, 0.01, 2).round(weights, scales, nearest, levels(), false);
    for (int row = 0; row < ROWS; row++) {
      double best = Double.POSITIVE_INFINITY;
      for (int choice = 0; choice < 1 << LENGTH; choice++) {
        byte[] tried = nearest.clone();
        for (int i = 0; i < LENGTH; i++) {
          int at = row * LENGTH + i;
          double code = weights[at] / scales[row];
          int c = 0;
          while (c < LEVELS.length - 1 && LEVELS[c] <= code) {
            c++;
          }
          // c is the next higher one, or the last
          tried[at] =
              (choice >> i & 1) == 1 || c == 0 ? LEVELS[c] : LEVELS[LEVELS[c] <= code ? c : c - 1];
        }
        best = Math.min(best, error(gram, tried, row));
      }
      double found = error(gram, codes, row);
      assertThat(found).isLessThanOrEqualTo(error(gram, nearest, row) + 1e-12);
      assertThat(found).isGreaterThanOrEqualTo(best - 1e-9);
      assertThat(found - best).isLessThan(0.35 * (error(gram, nearest, row) - best) + 1e-9);
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void zerosAreAMask(long seed) {
    double[][] gram = make(seed, true);
    byte[] codes =
        new ClusteredRounding(gram, 0.01, 1).round(weights, scales, nearest, levels(), true);
    for (int i = 0; i < codes.length; i++) {
      assertThat(codes[i] == 0).isEqualTo(weights[i] == 0);
      assertThat(LEVELS).contains(codes[i]);
    }
    byte[] again =
        new ClusteredRounding(gram, 0.01, 3).round(weights, scales, nearest, levels(), true);
    assertThat(again).as("whatever the number of threads").isEqualTo(codes);
    double before = 0;
    double after = 0;
    for (int row = 0; row < ROWS; row++) {
      before += error(gram, nearest, row);
      after += error(gram, codes, row);
    }
    assertThat(after).isLessThan(before);
  }
}
