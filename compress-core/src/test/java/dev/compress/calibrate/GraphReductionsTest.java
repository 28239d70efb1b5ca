package dev.compress.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.progress.Progress;
import dev.compress.runtime.ShapeInference;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Statistics from inside the graph against sums over all samples' values, written out here. */
class GraphReductionsTest {
  private static final int SAMPLES = 5;
  private static final int CHANNELS = 6;
  private static final int HEIGHT = 60;
  private static final int WIDTH = 100;
  private static final int ELEMENTS = CHANNELS * HEIGHT * WIDTH;

  /** {@code a = x + c} per first axis after the batch, {@code y = relu(a)}. */
  private static OnnxModel model(long opset, String batch) {
    float[] shift = {0, 10, -20, 3, 0.5f, 100};
    return OnnxModel.of(
        8,
        opset,
        Graph.of(
            "net",
            List.of(
                Node.of("Add", "shift", List.of("x", "c"), List.of("a")),
                Node.of("Relu", "relu", List.of("a"), List.of("y"))),
            List.of(Initializer.of("c", Tensor.ofFloats(Shape.of(1, CHANNELS, 1, 1), shift))),
            List.of(image("x", batch)),
            List.of(image("y", batch))));
  }

  private static ValueInfo image(String name, String batch) {
    Dim first = batch.equals("1") ? Dim.of(1) : Dim.of(batch);
    return ValueInfo.of(
        name,
        ValueType.tensor(
            ElementType.FLOAT, List.of(first, Dim.of(CHANNELS), Dim.of(HEIGHT), Dim.of(WIDTH))));
  }

  private record Images(List<float[]> values, boolean batchable) implements Samples {
    static Images random(boolean batchable) {
      Random random = new Random(7);
      float[][] values = new float[SAMPLES][ELEMENTS];
      for (float[] image : values) {
        for (int i = 0; i < ELEMENTS; i++) {
          image[i] = (float) random.nextGaussian();
        }
      }
      return new Images(List.of(values), batchable);
    }

    @Override
    public long count() {
      return values.size();
    }

    @Override
    public void forEachBatch(int batchSize, BatchReader reader) {
      int step = batchable ? batchSize : 1;
      for (int from = 0; from < values.size(); from += step) {
        int n = Math.min(step, values.size() - from);
        float[] joined = new float[n * ELEMENTS];
        for (int i = 0; i < n; i++) {
          System.arraycopy(values.get(from + i), 0, joined, i * ELEMENTS, ELEMENTS);
        }
        reader.read(Map.of("x", TensorBuffer.of(Shape.of(n, CHANNELS, HEIGHT, WIDTH), joined)), n);
      }
    }
  }

  private static ActivationStatistics collect(
      OnnxModel model, ActivationCollector wanted, Samples samples, int threads) {
    return wanted.collect(
        new ActivationReader(model, ShapeInference.infer(model), threads, Progress.NONE),
        samples,
        threads);
  }

  private static double[] ofChannel(Images images, float shift, int channel) {
    return images.values().stream()
        .flatMapToDouble(
            v ->
                IntStream.range(channel * HEIGHT * WIDTH, (channel + 1) * HEIGHT * WIDTH)
                    .mapToDouble(i -> v[i] + shift))
        .toArray();
  }

  @ParameterizedTest
  @CsvSource({"13, n, 1", "13, 1, 2", "17, n, 3", "18, n, 2", "21, 1, 1"})
  void equalsSumsOverAllValues(long opset, String batch, int threads) {
    Images images = Images.random(!batch.equals("1"));
    OnnxModel model = model(opset, batch);
    ActivationCollector wanted =
        new ActivationCollector()
            .extremesOf(Set.of("x", "y"))
            .channelsOf(Map.of("a", 1))
            .meansOf(Map.of("x", 1));
    ActivationStatistics seen = collect(model, wanted, images, threads);

    float[] shift = {0, 10, -20, 3, 0.5f, 100};
    for (int c = 0; c < CHANNELS; c++) {
      double[] values = ofChannel(images, shift[c], c);
      ChannelStatistics.Channel channel = seen.channelsOf("a").orElseThrow().channels().get(c);
      assertThat(channel.count()).isEqualTo(values.length);
      assertThat(channel.min()).isEqualTo((float) Arrays.stream(values).min().orElseThrow());
      assertThat(channel.max()).isEqualTo((float) Arrays.stream(values).max().orElseThrow());
      double mean = Arrays.stream(values).average().orElseThrow();
      assertThat(channel.mean()).isCloseTo(mean, within(1e-5 * (1 + Math.abs(mean))));
      double square = Arrays.stream(values).map(v -> v * v).average().orElseThrow();
      assertThat(channel.meanSquare()).isCloseTo(square, within(1e-5 * square));
      double plain = Arrays.stream(ofChannel(images, 0, c)).average().orElseThrow();
      assertThat(seen.meansOf("x").orElseThrow()[c]).isCloseTo(plain, within(1e-6));
    }
    assertThat(seen.channelsOf("a").orElseThrow().nonFiniteCount()).isZero();
    double[] all =
        IntStream.range(0, CHANNELS)
            .boxed()
            .flatMapToDouble(c -> Arrays.stream(ofChannel(images, shift[c], c)))
            .toArray();
    ValueSummary y = Objects.requireNonNull(seen.summaries().get("y"));
    assertThat(y.count()).isEqualTo(all.length);
    assertThat(y.min()).isZero();
    assertThat(y.max()).isEqualTo((float) Arrays.stream(all).max().orElseThrow());
  }

