package dev.compress.prune.channels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.calibrate.Samples;
import dev.compress.error.InvalidModelException;
import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.linalg.LeastSquares;
import dev.compress.onnx.OnnxWriter;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.progress.Progress;
import dev.compress.quantize.NodeFilter;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.MacCounter;
import dev.compress.runtime.OptimizationLevel;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import dev.compress.timing.SessionTiming;
import dev.compress.timing.TimingSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The pass as a whole: what it takes away, what it leaves, and that the rest makes up for it. */
class PruneChannelsTest {
  private final Scratch scratch = Scratch.inTemporaryFolder();

  @AfterEach
  void close() {
    scratch.close();
  }

  private static Initializer normal(String name, Random random, double scale, long... dims) {
    float[] values = new float[(int) Shape.of(dims).elementCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() * scale);
    }
    return Initializer.of(name, Tensor.ofFloats(Shape.of(dims), values));
  }

  private static ValueInfo value(String name, long... dims) {
    List<Dim> shape = new ArrayList<>();
    for (long dim : dims) {
      shape.add(dim < 0 ? Dim.of("n") : Dim.of(dim));
    }
    return ValueInfo.of(name, ValueType.tensor(ElementType.FLOAT, shape));
  }

  /** Samples of an input of four dims. */
  private static Samples samples(int count, long seed) {
    return new Samples() {
      @Override
      public long count() {
        return count;
      }

      @Override
      public boolean batchable() {
        return true;
      }

      @Override
      public void forEachBatch(int batchSize, BatchReader reader) {
        Random random = new Random(seed);
        for (int done = 0; done < count; ) {
          int n = Math.min(batchSize, count - done);
          float[] values = new float[n * 3 * 36];
          for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
          }
          if (!reader.read(Map.of("x", TensorBuffer.of(Shape.of(n, 3, 6, 6), values)), n)) {
            return;
          }
          done += n;
        }
      }
    };
  }

  /**
   * Two convolutions between which 16 channels are 8 and, but for an offset, their copies: without
   * the copies the second can put out just the same.
   */
  private static OnnxModel redundant(long seed) {
    Random random = new Random(seed);
    float[] half = normal("", random, 0.4, 8, 3, 3, 3).tensor().toFloats();
    float[] both = new float[2 * half.length];
    for (int i = 0; i < half.length; i++) {
      both[i] = half[i];
      both[half.length + i] = -0.5f * half[i];
    }
    List<Initializer> weights =
        List.of(
            Initializer.of("a.w", Tensor.ofFloats(Shape.of(16, 3, 3, 3), both)),
            normal("a.b", random, 1, 16),
            normal("b.w", random, 0.3, 5, 16, 3, 3),
            normal("c.w", random, 0.3, 5, 4),
            normal("c.b", random, 0.3, 4));
    List<Node> nodes =
        List.of(
            Node.of("Conv", "a", List.of("x", "a.w", "a.b"), List.of("a")),
            Node.of("Conv", "b", List.of("a", "b.w"), List.of("b")),
            Node.of("GlobalAveragePool", "g", List.of("b"), List.of("g")),
            Node.of("Flatten", "f", List.of("g"), List.of("f")),
            Node.of("MatMul", "m", List.of("f", "c.w"), List.of("m")),
            Node.of("Add", "y", List.of("m", "c.b"), List.of("y")));
    Graph graph =
        Graph.of(
            "net", nodes, weights, List.of(value("x", -1, 3, 6, 6)), List.of(value("y", -1, 4)));
    return OnnxModel.of(8, 13, graph);
  }

  @Test
  void aWeightWithNanIsNamed() {
    OnnxModel model = redundant(3);
    List<Initializer> weights = new ArrayList<>(model.graph().initializers());
    Tensor b = weights.get(2).tensor();
    float[] values = b.toFloats();
    values[40] = Float.NaN;
    weights.set(2, Initializer.of("b.w", Tensor.ofFloats(b.shape(), values)));
    OnnxModel broken = model.withGraph(model.graph().withInitializers(weights));
    for (Optional<Samples> data : List.of(Optional.<Samples>empty(), Optional.of(samples(4, 1)))) {
      assertThatThrownBy(() -> pass(0.5, 1).apply(broken, context(data)))
          .isInstanceOf(InvalidModelException.class)
          .hasMessageContaining("Weight b.w holds NaN");
    }
  }

  private static PruneChannels pass(double share, int round) {
    return new PruneChannels(
        share, ChannelTarget.CHANNELS, Optional.empty(), false, round, NodeFilter.ALL);
  }

  private PassContext context(Optional<Samples> samples) {
    return new PassContext(scratch, Progress.NONE, 2, 0, samples);
  }

  private static float[] run(OnnxModel model) {
    float[][] out = new float[1][];
    try (InferenceSession session =
        InferenceSession.open(
            OnnxWriter.toBytes(model),
            SessionOptions.of(1).withOptimization(OptimizationLevel.ALL),
            "test model")) {
      samples(4, 99)
          .forEachBatch(
              4,
              (in, n) -> {
                out[0] = Objects.requireNonNull(session.run(in).get("y")).toFloats();
                return true;
              });
    }
    return out[0];
  }

  private static double worst(float[] one, float[] other) {
    double worst = 0;
    for (int i = 0; i < one.length; i++) {
      worst = Math.max(worst, Math.abs(one[i] - other[i]));
    }
    return worst;
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void whatIsLeftMakesUpForCopies(long seed) {
    OnnxModel model = redundant(seed);
    // The first 8 are larger than their copies and have the higher variance.
    PassResult blind = pass(0.4, 8).apply(model, context(Optional.empty()));
    PassResult fitted = pass(0.4, 8).apply(model, context(Optional.of(samples(64, 5))));
    assertThat(weight(fitted.model(), "a.w").dim(0)).isEqualTo(8);
    assertThat(weight(fitted.model(), "b.w").dim(1)).isEqualTo(8);
    float[] expected = run(model);
    double without = worst(expected, run(blind.model()));
    assertThat(without).isGreaterThan(0.1);
    assertThat(worst(expected, run(fitted.model()))).isLessThan(0.1 * without); // the penalty's
    assertThat(fitted.notes()).anyMatch(n -> n.contains("Fitted the weights of 2 layers"));
  }

  private static Shape weight(OnnxModel model, String name) {
    return model.graph().initializers().stream()
        .filter(i -> i.name().equals(name))
        .findFirst()
        .orElseThrow()
        .tensor()
        .shape();
  }

  @ParameterizedTest(name = "{0}")
  @EnumSource(names = {"PARAMS", "MACS"})
  void reachesItsTarget(ChannelTarget target) {
    OnnxModel model = redundant(1);
    PassResult result =
        new PruneChannels(0.5, target, Optional.empty(), true, 1, NodeFilter.ALL)
            .apply(model, context(Optional.empty()));
    double share =
        target == ChannelTarget.MACS
            ? (double) MacCounter.count(result.model(), 1, 1).total()
                / MacCounter.count(model, 1, 1).total()
            : (double) parameters(result.model()) / parameters(model);
    assertThat(share).isBetween(0.35, 0.5);
  }

  /** Timed once more, by itself; noise may be a tenth. */
  @Test
  void reachesItsTargetInTime() {
    OnnxModel model = wide();
    PassResult result =
        new PruneChannels(0.5, ChannelTarget.LATENCY, Optional.empty(), false, 8, NodeFilter.ALL)
            .apply(model, context(Optional.empty()));
    assertThat(parameters(result.model())).isLessThan(parameters(model));
    assertThat(result.notes()).anyMatch(n -> n.contains("of the time of the whole model"));
    assertThat(result.warnings()).isEmpty();
    try (InferenceSession before = InferenceSession.open(model, SessionOptions.of(1));
        InferenceSession after = InferenceSession.open(result.model(), SessionOptions.of(1))) {
      Map<String, TensorBuffer> x =
          Map.of("x", TensorBuffer.of(Shape.of(1, 3, 24, 24), new float[3 * 24 * 24]));
      double ratio =
          SessionTiming.compare(before, after, x, TimingSettings.ofSeconds(0.5, 1), Progress.NONE)
              .toFirst()
              .get(0)
              .ratio();
      assertThat(ratio).isBetween(0.25, 0.6);
    }
  }

  /** Where most of the time goes to channels that must stay, that is said. */
  @Test
  void saysWhatTimeCannotBeSaved() {
    PassResult result =
        new PruneChannels(0.99, ChannelTarget.LATENCY, Optional.empty(), false, 8, NodeFilter.ALL)
            .apply(wide(), context(Optional.empty()));
    assertThat(result.warnings()).anyMatch(w -> w.contains("99% of the time cannot be saved"));
  }

  private static OnnxModel wide() {
    Random random = new Random(5);
    return OnnxModel.of(
        8,
        13,
        Graph.of(
            "net",
            List.of(
                Node.of("Conv", "a", List.of("x", "a.w"), List.of("a")),
                Node.of("Conv", "b", List.of("a", "b.w"), List.of("b")),
                Node.of("Conv", "y", List.of("b", "c.w"), List.of("y"))),
            List.of(
                normal("a.w", random, 1, 64, 3, 3, 3),
                normal("b.w", random, 1, 64, 64, 3, 3),
                normal("c.w", random, 1, 4, 64, 1, 1)),
            List.of(value("x", -1, 3, 24, 24)),
            List.of(value("y", -1, 4, 20, 20))));
  }

  private static long parameters(OnnxModel model) {
    return model.graph().initializers().stream().mapToLong(i -> i.tensor().elementCount()).sum();
  }

  @Test
  void leavesWhatTheUserExcludes() {
    PassResult result =
        new PruneChannels(
                0.5,
                ChannelTarget.CHANNELS,
                Optional.empty(),
                false,
                1,
                new NodeFilter("a", Set.of(), ""))
            .apply(redundant(1), context(Optional.empty()));
    assertThat(weight(result.model(), "a.w").dim(0)).isEqualTo(16);
    assertThat(weight(result.model(), "b.w").dim(0)).isLessThan(5);
    assertThat(result.skipped())
        .anyMatch(s -> s.node().equals("a") && s.reason().contains("it is to be left out"))
        .anyMatch(s -> s.node().equals("m") && s.reason().contains("output y"));
  }

  @Test
  void changesNothingWhereAllIsKept() {
    OnnxModel model = redundant(1);
    PassResult result = pass(0.1, 8).apply(model, context(Optional.empty()));
    assertThat(result.model()).isSameAs(model);
    assertThat(result.skipped()).anyMatch(s -> s.reason().contains("a step is 8 of them"));
  }

  @Test
  void removesWhatBatchNormalizationAllButSilences() {
    Random random = new Random(4);
    float[] scale = new float[16];
    for (int i = 0; i < 16; i++) {
      scale[i] = i % 2 == 0 ? 0.01f : 1f;
    }
    List<Initializer> weights =
        List.of(
            normal("a.w", random, 1, 16, 3, 1, 1),
            Initializer.of("scale", Tensor.ofFloats(Shape.of(16), scale)),
            normal("shift", random, 1, 16),
            normal("mean", random, 1, 16),
            Initializer.of("variance", Tensor.ofFloats(Shape.of(16), new float[16])),
            normal("b.w", random, 1, 4, 16, 1, 1));
    List<Node> nodes =
        List.of(
            Node.of("Conv", "a", List.of("x", "a.w"), List.of("a")),
            Node.of(
                "BatchNormalization",
                "n",
                List.of("a", "scale", "shift", "mean", "variance"),
                List.of("n"),
                Attribute.of("epsilon", 1f)),
            Node.of("Conv", "y", List.of("n", "b.w"), List.of("y")));
    OnnxModel model =
        OnnxModel.of(
            8,
            13,
            Graph.of(
                "net",
                nodes,
                weights,
                List.of(value("x", -1, 3, 6, 6)),
                List.of(value("y", -1, 4, 6, 6))));
    PruneChannels pass =
        new PruneChannels(
            0.5,
            ChannelTarget.CHANNELS,
            Optional.of(ChannelCriterion.BN),
            false,
            8,
            NodeFilter.ALL);
    OnnxModel pruned = pass.apply(model, context(Optional.empty())).model();
    float[] left =
        pruned.graph().initializers().stream()
            .filter(i -> i.name().equals("scale"))
            .findFirst()
            .orElseThrow()
            .tensor()
            .toFloats();
    assertThat(left).hasSize(8).containsOnly(1f);
  }

  /** Against the gradient, which is zero at the minimum. */
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void leastSquaresAreLeast(long seed) {
    Random random = new Random(seed);
    int in = 6;
    int out = 3;
    int rows = 500;
    double[][] z = new double[rows][in + 1 + out];
    for (double[] row : z) {
      for (int i = 0; i < in; i++) {
        row[i] = random.nextGaussian() + 0.5 * i;
      }
      row[in] = 1;
      for (int o = 0; o < out; o++) {
        row[in + 1 + o] = row[o] - 2 * row[o + 1] + 3 + random.nextGaussian();
      }
    }
    double[][] moments = new double[in + 1 + out][in + 1 + out];
    for (double[] row : z) {
      for (int i = 0; i < row.length; i++) {
        for (int j = 0; j < row.length; j++) {
          moments[i][j] += row[i] * row[j] / rows;
        }
      }
    }
    LeastSquares.Fit fit = LeastSquares.solve(moments, in, new double[out][in], true, 1);
    for (int o = 0; o < out; o++) {
      double[] gradient = new double[in + 1];
      for (double[] row : z) {
        double error = row[in + 1 + o] - fit.offsets()[o];
        for (int i = 0; i < in; i++) {
          error -= fit.weights()[o][i] * row[i];
        }
        for (int i = 0; i <= in; i++) {
          gradient[i] += error * row[i] / rows;
        }
      }
      for (double g : gradient) {
        assertThat(g).isCloseTo(0, within(1e-2)); // the penalty's share
      }
      assertThat(fit.weights()[o][o + 1]).isCloseTo(-2, within(0.2));
    }
  }
}
