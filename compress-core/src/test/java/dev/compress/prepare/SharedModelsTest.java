package dev.compress.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.pass.CompressionPass;
import dev.compress.runtime.OptimizationLevel;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import dev.compress.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The whole list of passes on every real model: same signature, same outputs, no larger file. */
class SharedModelsTest {
  /** Why a model is not run. */
  private static final Map<String, String> NOT_RUN =
      Map.of("custom-op-qonnx-kws", "ONNX Runtime does not know the operator Quant");

  /** Models that stay below opset 13. */
  private static final Set<String> NOT_UPGRADED = Set.of("custom-op-qonnx-kws");

  static Stream<Path> models() throws IOException {
    Path folder = SharedData.data().map(d -> d.resolve("models")).orElse(null);
    if (folder == null) {
      return Stream.of(Path.of("absent"));
    }
    try (Stream<Path> files = Files.walk(folder, 2)) {
      return files.filter(f -> f.toString().endsWith(".onnx")).sorted().toList().stream();
    }
  }

  private static Map<String, Long> sizes(String name) {
    return switch (name) {
      case "yunet-dynamic" -> Map.of("height", 64L, "width", 96L);
      case "silero-vad-half" -> Map.of("batch", 2L, "sequence", 576L);
      case "basic-pitch" -> Map.of("unk__749", 1L);
      case "style-transfer-candy" -> Map.of("None", 1L);
      case "text-transformer-banking77" -> Map.of("seq", 16L);
      default -> Map.of();
    };
  }

  private static Map<String, TensorBuffer> given(String name) {
    return name.equals("silero-vad-if")
        ? Map.of(
            "sr", TensorBuffer.of(Shape.scalar(), 16000L),
            "input", TensorBuffer.of(Shape.of(2, 576), ramp(2 * 576)),
            "state", TensorBuffer.of(Shape.of(2, 2, 128), ramp(512)))
        : Map.of();
  }

  private static float[] ramp(int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) Math.sin(i * 0.1);
    }
    return values;
  }

  /** What must come out, counted by hand: what is left after folding everything that can be. */
  private static Map<String, Integer> expected(String name) {
    return switch (name) {
      // 9 Convs with BatchNormalization; 3 residual Adds are left.
      case "fashion-resnet-opset9" -> Map.of("Conv", 9, "Add", 3, "Relu", 7);
      // 20 Transposes around each Conv; 7 Muls and 7 Adds of normalization.
      case "resnet8-cifar10-nhwc" -> Map.of("Conv", 9, "Add", 4, "Transpose", 1);
      case "kws-dscnn" -> Map.of("Conv", 9, "Relu", 9, "Add", 1);
      case "mnist-cntk-opset8" -> Map.of("Conv", 2, "Add", 1, "Reshape", 1);
      case "style-transfer-candy" -> Map.of("Slice", 7, "Conv", 14);
      case "ultraface-rfb-320" -> Map.of("Conv", 52, "Reshape", 8);
      default -> Map.of();
    };
  }

  /** Operators of which nothing may be left. */
  private static String[] gone(String name) {
    return switch (name) {
      case "fashion-resnet-opset9", "kws-dscnn", "st-mobilenetv2-035-flowers" ->
          new String[] {"BatchNormalization"};
      case "resnet8-cifar10-nhwc" -> new String[] {"Mul"};
      case "ultraface-rfb-320", "ultraface-rfb-320-nms" ->
          new String[] {"BatchNormalization", "Shape", "Unsqueeze"};
      case "style-transfer-candy" -> new String[] {"ImageScaler", "Crop", "Affine"};
      default -> new String[] {"Dropout"};
    };
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void preparedModelsComputeTheSame(Path file) {
    assumeTrue(Files.exists(file), SharedData.WHY_ABSENT);
    String name = Objects.requireNonNull(file.getParent()).getFileName().toString();
    OnnxModel model = OnnxReader.read(file).model();
    OnnxModel prepared = model;
    for (CompressionPass pass : PreparePasses.all(UpgradeOpset.PER_CHANNEL)) {
      prepared = pass.apply(prepared, Check.context()).model();
    }
    for (CompressionPass pass : PreparePasses.all(UpgradeOpset.PER_CHANNEL)) {
      assertThat(pass.apply(prepared, Check.context()).model())
          .as("a second run of " + pass.name())
          .isSameAs(prepared);
    }
    assertThat(prepared.opset() < 13).isEqualTo(NOT_UPGRADED.contains(name));
    assertThat(Check.counts(prepared)).containsAllEntriesOf(expected(name));
    assertThat(Check.counts(prepared))
        .doesNotContainKeys("Constant", "Identity")
        .doesNotContainKeys(gone(name));
    assertThat(prepared.graph().outputs()).isEqualTo(model.graph().outputs());
    assertThat(prepared.graph().inputs()).isEqualTo(trueInputs(model));
    assertThat(OnnxWriter.toBytes(prepared).length)
        .isLessThanOrEqualTo(OnnxWriter.toBytes(model).length);
    assumeTrue(!NOT_RUN.containsKey(name), NOT_RUN.getOrDefault(name, ""));
    Map<String, TensorBuffer> inputs = Check.randomInputs(model, given(name), sizes(name));
    Check.sameOutputs(model, OptimizationLevel.ALL, prepared, OptimizationLevel.ALL, inputs, 1e-4);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void reachesTheOpsetOfFourBits(Path file) {
    assumeTrue(Files.exists(file), SharedData.WHY_ABSENT);
    String name = Objects.requireNonNull(file.getParent()).getFileName().toString();
    assumeTrue(!NOT_RUN.containsKey(name), NOT_RUN.getOrDefault(name, ""));
    assumeTrue(!name.equals("style-transfer-candy"), "one run takes seconds");
    OnnxModel model = OnnxReader.read(file).model();
    OnnxModel upgraded =
        new UpgradeOpset(UpgradeOpset.FOUR_BITS)
            .apply(
                new RemoveInitializersFromInputs().apply(model, Check.context()).model(),
                Check.context())
            .model();
    assertThat(upgraded.opset()).isEqualTo(21);
    Map<String, TensorBuffer> inputs = Check.randomInputs(model, given(name), sizes(name));
    Check.sameOutputs(
        model, OptimizationLevel.BASIC, upgraded, OptimizationLevel.BASIC, inputs, 1e-4);
  }

  private static List<ValueInfo> trueInputs(OnnxModel model) {
    Set<String> constants = new HashSet<>();
    model.graph().initializers().forEach(i -> constants.add(i.name()));
    return model.graph().inputs().stream().filter(i -> !constants.contains(i.name())).toList();
  }
}
