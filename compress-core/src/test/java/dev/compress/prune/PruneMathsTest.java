package dev.compress.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.compress.linalg.ErrorCompensation;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Scores, masks and compensation against direct computation. */
class PruneMathsTest {
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void exactlyTheLowestAreZero(long seed) {
    Random random = new Random(seed);
    int in = 1 + random.nextInt(30);
    int out = 1 + random.nextInt(400);
    float[] values = new float[in * out];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * (random.nextInt(4) == 0 ? 0.5f : 1);
      if (seed % 3 == 0) {
        values[i] = Math.round(values[i] * 2); // many are equal
      }
    }
    float[] factors = new float[in];
    for (int i = 0; i < in; i++) {
      factors[i] = random.nextFloat();
    }
    Tensor weight = Tensor.ofFloats(Shape.of(in, out), values);
    WeightScores scores =
        seed % 2 == 0 ? WeightScores.magnitude() : WeightScores.byInput(factors, out);
    List<Integer> order = new ArrayList<>(IntStream.range(0, values.length).boxed().toList());
    order.sort(
        Comparator.comparingDouble(
                (Integer i) ->
                    seed % 2 == 0 ? Math.abs(values[i]) : Math.abs(values[i]) * factors[i / out])
            .thenComparing(i -> i));
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      ScoreHistogram histogram = ScoreHistogram.of(weight, scores);
      for (int lowest : new int[] {0, 1, values.length / 3, values.length - 1}) {
        float[] expected = values.clone();
        order.subList(0, lowest).forEach(i -> expected[i] = 0);
        float[] found =
            WeightMasks.unstructured(weight, scores, histogram, lowest, scratch).toFloats();
        assertThat(found).isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void ofEveryFourInputsTwoAreLeft(long seed) {
    Random random = new Random(seed);
    int out = 5;
    int in = 12;
    int kernel = seed == 1 ? 1 : 9;
    float[] values = new float[out * in * kernel];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    Tensor weight = Tensor.ofFloats(Shape.of(out, in, kernel), values);
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      float[] found =
          WeightMasks.twoOfFour(weight, WeightScores.magnitude(), in, kernel, scratch).toFloats();
      for (int o = 0; o < out; o++) {
        for (int g = 0; g < in; g += 4) {
          for (int k = 0; k < kernel; k++) {
            float[] four = new float[4];
            double kept = 0;
            for (int i = 0; i < 4; i++) {
              int at = (o * in + g + i) * kernel + k;
              four[i] = Math.abs(values[at]);
              kept += Math.abs(found[at]);
              assertThat(found[at]).isIn(0f, values[at]);
            }
            Arrays.sort(four);
            assertThat(kept).isCloseTo((double) four[2] + four[3], within(1e-6));
          }
        }
      }
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4})
  void lampTakesFromWhereItCostsLeastAndExactlyAsManyAsAsked(long seed) {
    Random random = new Random(seed);
    List<ScoreHistogram> histograms = new ArrayList<>();
    List<double[]> values = new ArrayList<>();
    for (int layer = 0; layer < 3; layer++) {
      float[] weights = new float[100 + 400 * layer];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = (float) (random.nextGaussian() * Math.pow(10, layer));
      }
      Tensor tensor = Tensor.ofFloats(Shape.of(weights.length), weights);
      histograms.add(ScoreHistogram.of(tensor, WeightScores.magnitude()));
      double[] squares = new double[weights.length];
      for (int i = 0; i < squares.length; i++) {
        squares[i] = (double) weights[i] * weights[i];
      }
      Arrays.sort(squares);
      values.add(squares);
    }
    long[] found = LampAllocation.divide(histograms, 900);
    assertThat(Arrays.stream(found).sum()).isEqualTo(900);
    // By the definition, weight by weight.
    List<double[]> lamp = new ArrayList<>();
    for (int layer = 0; layer < 3; layer++) {
      double left = 0;
      double[] squares = values.get(layer);
      for (int i = squares.length - 1; i >= 0; i--) {
        left += squares[i];
        lamp.add(new double[] {squares[i] / left, layer});
      }
    }
    lamp.sort(Comparator.comparingDouble(a -> a[0]));
    long[] expected = new long[3];
    lamp.subList(0, 900).forEach(a -> expected[(int) a[1]]++);
    for (int layer = 0; layer < 3; layer++) {
      assertThat(found[layer]).isCloseTo(expected[layer], within(5L));
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4})
  void whatWasMeasuredDividesByTheSumThatIsLost(long seed) {
    Random random = new Random(seed);
    List<ScoreHistogram> histograms = new ArrayList<>();
    List<double[]> all = new ArrayList<>();
    double[] costs = {1, 0.3, 4};
    for (int layer = 0; layer < 3; layer++) {
      float[] weights = new float[200 + 100 * layer];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = (float) random.nextGaussian();
        all.add(new double[] {costs[layer] * weights[i] * weights[i], layer});
      }
      histograms.add(
          ScoreHistogram.of(
              Tensor.ofFloats(Shape.of(weights.length), weights), WeightScores.magnitude()));
    }
    long[] found = SensitiveAllocation.divide(histograms, even(histograms, costs), 360);
    assertThat(Arrays.stream(found).sum()).isEqualTo(360);
    all.sort(Comparator.comparingDouble(a -> a[0]));
    long[] expected = new long[3];
    all.subList(0, 360).forEach(a -> expected[(int) a[1]]++);
    for (int layer = 0; layer < 3; layer++) {
      assertThat(found[layer]).isCloseTo(expected[layer], within(5L));
    }
    // However cheap, a layer gives no more than was measured: 70%.
    double[] oneCheap = {1, 1e-9, 1};
    long[] cheap = SensitiveAllocation.divide(histograms, even(histograms, oneCheap), 360);
    assertThat(cheap[1]).isEqualTo(210);
    assertThat(Arrays.stream(cheap).sum()).isEqualTo(360);
  }

  /** The same cost for each squared score, however many there are. */
  private static List<LayerCost> even(List<ScoreHistogram> histograms, double[] costs) {
    List<LayerCost> even = new ArrayList<>();
    for (int layer = 0; layer < costs.length; layer++) {
      List<LayerCost.Point> points = new ArrayList<>();
      for (double part : new double[] {0.2, 0.4, 0.7}) {
        long zeros = Math.round(part * histograms.get(layer).elements());
        double squares = histograms.get(layer).squaresOfLowest(zeros);
        points.add(new LayerCost.Point(zeros, squares, costs[layer] * squares));
      }
      even.add(LayerCost.of(points));
    }
    return even;
  }

  /** A layer whose outputs suffer ten times as much beyond half of its weights stops there. */
  @Test
  void costsThatRiseHoldALayerBack() {
    float[] weights = new float[400];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = 1 + i / 400f;
    }
    ScoreHistogram histogram =
        ScoreHistogram.of(Tensor.ofFloats(Shape.of(400), weights), WeightScores.magnitude());
    double half = histogram.squaresOfLowest(200);
    double most = histogram.squaresOfLowest(300);
    LayerCost steady = LayerCost.of(List.of(new LayerCost.Point(300, most, 3 * most)));
    LayerCost rising =
        LayerCost.of(
            List.of(
                new LayerCost.Point(200, half, half),
                new LayerCost.Point(300, most, half + 10 * (most - half))));
    long[] found =
        SensitiveAllocation.divide(List.of(histogram, histogram), List.of(steady, rising), 400);
    assertThat(found[0] + found[1]).isEqualTo(400);
    assertThat(found[1]).isCloseTo(200, within(3L));
    // Noise that says a later weight is cheaper than one before it is not believed.
    LayerCost noisy =
        LayerCost.of(
            List.of(new LayerCost.Point(200, half, half), new LayerCost.Point(300, most, 0)));
    assertThat(noisy.factor(250)).isEqualTo(noisy.factor(0));
    assertThat(noisy.most()).isEqualTo(300);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void compensationBringsTheOutputBack(long seed) {
    Random random = new Random(seed);
    int n = 24;
    int rows = 7;
    double[][] gram = gram(random, n);
    float[] weights = new float[rows * n];
    float[] pruned = new float[rows * n];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) random.nextGaussian();
      pruned[i] = random.nextBoolean() ? weights[i] : 0;
    }
    ErrorCompensation.Result result = new ErrorCompensation(gram, 2).compensate(weights, pruned);
    for (int i = 0; i < weights.length; i++) {
      assertThat(result.weights()[i] != 0).isEqualTo(pruned[i] != 0);
    }
    double before = error(gram, weights, pruned, rows);
    double after = error(gram, weights, result.weights(), rows);
    assertThat(result.maskError()).isCloseTo(before, within(1e-6 * before));
    assertThat(result.error()).isCloseTo(after, within(1e-6 * before));
    assertThat(after).isLessThan(0.5 * before);
    // No small step of a weight that is left lowers it: it is the minimum, but for the damping.
    float[] moved = result.weights().clone();
    for (int i = 0; i < moved.length; i++) {
      if (pruned[i] != 0) {
        float old = moved[i];
        moved[i] = old + 0.05f * Math.signum(weights[i]);
        assertThat(error(gram, weights, moved, rows)).isGreaterThan(after - 0.02 * before);
        moved[i] = old;
      }
    }
    float[] again = new ErrorCompensation(gram, 1).compensate(weights, pruned).weights();
    assertThat(again).isEqualTo(result.weights());
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2})
  void longRowsAreCompensatedInSequence(long seed) {
    Random random = new Random(seed);
    int n = 400;
    int rows = 800; // 800 * 200^3 / 3 = 2e9 and at 320 left 9e9
    double[][] gram = gram(random, n);
    float[] weights = new float[rows * n];
    float[] pruned = new float[rows * n];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) random.nextGaussian();
      pruned[i] = random.nextInt(5) > 0 ? weights[i] : 0;
    }
    ErrorCompensation.Result result = new ErrorCompensation(gram, 2).compensate(weights, pruned);
    for (int i = 0; i < weights.length; i++) {
      assertThat(result.weights()[i] != 0).isEqualTo(pruned[i] != 0);
    }
    assertThat(result.error()).isLessThan(0.7 * result.maskError());
    // What is left of L^T (w - v), L L^T = H, is in the components of the zeros.
    double[][] lower = cholesky(gram);
    for (int r = 0; r < rows; r += 53) {
      double held = 0;
      double left = 0;
      for (int k = 0; k < n; k++) {
        double component = 0;
        for (int i = k; i < n; i++) {
          component += lower[i][k] * (weights[r * n + i] - result.weights()[r * n + i]);
        }
        if (pruned[r * n + k] == 0) {
          held += component * component;
        } else {
          left += component * component;
        }
      }
      assertThat(left).isLessThan(1e-9 * held);
    }
    float[] again = new ErrorCompensation(gram, 1).compensate(weights, pruned).weights();
    assertThat(again).isEqualTo(result.weights());
  }

  /** With the hundredth of the mean diagonal that is added where samples may say too little. */
  private static double[][] cholesky(double[][] gram) {
    int n = gram.length;
    double added = 0;
    for (int i = 0; i < n; i++) {
      added += 0.01 * gram[i][i] / n;
    }
    double[][] lower = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        double sum = gram[i][j] + (i == j ? added : 0);
        for (int k = 0; k < j; k++) {
          sum -= lower[i][k] * lower[j][k];
        }
        lower[i][j] = i == j ? Math.sqrt(sum) : sum / lower[j][j];
      }
    }
    return lower;
  }

  private static double[][] gram(Random random, int n) {
    // Inputs that hang together, as those of layers do.
    double[][] mix = new double[n][n];
    for (double[] row : mix) {
      for (int j = 0; j < n; j++) {
        row[j] = random.nextGaussian() / (1 + j / 4.0);
      }
    }
    double[][] gram = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        for (int k = 0; k < n; k++) {
          gram[i][j] += mix[i][k] * mix[j][k];
        }
      }
    }
    return gram;
  }

  private static double error(double[][] gram, float[] w, float[] v, int rows) {
    int n = gram.length;
    double error = 0;
    for (int r = 0; r < rows; r++) {
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          error +=
              ((double) w[r * n + i] - v[r * n + i])
                  * gram[i][j]
                  * ((double) w[r * n + j] - v[r * n + j]);
        }
      }
    }
    return error;
  }
}