  @Test
  void isReallyInTheGraphAndDoesNotDependOnThreads() {
    OnnxModel model = model(17, "n");
    GraphReductions reductions =
        GraphReductions.in(
            model, ShapeInference.infer(model), Set.of("y"), Map.of(), Map.of("a", 1));
    assertThat(reductions.values()).containsExactlyInAnyOrder("a", "y");
    assertThat(reductions.model().graph().nodes().stream().map(Node::opType))
        .containsExactlyInAnyOrder("Add", "Relu", "ReduceMean", "ReduceMax", "ReduceMean");

    List<ActivationStatistics> seen =
        IntStream.of(1, 2, 4)
            .mapToObj(
                threads ->
                    collect(
                        model,
                        new ActivationCollector()
                            .extremesOf(Set.of("y"))
                            .channelsOf(Map.of("a", 1))
                            .meansOf(Map.of("x", 1)),
                        Images.random(true),
                        threads))
            .toList();
    assertThat(seen).allMatch(seen.get(0)::equals);
  }

  @Test
  void leavesSmallAndUnknownSizesToTheObservers() {
    OnnxModel model = model(17, "n");
    ValueInfo free =
        ValueInfo.of(
            "x",
            ValueType.tensor(
                ElementType.FLOAT,
                List.of(Dim.of("n"), Dim.of(CHANNELS), Dim.of("h"), Dim.of("w"))));
    OnnxModel unknown = model.withGraph(model.graph().withInputs(List.of(free)));
    assertThat(
            GraphReductions.in(
                    unknown,
                    ShapeInference.infer(unknown),
                    Set.of("x", "a"),
                    Map.of("x", 1),
                    Map.of())
                .values())
        .isEmpty();
    assertThat(
            GraphReductions.in(
                    model, ShapeInference.infer(model), Set.of(), Map.of("x", 0), Map.of())
                .values())
        .isEmpty();
  }

  @Test
  void showsWhatIsNotFiniteToTheObserversAfterAll() {
    Images images = Images.random(true);
    images.values().get(3)[HEIGHT * WIDTH + 17] = Float.NaN;
    images.values().get(1)[5] = Float.NEGATIVE_INFINITY;
    ActivationStatistics seen =
        collect(
            model(17, "n"),
            new ActivationCollector()
                .extremesOf(Set.of("x"))
                .histogramsOf(Set.of("a"))
                .meansOf(Map.of("a", 1)),
            images,
            2);
    ValueSummary x = Objects.requireNonNull(seen.summaries().get("x"));
    assertThat(x.nanCount()).isEqualTo(1);
    assertThat(x.negativeInfinityCount()).isEqualTo(1);
    assertThat(x.min()).isBetween(-10f, -3f);
    ValueSummary a = Objects.requireNonNull(seen.summaries().get("a"));
    assertThat(a.count()).isEqualTo((long) SAMPLES * ELEMENTS);
    assertThat(a.nonFiniteCount()).isEqualTo(2);
    double[] means = seen.meansOf("a").orElseThrow();
    double[] finite = Arrays.stream(ofChannel(images, 10, 1)).filter(Double::isFinite).toArray();
    assertThat(finite).hasSize(SAMPLES * HEIGHT * WIDTH - 1);
    assertThat(means[1]).isCloseTo(Arrays.stream(finite).average().orElseThrow(), within(1e-9));
  }
}
