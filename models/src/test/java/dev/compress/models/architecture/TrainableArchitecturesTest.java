package dev.compress.models.architecture;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.models.random.SplitMix64;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.MacCounter;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.nio.FloatBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sizes as published, and outputs of ONNX Runtime that are neither dead nor huge. */
class TrainableArchitecturesTest {
  private static long trained(OnnxModel model) {
    long count = 0;
    for (Initializer initializer : model.graph().initializers()) {
      String name = initializer.name();
      boolean learnt = name.endsWith(".weight") || name.endsWith(".bias") || name.contains("lstm.");
      count += learnt ? initializer.tensor().elementCount() : 0;
    }
    return count;
  }

  /**
   * LeNets: Han et al., arXiv 1510.00149 (266K and 431K). ResNet-20: 0.27M in He et al.; 272,474 is
   * that with projections. ResNet-18 and MobileNetV2: 11,689,512 and 3,504,872, 1.81 and 0.30
   * billion multiply-accumulates, as the reference implementations state.
   */
  @ParameterizedTest
  @CsvSource({
    "LENET_300_100, 266610, 0.0002662",
    "LENET_5, 431080, 0.002293",
    "RESNET20, 272474, 0.041",
    "RESNET18, 11689512, 1.81",
    "MOBILENETV2, 3504872, 0.30",
  })
  void hasThePublishedSize(Architecture architecture, long parameters, double billionMacs) {
    OnnxModel model = architecture.build(0);
    assertThat(trained(model)).isEqualTo(parameters);
    double macs = MacCounter.count(model, 1, 1).total() / 1e9;
    assertThat(macs / billionMacs).isBetween(0.98, 1.02);
  }

  /**
   * MLPerf Tiny: 78K and 24,908, both with biases and statistics that are folded or not counted.
   */
  @Test
  void tinyOnesAreTiny() {
    assertThat(trained(Architecture.RESNET8.build(0))).isBetween(76_000L, 79_000L);
    long weights = 10 * 4 * 64 + 4 * (9 * 64 + 64 * 64) + 64 * 12 + 12;
    assertThat(trained(Architecture.DS_CNN.build(0))).isEqualTo(weights + 9 * 2 * 64);
  }

  @ParameterizedTest
  @CsvSource({
    "LENET_300_100, 1x28x28",
    "LENET_5, 1x28x28",
    "RESNET8, 3x32x32",
    "RESNET20, 1x28x28",
    "RESNET18, 3x64x64",
    "MOBILENETV2, 3x64x64",
  })
  void readsImages(Architecture architecture, String image) {
    ImageSize size = ImageSize.parse(image);
    BuildSettings settings =
        new BuildSettings(
            OptionalInt.of(7), OptionalDouble.empty(), Optional.of(size), OptionalInt.empty());
    OnnxModel model = architecture.build(3, settings);
    assertThat(first(architecture.build(3, settings))).as("by seed").isEqualTo(first(model));
    assertThat(first(architecture.build(4, settings))).isNotEqualTo(first(model));
    answers(
        model,
        Map.of("image", noise(Shape.of(5, size.channels(), size.height(), size.width()))),
        7);
  }

  @Test
  void readsFeatures() {
    answers(Architecture.DS_CNN.build(1), Map.of("features", noise(Shape.of(5, 1, 49, 10))), 12);
  }

  @ParameterizedTest
  @CsvSource({"TRANSFORMER", "LSTM"})
  void readsSentences(Architecture architecture) {
    BuildSettings settings =
        new BuildSettings(
            OptionalInt.of(6), OptionalDouble.empty(), Optional.empty(), OptionalInt.of(50));
    OnnxModel model = architecture.build(2, settings);
    TensorBuffer ids = TensorBuffer.allocate(ElementType.INT64, Shape.of(5, 9));
    TensorBuffer mask = TensorBuffer.allocate(ElementType.INT64, Shape.of(5, 9));
    SplitMix64 random = new SplitMix64(4);
    for (int i = 0; i < 45; i++) {
      ids.longs().put(i, Math.floorMod(random.nextLong(), 50));
      mask.longs().put(i, 1);
    }
    answers(
        model,
        architecture == Architecture.LSTM
            ? Map.of("input_ids", ids)
            : Map.of("input_ids", ids, "attention_mask", mask),
        6);
  }

  @Test
  void refusesWhatMakesNoNetwork() {
    BuildSettings tiny =
        new BuildSettings(
            OptionalInt.empty(),
            OptionalDouble.empty(),
            Optional.of(ImageSize.parse("1x8x8")),
            OptionalInt.empty());
    assertThatThrownBy(() -> Architecture.LENET_5.build(0, tiny))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("16 x 16");
    assertThatThrownBy(() -> Architecture.BERT.build(0, tiny))
        .hasMessageContaining("bert has no setting image; it has none");
    assertThatThrownBy(() -> ImageSize.parse("28x28")).hasMessageContaining("as in 3x32x32");
  }

  private static float[] first(OnnxModel model) {
    return model.graph().initializers().stream()
        .filter(i -> i.name().endsWith(".weight"))
        .findFirst()
        .orElseThrow()
        .tensor()
        .toFloats();
  }

  private static TensorBuffer noise(Shape shape) {
    TensorBuffer tensor = TensorBuffer.allocate(ElementType.FLOAT, shape);
    FloatBuffer values = tensor.floats();
    SplitMix64 random = new SplitMix64(9);
    while (values.hasRemaining()) {
      values.put((float) random.nextGaussian());
    }
    return tensor;
  }

  private static void answers(OnnxModel model, Map<String, TensorBuffer> inputs, int classes) {
    try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(1))) {
      TensorBuffer logits = requireNonNull(session.run(inputs).get("logits"));
      assertThat(logits.shape()).isEqualTo(Shape.of(5, classes));
      float[] values = logits.toFloats();
      double squares = 0;
      for (float value : values) {
        assertThat(value).isFinite();
        squares += (double) value * value;
      }
      assertThat(Math.sqrt(squares / values.length)).isBetween(1e-3, 30.0);
      assertThat(values[0]).as("two samples differ").isNotEqualTo(values[classes]);
    }
  }
}
