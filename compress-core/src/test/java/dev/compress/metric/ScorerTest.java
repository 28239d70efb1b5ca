package dev.compress.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScorerTest {
  private static final int CLASSES = 12;

  @ParameterizedTest(name = "against a full sort, seed {0}")
  @ValueSource(longs = {1, 2, 3, 4})
  void top1AndTop5EqualBruteForce(long seed) {
    Random random = new Random(seed);
    int samples = 501;
    float[] scores = new float[samples * CLASSES];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = random.nextInt(9); // many ties
    }
    long[] labels = random.longs(samples, 0, CLASSES).toArray();
    int hits1 = 0;
    int hits5 = 0;
    for (int s = 0; s < samples; s++) {
      int from = s * CLASSES;
      int[] order =
          IntStream.range(0, CLASSES)
              .boxed()
              .sorted(Comparator.comparingDouble((Integer c) -> -scores[from + c])) // stable
              .mapToInt(c -> c)
              .toArray();
      int label = (int) labels[s];
      hits1 += order[0] == label ? 1 : 0;
      hits5 += Arrays.stream(order).limit(5).anyMatch(c -> c == label) ? 1 : 0;
    }
    assertThat(score(Metric.TOP1, scores, labels, 7).value()).isEqualTo((double) hits1 / samples);
    assertThat(score(Metric.TOP5, scores, labels, 64).value()).isEqualTo((double) hits5 / samples);
    MetricResult result = score(Metric.TOP1, scores, labels, samples);
    assertThat(result.ci95()).contains(Wilson.interval95(hits1, samples));
    assertThat(result.samples()).isEqualTo(samples);
  }

  private static MetricResult score(Metric metric, float[] scores, long[] labels, int batch) {
    LabelScorer scorer = new LabelScorer(metric);
    for (int from = 0; from < labels.length; from += batch) {
      int to = Math.min(labels.length, from + batch);
      float[] part = Arrays.copyOfRange(scores, from * CLASSES, to * CLASSES);
      scorer.add(
          TensorBuffer.of(Shape.of(to - from, CLASSES), part),
          Arrays.copyOfRange(labels, from, to));
    }
    return scorer.result();
  }

  @Test
  void macroF1EqualsHandComputation() {
    // Class 0: TP 1, FP 1, FN 1 -> 1/2. Class 1: TP 2, FP 1, FN 0 -> 4/5. Class 2: TP 1, FP 1,
    // FN 2 -> 2/5. Class 3: TP 0, FN 1 -> 0. Class 4 does not occur.
    long[] labels = {0, 0, 1, 1, 2, 2, 2, 3};
    long[] guesses = {0, 1, 1, 1, 2, 0, 4, 2};
    long[] inRange = guesses.clone();
    inRange[6] = 2;
    // With guess 4 instead: class 2 TP 1, FP 1, FN 2; class 4 FP 1 -> 0: five classes.
    assertThat(f1(labels, guesses)).isCloseTo((0.5 + 0.8 + 0.4 + 0 + 0) / 5, within(1e-15));
    // Class 2: TP 2, FP 1, FN 1 -> 2/3.
    assertThat(f1(labels, inRange)).isCloseTo((0.5 + 0.8 + 2.0 / 3 + 0) / 4, within(1e-15));
  }

  private static double f1(long[] labels, long[] ids) {
    LabelScorer scorer = new LabelScorer(Metric.F1);
    scorer.add(TensorBuffer.of(Shape.of(ids.length), ids), labels);
    return scorer.result().value();
  }

  @Test
  void f1OfHugeClassIdsTakesNoHugeTables() {
    assertThat(f1(new long[] {7, Integer.MAX_VALUE - 1}, new long[] {7, Integer.MAX_VALUE - 1}))
        .isEqualTo(1);
  }

  @Test
  void f1BootstrapIsDeterministicAndHoldsTheValue() {
    Random random = new Random(5);
    long[] labels = random.longs(400, 0, 4).toArray();
    long[] ids = Arrays.stream(labels).map(l -> random.nextInt(4) == 0 ? 3 - l : l).toArray();
    LabelScorer scorer = new LabelScorer(Metric.F1);
    scorer.add(TensorBuffer.of(Shape.of(400), ids), labels);
    MetricResult first = scorer.result();
    Interval interval = first.ci95().orElseThrow();
    assertThat(interval.contains(first.value())).isTrue();
    assertThat(interval.high() - interval.low()).isBetween(0.04, 0.16);
    assertThat(scorer.result()).isEqualTo(first);
  }

  /** The spread of the difference over datasets drawn anew is what the bootstrap says it is. */
  @Test
  void f1DifferencesArePaired() {
    Random random = new Random(6);
    double[] differences = new double[300];
    int covered = 0;
    double truth = 0;
    List<PairedDifference> all = new ArrayList<>();
    for (int r = 0; r < differences.length; r++) {
      long[] labels = random.longs(200, 0, 4).toArray();
      LabelScorer first = f1Scorer(labels, random, 10);
      LabelScorer second = f1Scorer(labels, random, 5);
      PairedDifference difference = second.differenceFrom(first);
      assertThat(difference.difference())
          .isEqualTo(first.result().value() - second.result().value());
      differences[r] = difference.difference();
      truth += difference.difference() / differences.length;
      if (r < 100) {
        all.add(difference);
      }
    }
    for (PairedDifference difference : all) {
      covered += difference.ci95().contains(truth) ? 1 : 0;
    }
    assertThat(covered).isBetween(88, 100);
    long[] labels = {1, 2};
    LabelScorer other = f1Scorer(new long[] {2, 1}, random, 5);
    assertThatThrownBy(() -> f1Scorer(labels, random, 5).differenceFrom(other))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static LabelScorer f1Scorer(long[] labels, Random random, int oneWrongOf) {
    long[] ids =
        Arrays.stream(labels)
            .map(l -> random.nextInt(oneWrongOf) == 0 ? random.nextInt(4) : l)
            .toArray();
    LabelScorer scorer = new LabelScorer(Metric.F1);
    scorer.add(TensorBuffer.of(Shape.of(labels.length), ids), labels);
    return scorer;
  }

  @Test
  void aSinglePairHasNoInterval() {
    PairedDifference one = PairedDifference.ofValues(new double[] {3}, new double[] {1});
    assertThat(one.difference()).isEqualTo(2);
    assertThat(one.ci95().low()).isEqualTo(Double.NEGATIVE_INFINITY);
  }

  @Test
  void classIdsAreScoredAsTheyAre() {
    LabelScorer scorer = new LabelScorer(Metric.ACCURACY);
    scorer.add(TensorBuffer.of(Shape.of(4), 3L, 1, 2, 9), new long[] {3, 1, 1}); // one row padding
    assertThat(scorer.result().value()).isEqualTo(2.0 / 3);
    assertThat(scorer.predicted()).containsExactly(3, 1, 2);
    assertThat(scorer.correct().cardinality()).isEqualTo(2);
  }

  @Test
  void quantizedScoresAndExtraOnesAreRead() {
    TensorBuffer bytes = TensorBuffer.allocate(ElementType.UINT8, Shape.of(2, 3, 1, 1));
    bytes.bytes().put(new byte[] {1, (byte) 200, 3, 9, 8, 7});
    LabelScorer scorer = new LabelScorer(Metric.TOP1);
    scorer.add(bytes, new long[] {1, 0});
    assertThat(scorer.result().value()).isEqualTo(1);
    LabelScorer single = new LabelScorer(Metric.TOP1);
    single.add(TensorBuffer.of(Shape.of(3), 1f, 5, 2), new long[] {1});
    assertThat(single.result().value()).isEqualTo(1);
  }

  @Test
  void nanRowIsWrongWhateverTheLabel() {
    LabelScorer scorer = new LabelScorer(Metric.TOP1);
    scorer.add(
        TensorBuffer.of(Shape.of(2, 3), Float.NaN, 1, 0, 1, 0, Float.NaN), new long[] {0, 0});
    assertThat(scorer.result().value()).isZero();
    assertThat(scorer.invalidRows()).isEqualTo(2);
    assertThat(scorer.predicted()).containsOnly(LabelScorer.NO_CLASS);
  }

  @Test
  void unsuitableOutputsAndLabelsNameBothSides() {
    LabelScorer top1 = new LabelScorer(Metric.TOP1);
    TensorBuffer scores = TensorBuffer.of(Shape.of(1, 3), 1f, 2, 3);
    assertThatThrownBy(() -> top1.add(scores, new long[] {3}))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("Label 3")
        .hasMessageContaining("[1, 3]")
        .hasMessageContaining("0 to 2");
    assertThatThrownBy(() -> top1.add(scores, new long[] {0, 1}))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("1 rows for 2 samples");
    assertThatThrownBy(
            () ->
                top1.add(
                    TensorBuffer.allocate(ElementType.FLOAT, Shape.of(1, 3, 8, 8)), new long[] {0}))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("no class scores");
    assertThatThrownBy(
            () ->
                new LabelScorer(Metric.TOP5).add(TensorBuffer.of(Shape.of(1), 2L), new long[] {2}))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("top 5");
    assertThatThrownBy(() -> new LabelScorer(Metric.MSE))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(top1.result().value()).isNaN();
  }

  @Test
  void errorsEqualHandComputation() {
    TensorBuffer output = TensorBuffer.of(Shape.of(3, 2), 1f, 2, 3, 4, 100, 100);
    float[] targets = {0, 2, 1, 7};
    ErrorScorer mse = new ErrorScorer(Metric.MSE);
    mse.add(output, 3, targets, 2); // the third row is padding
    assertThat(mse.result().value()).isCloseTo((1 + 0 + 4 + 9) / 4.0, within(1e-15));
    assertThat(mse.perSample()).containsExactly(0.5, 6.5);
    ErrorScorer mae = new ErrorScorer(Metric.MAE);
    mae.add(output, 3, targets, 2);
    assertThat(mae.result().value()).isCloseTo((1 + 0 + 2 + 3) / 4.0, within(1e-15));
    assertThatThrownBy(() -> mae.add(output, 3, new float[] {1, 2}, 2))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("2 values a sample")
        .hasMessageContaining("1 target");
  }

  @ParameterizedTest(name = "fidelity in batches of {0}")
  @ValueSource(ints = {1, 3, 8})
  void fidelityEqualsItsDefinition(int batch) {
    Random random = new Random(11);
    int samples = 24;
    float[] x = new float[samples * 5];
    float[] y = new float[samples * 5];
    double signal = 0;
    double noise = 0;
    double dot = 0;
    double power = 0;
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
      y[i] = x[i] + (float) random.nextGaussian() * 0.3f;
      signal += (double) x[i] * x[i];
      noise += ((double) x[i] - y[i]) * ((double) x[i] - y[i]);
      power += (double) y[i] * y[i];
      dot += (double) x[i] * y[i];
    }
    int same = 0;
    for (int s = 0; s < samples; s++) {
      same += best(x, s) == best(y, s) ? 1 : 0;
    }
    FidelityScorer scorer = new FidelityScorer();
    for (int from = 0; from < samples; from += batch) {
      // One padding row at the end of each batch, which must not count.
      scorer.add(rows(x, from, batch, 77), rows(y, from, batch, -5), batch + 1, batch);
    }
    assertThat(scorer.sqnrDb()).isEqualTo(10 * Math.log10(signal / noise));
    assertThat(scorer.cosine()).isCloseTo(dot / Math.sqrt(signal * power), within(1e-15));
    MetricResult agreement = scorer.agreement().orElseThrow();
    assertThat(agreement.value()).isEqualTo((double) same / samples);
    assertThat(same).isBetween(1, samples - 1);
  }

  private static int best(float[] values, int sample) {
    int best = 0;
    for (int c = 0; c < 5; c++) {
      best = values[sample * 5 + c] > values[sample * 5 + best] ? c : best;
    }
    return best;
  }

  private static TensorBuffer rows(float[] values, int from, int count, float padding) {
    float[] part = Arrays.copyOfRange(values, from * 5, (from + count + 1) * 5);
    Arrays.fill(part, count * 5, part.length, padding);
    return TensorBuffer.of(Shape.of(count + 1, 5), part);
  }

  @Test
  void fidelityOfEqualBrokenAndZeroOutputs() {
    TensorBuffer x = TensorBuffer.of(Shape.of(1, 3), 1f, Float.NEGATIVE_INFINITY, 3);
    FidelityScorer equal = new FidelityScorer();
    equal.add(x, x, 1, 1);
    assertThat(equal.sqnrDb()).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(equal.cosine()).isEqualTo(1);
    assertThat(equal.brokenElements()).isZero();

    FidelityScorer broken = new FidelityScorer();
    broken.add(x, TensorBuffer.of(Shape.of(1, 3), 1f, 2, Float.NaN), 1, 1);
    assertThat(broken.sqnrDb()).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(broken.cosine()).isNaN();
    assertThat(broken.brokenElements()).isEqualTo(2);

    FidelityScorer image = new FidelityScorer();
    TensorBuffer pixels = TensorBuffer.allocate(ElementType.FLOAT, Shape.of(1, 3, 4, 4));
    image.add(pixels, pixels, 1, 1);
    assertThat(image.agreement()).as("an image holds no classes").isEmpty();
    assertThatThrownBy(() -> image.add(pixels, x, 1, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @EnumSource(Metric.class)
  void everyMetricIsFoundByItsKey(Metric metric) {
    assertThat(Metric.of(metric.key())).isEqualTo(metric);
    assertThat(Metric.of(metric.key().toUpperCase(java.util.Locale.ROOT))).isEqualTo(metric);
  }

  @Test
  void unknownMetricListsTheKnownOnes() {
    Set<String> keys = new HashSet<>();
    for (Metric metric : Metric.values()) {
      keys.add(metric.key());
    }
    assertThatThrownBy(() -> Metric.of("bleu"))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("bleu")
        .satisfies(e -> assertThat(e.getMessage()).contains(keys));
  }

  @Test
  void dropIsInPointsPerCentOrDecibels() {
    assertThat(Metric.TOP1.drop(0.9078, 0.9048)).isCloseTo(0.3, within(1e-9));
    assertThat(Metric.F1.drop(0.5, 0.6)).isCloseTo(-10, within(1e-9));
    assertThat(Metric.MSE.drop(2, 2.1)).isCloseTo(5, within(1e-9));
    assertThat(Metric.MAE.drop(0, 0.1)).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(Metric.MAE.drop(0, 0)).isZero();
    assertThat(Metric.SQNR.drop(40, 30)).isEqualTo(10);
  }
}
