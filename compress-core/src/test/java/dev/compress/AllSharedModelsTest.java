package dev.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.calibrate.DatasetSamples;
import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.error.CompressionException;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.metric.FidelityScorer;
import dev.compress.onnx.OnnxReader;
import dev.compress.recipe.Recipe;
import dev.compress.recipe.RecipeFile;
import dev.compress.report.TransformReport;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.RandomInputs;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.FloatCodec;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import dev.compress.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every real model through the door, without data and with: the result loads, is no larger, keeps
 * its signature and computes nearly the same.
 */
class AllSharedModelsTest {
  private static final Recipe INT8 = Recipe.EMPTY.withQuantize("int8").withProof("none");
  private static final int COMPARED_SAMPLES = 4;

  /** Decibels that outputs must keep. */
  private static final double LEAST_DB = 20;

  /** With data: noise is no picture and no music; in yolox the weights of two layers cost 21 dB. */
  private static final Map<String, Double> LEAST_DB_OF =
      Map.of("yolox-nano-coco", 19.0, "squeezenet-fp16", 17.0, "basic-pitch", 17.0);

  /** Models in which nothing is worth compressing. */
  private static final Set<String> UNCHANGED =
      Set.of(
          "gesture-keypoint-mlp",
          "custom-op-qonnx-kws",
          "kws-dscnn-qdq-int8",
          // Their weights are made by nodes of a few bytes.
          "light-inception_v2",
          "light-resnet50",
          "light-shufflenet",
          "logistic-regression-skl",
          "toy-loop",
          "toy-qdq-conv");

  /** Their inputs are pixels from 0 to 255; with others they compute noise. */
  private static final Set<String> PIXELS =
      Set.of(
          "style-transfer-candy",
          "yolox-nano-coco",
          "yunet-dynamic",
          "resnet8-cifar10-nhwc",
          "squeezenet-fp16");

  /** Why data cannot be made up for a model: its inputs have no common samples dimension. */
  private static final Map<String, String> NO_DATA =
      Map.of(
          "toy-loop", "its input is a loop count",
          "toy-qdq-conv", "it has no inputs",
          "custom-op-qonnx-kws", "ONNX Runtime does not know its operator Quant");

  @TempDir Path folder;

  static Stream<Path> models() throws IOException {
    return files("models", 2);
  }

  static Stream<Path> broken() throws IOException {
    return files("broken", 1);
  }

  private static Stream<Path> files(String kind, int depth) throws IOException {
    Path root = SharedData.data().map(d -> d.resolve(kind)).orElse(null);
    if (root == null) {
      return Stream.of(Path.of("absent"));
    }
    try (Stream<Path> files = Files.walk(root, depth)) {
      String some = System.getProperty("compress.models", ""); // for a look at a few
      return files
          .filter(f -> f.toString().endsWith(".onnx") && f.toString().contains(some))
          .sorted()
          .toList()
          .stream();
    }
  }

  @ParameterizedTest(name = "{index} {0}")
  @MethodSource("models")
  void withoutData(Path file) {
    assumeTrue(Files.exists(file), SharedData.WHY_ABSENT);
    check(file, Optional.empty());
  }

  @ParameterizedTest(name = "{index} {0}")
  @MethodSource("models")
  void withData(Path file) {
    assumeTrue(Files.exists(file), SharedData.WHY_ABSENT);
    String name = nameOf(file);
    assumeTrue(!NO_DATA.containsKey(name), NO_DATA.getOrDefault(name, ""));
    try (Dataset data = dataset(file, OnnxReader.read(file).model())) {
      check(file, Optional.of(data));
    }
  }

  /** A fast model is no use whose arithmetic stayed float. */
  @ParameterizedTest
  @CsvSource({
    "fashion-resnet-opset9, 0.9",
    "resnet8-cifar10-nhwc, 0.9",
    "text-transformer-banking77, 0.8",
    "kws-dscnn, 0.6",
    "squeezenet-fp16, 0.9"
  })
  void mostArithmeticIsInIntegers(String name, double leastShare) throws IOException {
    assumeTrue(SharedData.data().isPresent(), SharedData.WHY_ABSENT);
    Path file = SharedData.data().orElseThrow().resolve("models/" + name + "/model.onnx");
    Path settings = folder.resolve("recipe.yaml");
    Files.writeString(
        settings,
        """
        quantize: int8
        quantize-mode: static
        calibration-method: minmax
        calibration-samples: 32
        target: cpu-vnni
        proof: kernels
        """);
    try (Dataset data = dataset(file, OnnxReader.read(file).model())) {
      TransformReport report =
          Compress.with(RecipeFile.read(settings))
              .calibratingOn(data)
              .run(file, folder.resolve("out.onnx"), false);
      assertThat(report.integerMacShare()).isGreaterThanOrEqualTo(leastShare);
      assertThat(Objects.requireNonNull(report.kernels()).unplannedFloat()).isEmpty();
    }
  }

