package dev.compress.models.training;

import static dev.compress.models.training.TrainingFixtures.CLASSES;
import static dev.compress.models.training.TrainingFixtures.data;
import static dev.compress.models.training.TrainingFixtures.network;
import static dev.compress.models.training.TrainingFixtures.weights;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.calibrate.DatasetSamples;
import dev.compress.calibrate.SampleLabels;
import dev.compress.calibrate.Samples;
import dev.compress.data.Dataset;
import dev.compress.error.InvalidDataException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.gradient.Differentiated;
import dev.compress.gradient.GradientEngine;
import dev.compress.gradient.GradientJob;
import dev.compress.gradient.SampleGradients;
import dev.compress.graph.Graph;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassContext;
import dev.compress.progress.Progress;
import dev.compress.prune.PruneAllocation;
import dev.compress.prune.PruneCriterion;
import dev.compress.prune.PruneKind;
import dev.compress.prune.PruneWeights;
import dev.compress.prune.channels.ChannelCriterion;
import dev.compress.prune.channels.ChannelTarget;
import dev.compress.prune.channels.PruneChannels;
import dev.compress.quantize.NodeFilter;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Gradients of single samples, and what is pruned by them, against a network of two layers that is
 * written out here in double and differentiated by differences.
 */
class GradientRunTest {
  private static final int IN = 4;
  private static final int HIDDEN = 32;
  private static final int SAMPLES = 24;
  private static final double STEP = 1e-6;

  @BeforeAll
  static void natives() {
    TrainingFixtures.assumeNatives();
  }

  /** The network of the fixtures: w1, b1, w2, b2 in one array. */
  private static final class Written {
    private final double[] all;
    private final float[] inputs;

    Written(OnnxModel model, Dataset data) {
      List<Double> values = new ArrayList<>();
      for (String name : List.of("w1", "b1", "w2", "b2")) {
        for (float value : weights(model, name)) {
          values.add((double) value);
        }
      }
      all = values.stream().mapToDouble(v -> v).toArray();
      inputs = data.batches((int) data.sampleCount()).iterator().next().input("x").toFloats();
    }

    double[] scores(int sample) {
      double[] scores = new double[CLASSES];
      for (int h = 0; h < HIDDEN; h++) {
        double sum = all[IN * HIDDEN + h];
        for (int i = 0; i < IN; i++) {
          sum += inputs[sample * IN + i] * all[i * HIDDEN + h];
        }
        for (int c = 0; c < CLASSES; c++) {
          scores[c] += Math.max(0, sum) * all[(IN + 1) * HIDDEN + h * CLASSES + c];
        }
      }
      for (int c = 0; c < CLASSES; c++) {
        scores[c] += all[(IN + 1 + CLASSES) * HIDDEN + c];
      }
      return scores;
    }

    /** The derivatives by the elements of w1, then those of w2, of a function of the scores. */
    double[] derivatives(int sample, ToDoubleFunction<double[]> loss) {
      double[] found = new double[(IN + CLASSES) * HIDDEN];
      for (int i = 0; i < found.length; i++) {
        int at = i < IN * HIDDEN ? i : i + HIDDEN;
        double before = all[at];
        all[at] = before + STEP;
        double up = loss.applyAsDouble(scores(sample));
        all[at] = before - STEP;
        double down = loss.applyAsDouble(scores(sample));
        all[at] = before;
        found[i] = (up - down) / (2 * STEP);
      }
      return found;
    }

    double weight(int i) {
      return all[i < IN * HIDDEN ? i : i + HIDDEN];
    }
  }

  private static double probability(double[] scores, int label) {
    return Math.exp(scores[label]) / Arrays.stream(scores).map(Math::exp).sum();
  }

  private static ToDoubleFunction<double[]> crossEntropy(int label) {
    return scores -> -Math.log(probability(scores, label));
  }

  private static Dataset bound(OnnxModel model, Dataset data) {
    return data.bind(DatasetSamples.inputsOf(model.graph()));
  }

  private static Samples labelled(OnnxModel model) {
    return new DatasetSamples(bound(model, data(SAMPLES, 5)));
  }

  /** The same without labels, each so often. */
  private static Samples unlabelled(OnnxModel model, int times) {
    Samples once = labelled(model);
    return new Samples() {
      @Override
      public long count() {
        return once.count() * times;
      }

      @Override
      public boolean batchable() {
        return true;
      }

      @Override
      public void forEachBatch(int batchSize, BatchReader reader) {
        for (int i = 0; i < times; i++) {
          once.forEachBatch(batchSize, reader);
        }
      }
    };
  }

