package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.linalg.GramMatrix;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdaptiveRoundingTest {
  /** Inputs that hang together, as those of a convolution do. */
  private static float[] inputs(int rows, int n, Random random) {
    float[] x = new float[rows * n];
    for (int r = 0; r < rows; r++) {
      double common = random.nextGaussian();
      for (int i = 0; i < n; i++) {
        x[r * n + i] = (float) (0.5 + common + 0.5 * random.nextGaussian() * (1 + (i * 7) % 5));
      }
    }
    return x;
  }

  private static double[][] gram(float[] x, int n) {
    GramMatrix gram = new GramMatrix(n, 1);
    gram.observe(x, 0, x.length / n);
    return gram.mean();
  }

  private static float[] weights(int count, Random random) {
    float[] weights = new float[count];
    for (int i = 0; i < count; i++) {
      weights[i] = (float) random.nextGaussian();
    }
    return weights;
  }

  /** The mean squared change of the output, from the samples themselves. */
  private static double outputError(float[] x, float[] weights, int row, double[] quantized) {
    int n = quantized.length;
    double sum = 0;
    for (int r = 0; r < x.length / n; r++) {
      double change = 0;
      for (int i = 0; i < n; i++) {
        change += (weights[row * n + i] - quantized[i]) * x[r * n + i];
      }
      sum += change * change;
    }
    return sum * n / x.length;
  }

  private static double[] nearest(float[] weights, int row, int n, float scale, int limit) {
    double[] quantized = new double[n];
    for (int i = 0; i < n; i++) {
      double code = Math.rint(weights[row * n + i] / scale);
      quantized[i] = Math.max(-limit, Math.min(limit, code)) * scale;
    }
    return quantized;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void comesCloseToTheBestOfAllRoundings(int n) {
    double reached = 0;
    double best = 0;
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed * 31L + n);
      float[] x = inputs(40, n, random);
      float[] w = weights(n, random);
      float scale = 0.3f;
      AdaptiveRounding.Result result =
          new AdaptiveRounding(gram(x, n), 0.01, true, 1)
              .round(w, RoundingGrid.perRow(n, new float[] {scale}, 127));
      double least = Double.POSITIVE_INFINITY;
      for (int choice = 0; choice < 1 << n; choice++) {
        double[] quantized = new double[n];
        for (int i = 0; i < n; i++) {
          double exact = (double) w[i] / scale;
          quantized[i] = ((choice >> i & 1) == 0 ? Math.floor(exact) : Math.ceil(exact)) * scale;
        }
        least = Math.min(least, outputError(x, w, 0, quantized));
      }
      double[] own = new double[n];
      for (int i = 0; i < n; i++) {
        own[i] = result.codes()[i] * (double) scale;
      }
      assertThat(outputError(x, w, 0, own)).isCloseTo(result.error(), within(1e-9));
      assertThat(result.error()).isGreaterThanOrEqualTo(least - 1e-9);
      // Stated bounds: never more than twice the best of all 2^n, 2% more on average.
      assertThat(result.error()).isLessThanOrEqualTo(2 * least + 1e-9);
      reached += result.error();
      best += least;
    }
    assertThat(reached).isLessThanOrEqualTo(1.02 * best);
  }

  @ParameterizedTest
  @CsvSource({"27, 127, true", "27, 127, false", "144, 63, true", "130, 7, true", "130, 7, false"})
  void isNeverWorseThanNearestAndMostlyMuchBetter(int n, int limit, boolean upOrDown) {
    Random random = new Random(n);
    int rows = 19;
    float[] x = inputs(3 * n, n, random);
    float[] w = weights(rows * n, random);
    float[] scales = new float[rows];
    for (int r = 0; r < rows; r++) {
      scales[r] = 3.5f / limit;
    }
    AdaptiveRounding.Result result =
        new AdaptiveRounding(gram(x, n), 0.01, upOrDown, 1)
            .round(w, RoundingGrid.perRow(n, scales, limit));
    double nearestSum = 0;
    double ownSum = 0;
    for (int r = 0; r < rows; r++) {
      double[] plain = nearest(w, r, n, scales[r], limit);
      double[] own = new double[n];
      for (int i = 0; i < n; i++) {
        int code = result.codes()[r * n + i];
        own[i] = code * (double) scales[r];
        assertThat(code).isBetween(-limit, limit);
        if (upOrDown && Math.abs(w[r * n + i]) < limit * scales[r]) {
          assertThat(Math.abs(own[i] - w[r * n + i])).isLessThan(scales[r] * 1.000001);
        }
      }
      double ownError = outputError(x, w, r, own);
      double plainError = outputError(x, w, r, plain);
      assertThat(ownError).isLessThanOrEqualTo(plainError * (1 + 1e-9));
      nearestSum += plainError;
      ownSum += ownError;
    }
    assertThat(result.nearestError()).isCloseTo(nearestSum, within(1e-6 * nearestSum));
    assertThat(result.error()).isCloseTo(ownSum, within(1e-6 * nearestSum));
    assertThat(ownSum).isLessThan(0.8 * nearestSum);
    if (!upOrDown) {
      double peers = 0;
      for (int r = 0; r < rows; r++) {
        peers += outputError(x, w, r, gptq(gram(x, n), w, r, scales[r], limit));
      }
      assertThat(ownSum).isLessThan(peers);
    }
  }

  /** GPTQ as its paper writes it down: the inverse of H, column after column. */
  private static double[] gptq(double[][] gram, float[] weights, int row, float scale, int limit) {
    int n = gram.length;
    double[][] inverse = new double[n][2 * n];
    double trace = 0;
    for (int i = 0; i < n; i++) {
      trace += gram[i][i];
    }
    for (int i = 0; i < n; i++) {
      System.arraycopy(gram[i], 0, inverse[i], 0, n);
      inverse[i][i] += 0.01 * trace / n;
      inverse[i][n + i] = 1;
    }
    for (int i = 0; i < n; i++) {
      double pivot = inverse[i][i];
      for (int k = 0; k < 2 * n; k++) {
        inverse[i][k] /= pivot;
      }
      for (int j = 0; j < n; j++) {
        double factor = inverse[j][i];
        for (int k = 0; j != i && k < 2 * n; k++) {
          inverse[j][k] -= factor * inverse[i][k];
        }
      }
    }
    double[] w = new double[n];
    for (int i = 0; i < n; i++) {
      w[i] = weights[row * n + i];
    }
    double[] quantized = new double[n];
    for (int i = 0; i < n; i++) {
      quantized[i] = Math.max(-limit, Math.min(limit, Math.rint(w[i] / scale))) * scale;
      double error = (w[i] - quantized[i]) / inverse[i][n + i];
      for (int k = i; k < n; k++) {
        w[k] -= error * inverse[i][n + k];
      }
      for (int j = i + 1; j < n; j++) {
        double factor = inverse[j][n + i] / inverse[i][n + i];
        for (int k = i; k < n; k++) {
          inverse[j][n + k] -= factor * inverse[i][n + k];
        }
      }
    }
    return quantized;
  }

  @Test
  void anyNumberOfThreadsGivesTheSame() {
    Random random = new Random(1);
    int n = 90;
    float[] w = weights(33 * n, random);
    float[] scales = new float[33];
    java.util.Arrays.fill(scales, 0.02f);
    double[][] gram = gram(inputs(200, n, random), n);
    RoundingGrid grid = RoundingGrid.perRow(n, scales, 127);
    AdaptiveRounding.Result one = new AdaptiveRounding(gram, 0.01, true, 1).round(w, grid);
    AdaptiveRounding.Result three = new AdaptiveRounding(gram, 0.01, true, 3).round(w, grid);
    assertThat(three.codes()).isEqualTo(one.codes());
    assertThat(three.error()).isEqualTo(one.error());
  }

  @Test
  void fewSamplesAndDeadInputsAreNoTrouble() {
    Random random = new Random(2);
    int n = 60;
    float[] x = inputs(4, n, random); // far fewer samples than inputs: H is singular
    for (int r = 0; r < 4; r++) {
      x[r * n + 5] = 0;
    }
    float[] w = weights(n, random);
    w[7] = 0f;
    AdaptiveRounding.Result result =
        new AdaptiveRounding(gram(x, n), 0.01, true, 1)
            .round(w, RoundingGrid.perRow(n, new float[] {0.05f}, 127));
    assertThat(result.error()).isLessThan(0.01 * result.nearestError());
    assertThat(result.codes()[7]).isZero();

    AdaptiveRounding.Result blind =
        new AdaptiveRounding(new double[n][n], 0.01, true, 1)
            .round(w, RoundingGrid.perRow(n, new float[] {0.05f}, 127));
    for (int i = 0; i < n; i++) {
      assertThat((double) blind.codes()[i]).isEqualTo(Math.rint(w[i] / 0.05f));
    }
    assertThat(blind.error()).isZero();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void blocksOfFourBits(boolean symmetric) {
    Random random = new Random(3);
    int n = 80;
    int rows = 5;
    int blockSize = 32;
    float[] x = inputs(300, n, random);
    float[] w = weights(rows * n, random);
    BlockStrip fit = new BlockStrip(blockSize, 1, symmetric, true);
    byte[] codes = new byte[blockSize];
    float[] scales = new float[rows * 3];
    byte[] zeros = new byte[rows * 3];
    double plainError = 0;
    for (int r = 0; r < rows; r++) {
      double[] plain = new double[n];
      for (int b = 0; b < 3; b++) {
        int count = Math.min(blockSize, n - b * blockSize);
        fit.fit(w, r * n + b * blockSize, 1, count, 1);
        assertThat(fit.write(codes, 0, 1)).isPositive();
        scales[r * 3 + b] = fit.scale(0);
        zeros[r * 3 + b] = (byte) fit.zeroPoint(0);
        for (int k = 0; k < count; k++) {
          plain[b * blockSize + k] = (codes[k] - fit.zeroPoint(0)) * (double) fit.scale(0);
        }
      }
      plainError += outputError(x, w, r, plain);
    }
    RoundingGrid grid =
        RoundingGrid.blocks(rows, n, blockSize, scales, symmetric ? new byte[0] : zeros);
    AdaptiveRounding.Result result =
        new AdaptiveRounding(gram(x, n), 0.01, false, 2).round(w, grid);
    assertThat(result.nearestError()).isCloseTo(plainError, within(1e-6 * plainError));
    double ownError = 0;
    for (int r = 0; r < rows; r++) {
      double[] own = new double[n];
      for (int i = 0; i < n; i++) {
        int block = r * 3 + i / blockSize;
        int code = result.codes()[r * n + i];
        assertThat(code).isBetween(symmetric ? -8 : 0, symmetric ? 7 : 15);
        own[i] = (code - (symmetric ? 0 : zeros[block])) * (double) scales[block];
      }
      ownError += outputError(x, w, r, own);
    }
    assertThat(ownError).isCloseTo(result.error(), within(1e-6 * plainError));
    assertThat(ownError).isLessThan(0.7 * plainError);
  }

  @Test
  void whatDoesNotFitIsRefused() {
    AdaptiveRounding rounding = new AdaptiveRounding(new double[4][4], 0.01, true, 1);
    assertThatThrownBy(
            () -> rounding.round(new float[8], RoundingGrid.perRow(4, new float[] {1f}, 7)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RoundingGrid.perRow(4, new float[] {0f}, 7))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new AdaptiveRounding(new double[][] {{1, 2}}, 0.01, true, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