  @ParameterizedTest(name = "{index} {0}")
  @MethodSource("broken")
  void brokenModelsAreRefusedInOneLine(Path file) {
    assumeTrue(Files.exists(file), SharedData.WHY_ABSENT);
    Path output = folder.resolve("out.onnx");
    assertThatThrownBy(() -> Compress.with(INT8).run(file, output, false))
        .isInstanceOf(CompressionException.class)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n").hasSizeLessThan(600));
    assertThat(folder).isEmptyDirectory();
  }

  private void check(Path file, Optional<Dataset> data) {
    String name = nameOf(file);
    Path output = folder.resolve("out.onnx");
    OnnxModel before = OnnxReader.read(file).model();
    Compress compress = Compress.with(INT8);
    if (data.isPresent()) {
      compress = compress.calibratingOn(data.get().spread(Math.min(16, data.get().sampleCount())));
    }
    TransformReport report = compress.run(file, output, false);
    OnnxModel after = OnnxReader.read(output).model();
    assertThat(after.graph().outputs()).isEqualTo(before.graph().outputs());
    assertThat(trueInputs(after)).isEqualTo(trueInputs(before));
    TransformReport.Output written = Objects.requireNonNull(report.output());
    assertThat(written.bytes()).isLessThanOrEqualTo(report.input().bytes());
    assertThat(bytesIn(folder)).isEqualTo(written.bytes());
    boolean unchanged = report.warnings().stream().anyMatch(w -> w.contains("copied unchanged"));
    assertThat(unchanged).as("unchanged").isEqualTo(UNCHANGED.contains(name));
    if (name.equals("custom-op-qonnx-kws")) {
      return; // ONNX Runtime cannot load it, before or after.
    }
    compare(file, output, before, data, name);
  }

  private static void compare(
      Path file, Path output, OnnxModel model, Optional<Dataset> data, String name) {
    SessionOptions options = SessionOptions.of(1);
    FidelityScorer fidelity = new FidelityScorer();
    try (InferenceSession x = InferenceSession.open(file, options);
        InferenceSession y = InferenceSession.open(output, options)) {
      for (Map<String, TensorBuffer> inputs : samples(model, x, data, name)) {
        Map<String, TensorBuffer> expected = x.run(inputs);
        Map<String, TensorBuffer> actual = y.run(inputs);
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        for (Map.Entry<String, TensorBuffer> entry : expected.entrySet()) {
          TensorBuffer other = Objects.requireNonNull(actual.get(entry.getKey()));
          assertThat(other.type()).isEqualTo(entry.getValue().type());
          if (other.shape().equals(entry.getValue().shape())) {
            fidelity.add(entry.getValue(), other, 1, 1);
          } else {
            // The boxes that are kept depend on the values.
            assertThat(name).isEqualTo("ultraface-rfb-320-nms");
          }
        }
      }
    }
    if (name.equals("toy-qdq-conv") || name.equals("ultraface-rfb-320-nms")) {
      return; // no inputs; no faces in noise
    }
    double least = data.isPresent() ? LEAST_DB_OF.getOrDefault(name, LEAST_DB) : LEAST_DB;
    assertThat(fidelity.sqnrDb()).as("SQNR of the outputs").isGreaterThan(least);
  }

  private static List<Map<String, TensorBuffer>> samples(
      OnnxModel model, InferenceSession session, Optional<Dataset> data, String name) {
    List<Map<String, TensorBuffer>> samples = new ArrayList<>();
    if (data.isPresent()) {
      // Of recordings for recurrent models: windows, with the states that the model comes to.
      DatasetSamples.of(data.get(), model, COMPARED_SAMPLES, 1)
          .forEachBatch(
              1,
              (inputs, n) -> {
                samples.add(copied(inputs));
                return samples.size() < COMPARED_SAMPLES;
              });
      return samples;
    }
    RandomInputs random = RandomInputs.thatRun(model, session);
    for (int i = 0; i < count(random); i++) {
      samples.add(next(random, 1000 + i, name));
    }
    return samples;
  }