  /** Gradients in the order in which they came. */
  private static final class Kept implements SampleGradients {
    private final List<Map<String, float[]>> samples = new ArrayList<>(List.of(new HashMap<>()));

    @Override
    public void read(String weight, float[] gradient) {
      samples.get(samples.size() - 1).put(weight, gradient.clone());
    }

    @Override
    public void sampleOver() {
      samples.add(new HashMap<>());
    }

    float[] of(int sample, String weight) {
      return java.util.Objects.requireNonNull(samples.get(sample).get(weight));
    }

    double meanSquare(String weight, int element) {
      double sum = 0;
      int all = samples.size() - 1;
      for (int s = 0; s < all; s++) {
        sum += Math.pow(of(s, weight)[element], 2) / all;
      }
      return sum;
    }
  }

  private static Differentiated gradients(OnnxModel model, Samples samples, Kept kept) {
    return GradientEngine.ready(Optional.of(samples))
        .differentiate(new GradientJob(model, samples, Set.of("w1", "w2"), 7), Progress.NONE, kept);
  }

  @Test
  void gradientsOfLabelledSamplesAreThoseOfDifferences() {
    OnnxModel model = network(HIDDEN, 1);
    Written written = new Written(model, bound(model, data(SAMPLES, 5)));
    Kept kept = new Kept();
    Differentiated of = gradients(model, labelled(model), kept);
    assertThat(of.samples()).isEqualTo(SAMPLES);
    assertThat(of.loss()).isEqualTo("the cross-entropy of the labels");
    for (int s = 0; s < SAMPLES; s++) {
      double[] expected = written.derivatives(s, crossEntropy(s % CLASSES));
      for (int i = 0; i < expected.length; i++) {
        double found = i < IN * HIDDEN ? kept.of(s, "w1")[i] : kept.of(s, "w2")[i - IN * HIDDEN];
        assertThat(found).as("sample %d, %d", s, i).isCloseTo(expected[i], within(2e-5));
      }
    }
  }

  /** In the mean over what is drawn: Fisher's information, and the squares of all outputs. */
  @ParameterizedTest
  @ValueSource(strings = {"", "Softmax", "Sigmoid"})
  void withoutLabelsTheirSquaresHaveTheirMeans(String head) {
    OnnxModel model = network(HIDDEN, 2);
    Written written = new Written(model, bound(model, data(SAMPLES, 5)));
    Kept kept = new Kept();
    Differentiated of =
        gradients(head.isEmpty() ? model : ending(model, head), unlabelled(model, 300), kept);
    assertThat(of.loss()).contains(head.isEmpty() ? "random directions" : "drawn from");
    double[] expected = new double[(IN + CLASSES) * HIDDEN];
    double scale = 0; // of the outputs in the first sample
    for (double score : written.scores(0)) {
      scale += head.isEmpty() ? score * score / CLASSES : 1.0 / CLASSES;
    }
    for (int s = 0; s < SAMPLES; s++) {
      for (int c = 0; c < CLASSES; c++) {
        int label = c;
        double[] scores = written.scores(s);
        double[] slopes =
            written.derivatives(s, head.equals("Softmax") ? crossEntropy(c) : z -> z[label]);
        double p = 1 / (1 + Math.exp(-scores[c]));
        double weight =
            switch (head) {
              case "Softmax" -> probability(scores, c);
              case "Sigmoid" -> p * (1 - p);
              default -> 1 / scale;
            };
        for (int i = 0; i < expected.length; i++) {
          expected[i] += weight * slopes[i] * slopes[i] / SAMPLES;
        }
      }
    }
    double largest = Arrays.stream(expected).max().orElseThrow();
    for (int i = 0; i < expected.length; i++) {
      double found =
          i < IN * HIDDEN ? kept.meanSquare("w1", i) : kept.meanSquare("w2", i - IN * HIDDEN);
      assertThat(found).as("%d", i).isCloseTo(expected[i], within(0.03 * largest));
    }
  }

  private static OnnxModel ending(OnnxModel model, String operator) {
    Graph graph = model.graph();
    List<Node> nodes = new ArrayList<>(graph.nodes().subList(0, 2));
    nodes.add(Node.of("Gemm", "two", List.of("a", "w2", "b2"), List.of("z")));
    nodes.add(Node.of(operator, "head", List.of("z"), List.of("y")));
    return model.withGraph(graph.withNodes(nodes));
  }

