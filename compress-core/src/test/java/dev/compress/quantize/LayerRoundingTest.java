package dev.compress.quantize;

import static dev.compress.quantize.SmallModels.floats;
import static dev.compress.quantize.SmallModels.weights;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.calibrate.RangeMethod;
import dev.compress.calibrate.Samples;
import dev.compress.graph.Attribute;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.linalg.GramMatrix;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.TensorBuffer;
import dev.compress.testing.SharedData;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LayerRoundingTest {
  private static QuantizeInt8 int8(QuantizationMode mode, Rounding rounding) {
    return new QuantizeInt8(
        mode,
        Target.CPU_VNNI,
        NodeFilter.ALL,
        Optional.of(RangeMethod.MIN_MAX),
        Set.of(),
        rounding);
  }

  /** w H w^T is the mean square of the layer's outputs, which ONNX Runtime computes. */
  @ParameterizedTest(name = "group {0}, stride {1}, pad {2}, dilation {3}")
  @CsvSource({"1,1,1,1", "2,2,1,1", "4,1,0,2", "1,3,2,1"})
  void gramsOfConvolutionsAreThoseOfTheRuntime(int group, int stride, int pad, int dilation) {
    Initializer w = weights("w", 5, 1, 8, 4 / group, 3, 3);
    Node conv =
        Node.of(
            "Conv",
            "c",
            List.of("x", "w"),
            List.of("y"),
            Attribute.of("group", group),
            Attribute.of("strides", new long[] {stride, stride}),
            Attribute.of("pads", new long[] {pad, pad, pad, pad}),
            Attribute.of("dilations", new long[] {dilation, dilation}));
    OnnxModel model =
        OnnxModel.of(
            8,
            13,
            dev.compress.graph.Graph.of(
                "g",
                List.of(conv),
                List.of(w),
                List.of(floats("x", 2, 4, 9, 9)),
                List.of(
                    dev.compress.graph.ValueInfo.of(
                        "y",
                        dev.compress.graph.ValueType.tensor(
                            dev.compress.tensor.ElementType.FLOAT)))));
    NodePattern pattern = NodePattern.match(conv, new GraphIndex(model.graph())).orElseThrow();
    TensorBuffer x = SmallModels.random(1, new double[0], 2, 4, 9, 9);
    WeightLayout layout = InputRows.layoutOf(pattern);
    GramMatrix[] grams = new GramMatrix[layout.groups()];
    for (int g = 0; g < grams.length; g++) {
      grams[g] = new GramMatrix(layout.rowLength(), 1);
    }
    new InputRows(pattern, null, 1000, (g, values, from) -> grams[g].observe(values, from, 1))
        .observe(x);
    float[] y;
    try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(1))) {
      y = Objects.requireNonNull(session.run(Map.of("x", x)).get("y")).toFloats();
    }
    int positions = y.length / 16;
    float[] all = w.tensor().toFloats();
    for (int g = 0; g < group; g++) {
      double[][] h = grams[g].mean();
      for (int o = 0; o < layout.outPerGroup(); o++) {
        int channel = g * layout.outPerGroup() + o;
        float[] row = new float[layout.rowLength()];
        layout.readRow(all, channel, row, 0);
        double expected = 0;
        for (int b = 0; b < 2; b++) {
          for (int p = 0; p < positions; p++) {
            double value = y[(b * 8 + channel) * positions + p];
            expected += value * value / (2 * positions);
          }
        }
        double actual = 0;
        for (int i = 0; i < row.length; i++) {
          for (int j = 0; j < row.length; j++) {
            actual += row[i] * h[i][j] * row[j];
          }
        }
        assertThat(actual).isCloseTo(expected, within(1e-4 * expected));
      }
    }
  }

  /** Inputs with strong directions, as activations have. */
  private static Initializer mixing() {
    return weights("mix", 9, 0.5, 8, 128);
  }

  private static OnnxModel twoProducts() {
    return SmallModels.model(
        13,
        floats("x", 64, 8),
        floats("y", 64, 96),
        List.of(mixing(), weights("w", 3, 0.2, 128, 96), weights("b", 4, 0.1, 96)),
        Node.of("MatMul", "m1", List.of("x", "mix"), List.of("h")),
        Node.of("Relu", "r", List.of("h"), List.of("a")),
        Node.of("Gemm", "g", List.of("a", "w", "b"), List.of("y")));
  }

  @ParameterizedTest
  @CsvSource({"STATIC", "DYNAMIC"})
  void outputsComeCloser(QuantizationMode mode) {
    OnnxModel model = twoProducts();
    Samples samples = SmallModels.samples("x", 12, new double[0], 64, 8);
    OnnxModel nearest =
        int8(mode, Rounding.NEAREST)
            .apply(model, SmallModels.context(Optional.of(samples)))
            .model();
    OnnxModel adaptive =
        int8(mode, Rounding.ADAPTIVE)
            .apply(model, SmallModels.context(Optional.of(samples)))
            .model();
    assertThat(SmallModels.sqnrDb(model, adaptive, samples, 12))
        .isGreaterThan(SmallModels.sqnrDb(model, nearest, samples, 12) + 0.5);
    assertThat(SmallModels.operators(adaptive)).isEqualTo(SmallModels.operators(nearest));
  }

  /** Rounded for one of them alone, both together are 0.7 dB closer than by nearest. */
  @ParameterizedTest
  @CsvSource({"STATIC", "DYNAMIC"})
  void weightThatTwoReadIsRoundedForBoth(QuantizationMode mode) {
    OnnxModel model =
        SmallModels.model(
            13,
            floats("x", 64, 8),
            floats("y", 64, 192),
            List.of(mixing(), weights("mix2", 19, 0.5, 8, 128), weights("w", 3, 0.2, 128, 96)),
            Node.of("MatMul", "m1", List.of("x", "mix"), List.of("h1")),
            Node.of("Relu", "r1", List.of("h1"), List.of("a1")),
            Node.of("Gemm", "g1", List.of("a1", "w"), List.of("y1")),
            Node.of("MatMul", "m2", List.of("x", "mix2"), List.of("h2")),
            Node.of("Relu", "r2", List.of("h2"), List.of("a2")),
            Node.of("Gemm", "g2", List.of("a2", "w"), List.of("y2")),
            Node.of("Concat", "c", List.of("y1", "y2"), List.of("y"), Attribute.of("axis", 1)));
    Samples samples = SmallModels.samples("x", 12, new double[0], 64, 8);
    double[] decibels = new double[2];
    for (Rounding rounding : Rounding.values()) {
      OnnxModel quantized =
          int8(mode, rounding).apply(model, SmallModels.context(Optional.of(samples))).model();
      decibels[rounding == Rounding.ADAPTIVE ? 1 : 0] =
          SmallModels.sqnrDb(model, quantized, samples, 12);
    }
    assertThat(decibels[1]).isGreaterThan(decibels[0] + 1.5);
  }

  @Test
  void theSameWithAnyNumberOfThreads() {
    OnnxModel model = twoProducts();
    Samples samples = SmallModels.samples("x", 5, new double[0], 64, 8);
    QuantizeInt8 pass = int8(QuantizationMode.STATIC, Rounding.ADAPTIVE);
    byte[][] bytes = new byte[2][];
    for (int i = 0; i < 2; i++) {
      PassContext context =
          new PassContext(
              Scratch.inTemporaryFolder(), Progress.NONE, 1 + 2 * i, 0, Optional.of(samples));
      bytes[i] = dev.compress.onnx.OnnxWriter.toBytes(pass.apply(model, context).model());
    }
    assertThat(bytes[0]).isEqualTo(bytes[1]);
  }

  @Test
  void withoutDataItSaysSo() {
    PassResult result =
        int8(QuantizationMode.DYNAMIC, Rounding.ADAPTIVE)
            .apply(twoProducts(), SmallModels.context(Optional.empty()));
    assertThat(result.warnings()).anyMatch(w -> w.contains("Adaptive rounding"));
  }

  @Test
  void longRowsAreRoundedToNearest() {
    OnnxModel model =
        SmallModels.model(
            13,
            floats("x", 4, 5000),
            floats("y", 4, 64),
            List.of(weights("w", 3, 0.2, 5000, 64)),
            Node.of("Gemm", "g", List.of("x", "w"), List.of("y")));
    Samples samples = SmallModels.samples("x", 2, new double[0], 4, 5000);
    PassResult result =
        int8(QuantizationMode.STATIC, Rounding.ADAPTIVE)
            .apply(model, SmallModels.context(Optional.of(samples)));
    assertThat(result.skipped()).anyMatch(s -> s.reason().contains("too many inputs"));
    assertThat(result.changes()).isNotEmpty();
  }

  @Test
  void aRealModelComesCloserOnDataItHasNotSeen() {
    Path file = SharedData.model("fashion-resnet-opset9/model.onnx").orElse(null);
    assumeTrue(file != null, SharedData.WHY_ABSENT);
    OnnxModel model = SmallModels.prepared(java.util.Objects.requireNonNull(file), 13);
    Path data = SharedData.data().orElseThrow().resolve("datasets/fashion-mnist");
    Samples seen = SmallModels.dataset(data.resolve("train"), model, 64);
    Samples unseen = SmallModels.dataset(data.resolve("testA5k"), model, 200);
    double[] decibels = new double[2];
    for (Rounding rounding : Rounding.values()) {
      OnnxModel quantized =
          new QuantizeInt8(
                  QuantizationMode.STATIC,
                  Target.CPU_AVX2,
                  NodeFilter.ALL,
                  Optional.of(new RangeMethod.Percentile(99.99)),
                  Set.of(),
                  rounding)
              .apply(model, SmallModels.context(Optional.of(seen)))
              .model();
      decibels[rounding == Rounding.ADAPTIVE ? 1 : 0] =
          SmallModels.sqnrDb(model, quantized, unseen, 200);
    }
    assertThat(decibels[1]).as("adaptive over nearest").isGreaterThan(decibels[0] + 0.3);
  }
}