  private static Map<String, TensorBuffer> next(RandomInputs random, long seed, String name) {
    Map<String, TensorBuffer> inputs = random.next(seed);
    if (PIXELS.contains(name)) {
      for (TensorBuffer pixels : inputs.values()) {
        float[] floats = pixels.toFloats();
        double[] values = new double[floats.length];
        for (int i = 0; i < floats.length; i++) {
          values[i] = Math.max(0, Math.min(255, 128 + 60 * floats[i]));
        }
        FloatCodec.encode(pixels.type(), values, values.length, pixels.bytes());
      }
    }
    return inputs;
  }

  /** Fewer where one is large. */
  private static int count(RandomInputs random) {
    long elements = random.shapes().values().stream().mapToLong(Shape::elementCount).sum();
    return elements > 100_000 ? 1 : COMPARED_SAMPLES;
  }

  private static Map<String, TensorBuffer> copied(Map<String, TensorBuffer> inputs) {
    Map<String, TensorBuffer> copies = new LinkedHashMap<>();
    inputs.forEach((name, tensor) -> copies.put(name, stacked(List.of(tensor), false)));
    return copies;
  }

  /** The data of a labelled pair, or made up. */
  private static Dataset dataset(Path file, OnnxModel model) {
    String name = nameOf(file);
    Path root = SharedData.data().orElseThrow();
    String path =
        switch (name) {
          case "mnist-cntk-opset8",
              "mnist-mlp-onnx-mlir",
              "mnist-self-attention",
              "mnist-external-data" ->
              "datasets/mnist/t10k";
          case "fashion-resnet-opset9", "fashion-mobilenet-extdata" ->
              "datasets/fashion-mnist/testA5k";
          case "resnet8-cifar10-nhwc", "cifar10-cnn-winml", "cifar10-wide-marabou" ->
              "datasets/cifar10/test1k.bin.gz";
          case "kws-dscnn", "kws-dscnn-qdq-int8" ->
              "datasets/speech-commands/mfcc_49x10_f32le.bin.gz";
          case "gesture-keypoint-mlp" -> "datasets/gesture-keypoint/keypoint.csv";
          case "text-transformer-banking77" -> "models/text-transformer-banking77/test_ids.csv";
          case "silero-vad-if", "silero-vad-half" -> "datasets/speech-commands/wav";
          default -> "";
        };
    if (path.isEmpty()) {
      return madeUp(file, model);
    }
    String descriptor =
        name.startsWith("silero") ? "silero-vad" : name.startsWith("kws") ? "kws-dscnn" : name;
    return Dataset.open(root.resolve(path), descriptor(descriptor));
  }

  private static DataDescriptor descriptor(String name) {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      Path file = at.resolve("evaluation/benchmarks/descriptors/" + name + ".yaml");
      if (Files.exists(file)) {
        return DataDescriptor.read(file);
      }
    }
    throw new IllegalStateException("No descriptor " + name);
  }

  /** Random samples, stacked along a batch dimension. */
  private static Dataset madeUp(Path file, OnnxModel model) {
    Map<String, List<TensorBuffer>> columns = new LinkedHashMap<>();
    try (InferenceSession session = InferenceSession.open(file, SessionOptions.of(1))) {
      RandomInputs random = RandomInputs.thatRun(model, session);
      for (int i = 0; i < count(random); i++) {
        next(random, i, nameOf(file))
            .forEach((name, t) -> columns.computeIfAbsent(name, k -> new ArrayList<>()).add(t));
      }
    }
    Map<String, TensorBuffer> inputs = new LinkedHashMap<>();
    columns.forEach((name, samples) -> inputs.put(name, stacked(samples, true)));
    return Dataset.of("made up", inputs, new long[0], DataDescriptor.NONE);
  }

  private static TensorBuffer stacked(List<TensorBuffer> samples, boolean batch) {
    TensorBuffer first = samples.get(0);
    long[] dims = first.shape().toArray();
    if (batch) {
      assertThat(dims[0]).as("batch").isEqualTo(1);
      dims[0] = samples.size();
    }
    TensorBuffer all = TensorBuffer.allocate(first.type(), Shape.of(dims));
    var bytes = all.bytes();
    samples.forEach(s -> bytes.put(s.bytes()));
    return all;
  }

  private static List<ValueInfo> trueInputs(OnnxModel model) {
    Set<String> constants = new HashSet<>();
    model.graph().initializers().forEach(i -> constants.add(i.name()));
    return model.graph().inputs().stream().filter(i -> !constants.contains(i.name())).toList();
  }

  private static long bytesIn(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.mapToLong(f -> f.toFile().length()).sum();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static String nameOf(Path file) {
    return Objects.requireNonNull(file.getParent()).getFileName().toString();
  }
}