  @Test
  void drawsDependOnTheSeedAlone() {
    OnnxModel model = ending(network(HIDDEN, 2), "Softmax");
    List<float[]> found = new ArrayList<>();
    for (long seed : new long[] {1, 1, 2}) {
      Kept kept = new Kept();
      Samples samples = unlabelled(model, 1);
      GradientEngine.ready(Optional.of(samples))
          .differentiate(new GradientJob(model, samples, Set.of("w2"), seed), Progress.NONE, kept);
      float[] all = new float[0];
      for (int s = 0; s < SAMPLES; s++) {
        float[] one = kept.of(s, "w2");
        all = Arrays.copyOf(all, all.length + one.length);
        System.arraycopy(one, 0, all, all.length - one.length, one.length);
      }
      found.add(all);
    }
    assertThat(found.get(1)).isEqualTo(found.get(0));
    assertThat(found.get(2)).isNotEqualTo(found.get(0));
  }

  private static double[] importance(OnnxModel model, int from, int to) {
    Written written = new Written(model, bound(model, data(SAMPLES, 5)));
    double[] squares = new double[to - from];
    for (int s = 0; s < SAMPLES; s++) {
      double[] slopes = written.derivatives(s, crossEntropy(s % CLASSES));
      for (int i = from; i < to; i++) {
        squares[i - from] += Math.pow(slopes[i] * written.weight(i), 2);
      }
    }
    return squares;
  }

  private static PassContext context(Scratch scratch, int threads, Samples samples) {
    return new PassContext(scratch, Progress.NONE, threads, 1, Optional.of(samples));
  }

  private static PruneWeights taylor(PruneKind kind, PruneAllocation allocation) {
    return new PruneWeights(
        0.5, kind, Optional.of(PruneCriterion.TAYLOR), allocation, NodeFilter.ALL);
  }

