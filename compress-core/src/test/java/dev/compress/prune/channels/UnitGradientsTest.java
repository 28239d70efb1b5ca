package dev.compress.prune.channels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.compress.calibrate.Samples;
import dev.compress.gradient.Differentiated;
import dev.compress.gradient.GradientEngine;
import dev.compress.gradient.GradientJob;
import dev.compress.gradient.SampleGradients;
import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.pass.PassContext;
import dev.compress.progress.Progress;
import dev.compress.quantize.NodeFilter;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Which products of weights and gradients a unit's importance is made of, with made-up gradients.
 */
class UnitGradientsTest {
  private static final int CHANNELS = 6;
  private static final int OUT = 5;
  private static final int SAMPLES = 3;

  private static Initializer normal(String name, Random random, long... dims) {
    float[] values = new float[(int) Shape.of(dims).elementCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return Initializer.of(name, Tensor.ofFloats(Shape.of(dims), values));
  }

  private static ValueInfo value(String name, long... dims) {
    List<Dim> shape = new ArrayList<>(List.of(Dim.of("n")));
    for (long dim : dims) {
      shape.add(Dim.of(dim));
    }
    return ValueInfo.of(name, ValueType.tensor(ElementType.FLOAT, shape));
  }

  /**
   * a makes channels, b makes of a depthwise copy of them what is added to them, and c reads the
   * sum: one unit has two makers and two readers.
   */
  private static OnnxModel residual(Random random) {
    List<Initializer> weights =
        List.of(
            normal("a.w", random, CHANNELS, 3, 3, 3),
            normal("d.w", random, CHANNELS, 1, 3, 3),
            normal("b.w", random, CHANNELS, CHANNELS, 1, 1),
            normal("c.w", random, OUT, CHANNELS, 2, 2));
    List<Node> nodes =
        List.of(
            Node.of("Conv", "a", List.of("x", "a.w"), List.of("a")),
            Node.of(
                "Conv",
                "d",
                List.of("a", "d.w"),
                List.of("d"),
                Attribute.of("group", CHANNELS),
                Attribute.of("pads", new long[] {1, 1, 1, 1})),
            Node.of("Conv", "b", List.of("d", "b.w"), List.of("b")),
            Node.of("Add", "s", List.of("a", "b"), List.of("s")),
            Node.of("Conv", "c", List.of("s", "c.w"), List.of("y")));
    return OnnxModel.of(
        8,
        17,
        Graph.of(
            "net", nodes, weights, List.of(value("x", 3, 6, 6)), List.of(value("y", OUT, 3, 3))));
  }

  private static final class Invented implements GradientEngine {
    private final Map<String, List<float[]>> gradients = new HashMap<>();
    private final Map<String, float[]> weights = new HashMap<>();

    Invented(OnnxModel model, Random random) {
      for (Initializer weight : model.graph().initializers()) {
        weights.put(weight.name(), weight.tensor().toFloats());
        List<float[]> all = new ArrayList<>();
        for (int s = 0; s < SAMPLES; s++) {
          all.add(normal("", random, weight.tensor().elementCount()).tensor().toFloats());
        }
        gradients.put(weight.name(), all);
      }
    }

    /** Weight times gradient of one element of one sample. */
    double product(String weight, int sample, int element) {
      return (double) Objects.requireNonNull(weights.get(weight))[element]
          * gradient(weight, sample)[element];
    }

    private float[] gradient(String weight, int sample) {
      return Objects.requireNonNull(gradients.get(weight)).get(sample);
    }

    @Override
    public Optional<String> missing() {
      return Optional.empty();
    }

    @Override
    public void requireDifferentiable(OnnxModel model) {}

    @Override
    public Differentiated differentiate(
        GradientJob job, Progress progress, SampleGradients reader) {
      for (int s = 0; s < SAMPLES; s++) {
        for (String weight : job.weights()) {
          reader.read(weight, gradient(weight, s));
        }
        reader.sampleOver();
      }
      return new Differentiated(SAMPLES, "nothing");
    }
  }

  private static final Samples NONE =
      new Samples() {
        @Override
        public long count() {
          return SAMPLES;
        }

        @Override
        public boolean batchable() {
          return true;
        }

        @Override
        public void forEachBatch(int batchSize, BatchReader reader) {}
      };

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void aUnitIsWhatItsReadersMultiply(long seed) {
    OnnxModel model = residual(new Random(seed));
    Invented engine = new Invented(model, new Random(seed + 100));
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      PassContext context = new PassContext(scratch, Progress.NONE, 1, 1, Optional.of(NONE));
      DependencyGroups groups =
          DependencyGroups.of(model.graph(), context.shapes(model), 17, NodeFilter.ALL);
      assertThat(groups.families()).hasSize(1);
      UnitGradients.Found found = UnitGradients.of(engine, model, groups, context);
      List<Integer> units = groups.families().get(0).units();
      assertThat(units).hasSize(CHANNELS);
      int[] axis = Objects.requireNonNull(groups.values().get("s"))[1];
      for (int channel = 0; channel < CHANNELS; channel++) {
        double expected = 0;
        for (int s = 0; s < SAMPLES; s++) {
          double change = 0;
          for (int o = 0; o < CHANNELS; o++) {
            change += engine.product("b.w", s, o * CHANNELS + channel);
          }
          for (int o = 0; o < OUT; o++) {
            for (int k = 0; k < 4; k++) {
              change += engine.product("c.w", s, (o * CHANNELS + channel) * 4 + k);
            }
          }
          expected += change * change / SAMPLES;
        }
        assertThat(found.byUnit().get(groups.unit(axis[channel])))
            .isCloseTo(expected, within(1e-9 * expected));
      }
      Map<Integer, Double> scores = UnitScores.byTaylor(groups, found.byUnit());
      assertThat(scores).containsAllEntriesOf(found.byUnit());
    }
  }
}
