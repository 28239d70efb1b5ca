package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.calibrate.RangeMethod;
import dev.compress.calibrate.Samples;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassResult;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SaturationTrialTest {
  private static final int INPUTS = 512;
  private static final int OUTPUTS = 32;
  private static final int SAMPLES = 8;

  private static float[] uniform(long seed, int count, float low, float high) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = low + random.nextFloat() * (high - low);
    }
    return values;
  }

  /** One matrix whose weights and inputs are large together: 8-bit products must saturate. */
  private static final float[] WEIGHTS = uniform(1, INPUTS * OUTPUTS, -0.4f, 1f);

  private static OnnxModel model() {
    return OnnxModel.of(
        8,
        17,
        Graph.of(
            "dense",
            List.of(Node.of("MatMul", "dense", List.of("x", "w"), List.of("y"))),
            List.of(Initializer.of("w", Tensor.ofFloats(Shape.of(INPUTS, OUTPUTS), WEIGHTS))),
            List.of(SmallModels.floats("x", 8, INPUTS)),
            List.of(SmallModels.floats("y", 8, OUTPUTS))));
  }

  private static float[] input(int sample) {
    return uniform(100 + sample, 8 * INPUTS, 0, 2);
  }

  private static Samples samples() {
    return new Samples() {
      @Override
      public long count() {
        return SAMPLES;
      }

      @Override
      public boolean batchable() {
        return false;
      }

      @Override
      public void forEachBatch(int batchSize, BatchReader reader) {
        for (int i = 0; i < SAMPLES; i++) {
          TensorBuffer x = TensorBuffer.of(Shape.of(8, INPUTS), input(i));
          if (!reader.read(Map.of("x", x), 1)) {
            return;
          }
        }
      }
    };
  }

  @Test
  void reportsWhatEightBitWeightsWouldLoseAndSevenBitWeightsDoNot() {
    QuantizeInt8 pass =
        new QuantizeInt8(
            QuantizationMode.STATIC,
            Target.CPU_AVX2,
            new NodeFilter("", Set.of(), ""),
            Optional.of(RangeMethod.MIN_MAX),
            Set.of());
    PassResult result = pass.apply(model(), SmallModels.context(Optional.of(samples())));

    Node quantize =
        result.model().graph().nodes().stream()
            .filter(n -> n.is("QuantizeLinear"))
            .findFirst()
            .orElseThrow();
    GraphIndex index = new GraphIndex(result.model().graph());
    float scale = index.constant(quantize.input(1)).orElseThrow().toFloats()[0];
    int zero = (int) index.constant(quantize.input(2)).orElseThrow().toLongs()[0];
    double share = bruteForceShare(scale, zero);

    assertThat(share).isGreaterThan(0.01);
    assertThat(result.warnings()).isEmpty();
    assertThat(result.notes())
        .singleElement()
        .asString()
        .contains(" 0 saturate with the 7-bit weights")
        .contains(String.format(Locale.ROOT, "8-bit weights %.2f%% would", 100 * share))
        .contains("worst in dense");
    assertThat(index.initializer("w_q").map(Initializer::tensor).map(Tensor::type))
        .contains(ElementType.INT8);
  }

  /** Straight from the definition: u8 times s8, two products a sum, beyond 16 bits. */
  private static double bruteForceShare(float scale, int zero) {
    long sums = 0;
    long saturated = 0;
    for (int out = 0; out < OUTPUTS; out++) {
      float[] column = new float[INPUTS];
      for (int i = 0; i < INPUTS; i++) {
        column[i] = WEIGHTS[i * OUTPUTS + out];
      }
      float largest = 0;
      for (float w : column) {
        largest = Math.max(largest, Math.abs(w));
      }
      for (int sample = 0; sample < SAMPLES; sample++) {
        float[] x = input(sample);
        for (int row = 0; row < 8; row++) {
          float[] a = Arrays.copyOfRange(x, row * INPUTS, (row + 1) * INPUTS);
          for (int i = 0; i < INPUTS; i += 2) {
            int sum = 0;
            for (int k = i; k < i + 2; k++) {
              int code = (int) Math.max(0, Math.min(255, Math.rint(a[k] / scale) + zero));
              sum += code * (int) Math.rint(column[k] / (largest / 127));
            }
            sums++;
            saturated += sum > 32767 || sum < -32768 ? 1 : 0;
          }
        }
      }
    }
    return (double) saturated / sums;
  }

  @Test
  void saysNothingOfOtherTargets() {
    QuantizeInt8 pass =
        new QuantizeInt8(
            QuantizationMode.STATIC,
            Target.CPU_VNNI,
            new NodeFilter("", Set.of(), ""),
            Optional.of(RangeMethod.MIN_MAX),
            Set.of());
    PassResult result = pass.apply(model(), SmallModels.context(Optional.of(samples())));
    assertThat(Objects.requireNonNull(result.notes())).isEmpty();
  }
}