  private static OnnxModel pruned(PruneWeights pass, OnnxModel model, int threads) {
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      OnnxModel made = pass.apply(model, context(scratch, threads, labelled(model))).model();
      return dev.compress.onnx.OnnxReader.read(dev.compress.onnx.OnnxWriter.toBytes(made));
    }
  }

  private static List<Integer> zeros(float[] values) {
    return IntStream.range(0, values.length).filter(i -> values[i] == 0).boxed().toList();
  }

  @Test
  void theLeastGoAndTheOthersMakeUpForThem() {
    OnnxModel model = network(HIDDEN, 1);
    OnnxModel made = pruned(taylor(PruneKind.UNSTRUCTURED, PruneAllocation.LAYER), model, 1);
    for (String name : List.of("w1", "w2")) {
      int from = name.equals("w1") ? 0 : IN * HIDDEN;
      double[] squares = importance(model, from, from + weights(model, name).length);
      List<Integer> order = new ArrayList<>(IntStream.range(0, squares.length).boxed().toList());
      order.sort(Comparator.comparingDouble(i -> squares[i]));
      List<Integer> least = order.subList(0, squares.length / 2).stream().sorted().toList();
      assertThat(zeros(weights(made, name))).isEqualTo(least);
    }
    // what is left is no longer what it was
    float[] before = weights(model, "w2");
    float[] after = weights(made, "w2");
    assertThat(IntStream.range(0, after.length).filter(i -> after[i] != 0 && after[i] != before[i]))
        .isNotEmpty();
  }

  @Test
  void ofEveryFourTheLeastTwoGo() {
    OnnxModel model = network(HIDDEN, 3);
    float[] made =
        weights(pruned(taylor(PruneKind.TWO_OF_FOUR, PruneAllocation.GLOBAL), model, 1), "w2");
    double[] squares = importance(model, IN * HIDDEN, (IN + CLASSES) * HIDDEN);
    for (int first = 0; first < HIDDEN; first += 4) {
      for (int c = 0; c < CLASSES; c++) {
        int at = first * CLASSES + c;
        List<Integer> four =
            new ArrayList<>(IntStream.range(0, 4).mapToObj(i -> at + i * CLASSES).toList());
        four.sort(Comparator.comparingDouble(i -> squares[i]));
        for (int i = 0; i < 4; i++) {
          assertThat(made[four.get(i)] == 0).as("of %s", four).isEqualTo(i < 2);
        }
      }
    }
  }

  /** A unit counts what the loss changes by, in first order, when it puts out zero. */
  @Test
  void theUnitsThatTheLossFeelsLeastAreRemoved() {
    OnnxModel model = network(HIDDEN, 4);
    Written written = new Written(model, bound(model, data(SAMPLES, 5)));
    double[] squares = new double[HIDDEN];
    for (int s = 0; s < SAMPLES; s++) {
      double[] slopes = written.derivatives(s, crossEntropy(s % CLASSES));
      for (int h = 0; h < HIDDEN; h++) {
        double change = 0;
        for (int c = 0; c < CLASSES; c++) {
          int i = IN * HIDDEN + h * CLASSES + c;
          change += slopes[i] * written.weight(i);
        }
        squares[h] += change * change;
      }
    }
    List<Integer> order = new ArrayList<>(IntStream.range(0, HIDDEN).boxed().toList());
    order.sort(Comparator.comparingDouble(h -> squares[h]));
    List<Integer> kept = order.subList(HIDDEN / 2, HIDDEN).stream().sorted().toList();
    PruneChannels pass =
        new PruneChannels(
            0.5,
            ChannelTarget.CHANNELS,
            Optional.of(ChannelCriterion.TAYLOR),
            false,
            1,
            NodeFilter.ALL);
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      float[] made = weights(pass.apply(model, context(scratch, 1, labelled(model))).model(), "w1");
      float[] all = weights(model, "w1");
      assertThat(made).hasSize(IN * HIDDEN / 2);
      for (int k = 0; k < kept.size(); k++) {
        for (int i = 0; i < IN; i++) {
          assertThat(made[i * kept.size() + k]).isEqualTo(all[i * HIDDEN + kept.get(k)]);
        }
      }
    }
  }

  @Test
  void theNumberOfThreadsChangesNothing() {
    OnnxModel model = network(HIDDEN, 1);
    PruneWeights pass = taylor(PruneKind.UNSTRUCTURED, PruneAllocation.GLOBAL);
    OnnxModel serial = pruned(pass, model, 1);
    OnnxModel parallel = pruned(pass, model, 3);
    assertThat(dev.compress.onnx.OnnxWriter.toBytes(parallel))
        .isEqualTo(dev.compress.onnx.OnnxWriter.toBytes(serial));
    assertThat(zeros(weights(serial, "w1")).size() + zeros(weights(serial, "w2")).size())
        .isEqualTo((IN + CLASSES) * HIDDEN / 2);
  }

  @Test
  void whatDoesNotFitIsNamed() {
    OnnxModel model = network(HIDDEN, 1);
    float[] values = new float[2 * IN];
    Samples wrong =
        new DatasetSamples(bound(model, TrainingFixtures.dataset(values, new long[] {0, CLASSES})));
    assertThatThrownBy(() -> gradients(model, wrong, new Kept()))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("label of sample 1 is 3")
        .hasMessageContaining("'y' has 3 classes");
    values[IN] = Float.MAX_VALUE;
    values[IN + 1] = -Float.MAX_VALUE;
    Samples broken =
        new DatasetSamples(bound(model, TrainingFixtures.dataset(values, new long[] {0, 1})));
    assertThatThrownBy(() -> gradients(model, broken, new Kept()))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("sample 1 is no number");
    OnnxModel unknown = ending(model, "NonZero");
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      PruneWeights pass = taylor(PruneKind.UNSTRUCTURED, PruneAllocation.GLOBAL);
      assertThatThrownBy(() -> pass.apply(unknown, context(scratch, 1, labelled(model))))
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining("head")
          .hasMessageContaining("--prune-criterion");
      assertThatThrownBy(() -> pass.apply(model, new PassContext(scratch, Progress.NONE, 1, 1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("--calibration-data");
    }
  }

  /** A model of a fixed batch has the gradients of its samples one by one. */
  @Test
  void samplesOfAFixedBatchAreToldApart() {
    OnnxModel model = network(HIDDEN, 1);
    Samples once = labelled(model);
    Samples fours =
        new Samples() {
          @Override
          public long count() {
            return once.count();
          }

          @Override
          public boolean batchable() {
            return false;
          }

          @Override
          public void forEachBatch(int batchSize, BatchReader reader) {
            throw new UnsupportedOperationException();
          }

          @Override
          public void forEachLabelledBatch(int batchSize, LabelledReader reader) {
            for (var batch : bound(model, data(SAMPLES, 5)).batches(5)) {
              Map<String, TensorBuffer> padded = new HashMap<>();
              float[] values = Arrays.copyOf(batch.input("x").toFloats(), 5 * IN);
              padded.put("x", TensorBuffer.of(Shape.of(5, IN), values));
              reader.read(padded, new SampleLabels(batch.count(), batch.labels(), new float[0]));
            }
          }
        };
    Kept one = new Kept();
    Kept five = new Kept();
    gradients(model, once, one);
    assertThat(gradients(model, fours, five).samples()).isEqualTo(SAMPLES);
    for (int s = 0; s < SAMPLES; s++) {
      float[] expected = one.of(s, "w1");
      float[] found = five.of(s, "w1");
      for (int i = 0; i < expected.length; i++) {
        assertThat(found[i]).isCloseTo(expected[i], within(1e-6f));
      }
    }
  }
}
