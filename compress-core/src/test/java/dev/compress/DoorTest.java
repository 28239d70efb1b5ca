package dev.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.compress.data.Batch;
import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.data.InputSpec;
import dev.compress.energy.CounterMeter;
import dev.compress.energy.EnergyMeter;
import dev.compress.energy.EnergyReading;
import dev.compress.energy.MeterDescription;
import dev.compress.energy.MeterTraits;
import dev.compress.energy.RawCounter;
import dev.compress.energy.RunEnergy;
import dev.compress.energy.TimeSource;
import dev.compress.error.InvalidDataException;
import dev.compress.error.OutputExistsException;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.progress.Progress;
import dev.compress.quantize.Target;
import dev.compress.recipe.Recipe;
import dev.compress.recipe.RecipeFile;
import dev.compress.report.TransformGateException;
import dev.compress.report.TransformReport;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What runs through the door report, refuse and leave behind. */
class DoorTest {
  private static final int WIDTH = 128;
  private static final int HIDDEN = 512;
  private static final int SAMPLES = 64;

  @TempDir Path folder;
  private Path input = Path.of("");
  private Path output = Path.of("");

  @BeforeEach
  void writeModel() throws IOException {
    input = folder.resolve("model.onnx");
    output = folder.resolve("model.int8.onnx");
    Files.write(input, OnnxWriter.toBytes(classifier()));
  }

  private static Tensor normal(int seed, double deviation, long... dims) {
    Shape shape = Shape.of(dims);
    float[] values = new float[(int) shape.elementCount()];
    Random random = new Random(seed);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (deviation * random.nextGaussian());
    }
    return Tensor.ofFloats(shape, values);
  }

  /** Two layers, of which the first ignores its first feature. */
  private static OnnxModel classifier() {
    float[] first = normal(1, 0.1, WIDTH, HIDDEN).toFloats();
    java.util.Arrays.fill(first, 0, HIDDEN, 0);
    return OnnxModel.of(
        8,
        17,
        Graph.of(
            "classifier",
            List.of(
                Node.of("Gemm", "first", List.of("x", "w1", "b1"), List.of("h")),
                Node.of("Relu", "relu", List.of("h"), List.of("r")),
                Node.of("Gemm", "second", List.of("r", "w2", "b2"), List.of("y"))),
            List.of(
                Initializer.of("w1", Tensor.ofFloats(Shape.of(WIDTH, HIDDEN), first)),
                Initializer.of("b1", normal(2, 0.1, HIDDEN)),
                Initializer.of("w2", normal(3, 0.1, HIDDEN, WIDTH)),
                Initializer.of("b2", normal(4, 0.1, WIDTH))),
            List.of(matrix("x")),
            List.of(matrix("y"))));
  }

  private static ValueInfo matrix(String name) {
    return ValueInfo.of(
        name, ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("n"), Dim.of(WIDTH))));
  }

  /** Samples whose first feature is huge, labelled by the float model itself. */
  private Dataset data(double firstFeature) {
    float[] values = normal(9, 1, SAMPLES, WIDTH).toFloats();
    for (int i = 0; i < SAMPLES; i++) {
      values[i * WIDTH] *= (float) firstFeature;
    }
    TensorBuffer x = TensorBuffer.of(Tensor.ofFloats(Shape.of(SAMPLES, WIDTH), values));
    long[] labels = new long[SAMPLES];
    try (InferenceSession session = InferenceSession.open(input, SessionOptions.of(1))) {
      float[] scores = Objects.requireNonNull(session.run(Map.of("x", x)).get("y")).toFloats();
      for (int i = 0; i < SAMPLES; i++) {
        for (int c = 1; c < WIDTH; c++) {
          if (scores[i * WIDTH + c] > scores[i * WIDTH + (int) labels[i]]) {
            labels[i] = c;
          }
        }
      }
    }
    return Dataset.of("samples", Map.of("x", x), labels, DataDescriptor.NONE);
  }

  private Recipe recipe(String... lines) throws IOException {
    Path file = folder.resolveSibling(folder.getFileName() + ".yaml");
    Files.writeString(file, "quantize: int8\ntarget: cpu-vnni\n" + String.join("\n", lines) + "\n");
    try {
      return RecipeFile.read(file);
    } finally {
      Files.delete(file);
    }
  }

  private List<String> filesLeft() throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  /** Stages of the work that a run told of. */
  private static final class Stages implements Progress {
    private final List<String> begun = new ArrayList<>();

    @Override
    public void begin(String stage, long steps) {
      begun.add(stage);
    }

    @Override
    public void advance(long steps) {}

    @Override
    public boolean cancelled() {
      return false;
    }
  }

  @Test
  void nodesPutBackLeaveThePlan() throws IOException {
    Dataset data = data(10_000);
    TransformReport report =
        Compress.with(recipe("calibration-method: minmax", "max-drop: 5", "strict: true"))
            .calibratingOn(data)
            .holdingAccuracyOn(data)
            .run(input, output, true);
    assertThat(report.notes()).anyMatch(n -> n.startsWith("Kept in float"));
    assertThat(Objects.requireNonNull(report.kernels()).unplannedFloat()).isEmpty();
    assertThat(report.warnings()).noneMatch(w -> w.contains("planned as integer"));
  }

  @Test
  void whatIsNotWorthItIsTheSameFile() throws IOException {
    Path tiny = folder.resolve("tiny.onnx");
    OnnxModel relu =
        OnnxModel.of(
            8,
            17,
            Graph.of(
                "relu",
                List.of(Node.of("Relu", "relu", List.of("x"), List.of("y"))),
                List.of(),
                List.of(matrix("x")),
                List.of(matrix("y"))));
    Files.write(tiny, OnnxWriter.toBytes(relu));
    TransformReport report = Compress.with(recipe()).run(tiny, output, false);
    assertThat(output).hasSameBinaryContentAs(tiny);
    assertThat(report.warnings()).anyMatch(w -> w.contains("copied unchanged"));
    assertThat(report.passes()).allMatch(p -> p.changed().isEmpty());
    assertThat(Objects.requireNonNull(report.output()).sha256()).isEqualTo(report.input().sha256());
  }

  @Test
  void secondRunTakesItsRangesFromTheCache() throws IOException {
    Path cache = folder.resolve("ranges.bin");
    Compress door = Compress.with(recipe("proof: none")).calibratingOn(data(1));
    byte[] expected = bytesOf(door);
    Stages first = new Stages();
    assertThat(bytesOf(door.keepingCalibrationIn(cache).reportingTo(first))).isEqualTo(expected);
    assertThat(first.begun).contains("calibrate", "choose ranges");
    Stages second = new Stages();
    assertThat(bytesOf(door.keepingCalibrationIn(cache).reportingTo(second))).isEqualTo(expected);
    assertThat(second.begun).doesNotContain("calibrate", "choose ranges");
    Stages other = new Stages();
    bytesOf(door.calibratingOn(data(2)).keepingCalibrationIn(cache).reportingTo(other));
    assertThat(other.begun).contains("calibrate");
  }

  private byte[] bytesOf(Compress door) throws IOException {
    door.run(input, output, true);
    return Files.readAllBytes(output);
  }

  @Test
  void mostSensitiveLayerIsPutBackUntilTheAccuracyHolds() throws IOException {
    Dataset data = data(10_000);
    Compress lossy =
        Compress.with(recipe("proof: none", "calibration-method: minmax", "max-drop: 100"))
            .calibratingOn(data)
            .holdingAccuracyOn(data);
    TransformReport bad = lossy.run(input, output, false);
    assertThat(Objects.requireNonNull(bad.accuracy()).input()).isEqualTo(1);
    assertThat(bad.accuracy().drop()).isGreaterThan(20);
    Compress held =
        Compress.with(recipe("proof: none", "calibration-method: minmax", "max-drop: 5"))
            .calibratingOn(data)
            .holdingAccuracyOn(data);
    TransformReport good = held.run(input, output, true);
    assertThat(Objects.requireNonNull(good.accuracy()).drop()).isLessThanOrEqualTo(5);
    assertThat(good.notes()).anyMatch(n -> n.contains("Kept in float") && n.contains("first"));
    assertThat(good.notes()).noneMatch(n -> n.contains("Kept in float") && n.contains("second"));
    assertThat(OnnxReader.read(output).model().graph().nodes())
        .anyMatch(n -> n.is("QuantizeLinear"));
    assertThat(good.data()).extracting("step").containsExactly("calibration", "selection");
  }

  /** 50 W by a counter of this machine's time: the run's energy is its length times that. */
  private static Optional<EnergyMeter> fiftyWatts(AtomicInteger closed) {
    return Optional.of(
        new CounterMeter(
            new MeterDescription(
                "synthetic", "50 W", List.of("board"), "all", MeterTraits.counter(1e-9)),
            List.of(new RawCounter("board", () -> System.nanoTime() * 50, 1e-9)),
            TimeSource.system(),
            closed::incrementAndGet));
  }

  @Test
  void energyOfTheRunIsMetered() throws IOException {
    AtomicInteger closed = new AtomicInteger();
    Dataset data = data(1);
    Compress door =
        Compress.with(recipe("proof: none"))
            .calibratingOn(data)
            .meteredBy(() -> fiftyWatts(closed));
    TransformReport report = door.run(input, output, false);
    RunEnergy energy = Objects.requireNonNull(report.energy());

    assertThat(energy.kind()).isEqualTo(EnergyReading.Kind.MEASURED);
    assertThat(energy.seconds()).isGreaterThanOrEqualTo(report.wallSeconds() * 0.9);
    assertThat(energy.energyJ())
        .isCloseTo(50 * energy.seconds(), within(0.05 * 50 * energy.seconds() + 0.5));
    assertThat(closed).hasValue(1);
    assertThat(door.meteredBy(Optional::empty).run(input, output, true).energy()).isNull();
    assertThat(door.plan(input).energy()).isNull();
    assertThat(closed).hasValue(1);
  }

  @Test
  void failedLimitTellsItsEnergyAsWell() throws IOException {
    AtomicInteger closed = new AtomicInteger();
    Dataset data = data(1);
    Compress door =
        Compress.with(recipe("proof: none", "max-drop: -1"))
            .calibratingOn(data)
            .holdingAccuracyOn(data)
            .meteredBy(() -> fiftyWatts(closed));
    TransformGateException e =
        catchThrowableOfType(TransformGateException.class, () -> door.run(input, output, false));

    assertThat(e.report().energy()).isNotNull();
    assertThat(closed).hasValue(1);
  }

  @Test
  void limitThatCannotHoldIsAFailureThatLeavesNothing() throws IOException {
    Dataset data = data(1);
    Compress compress =
        Compress.with(recipe("proof: none", "max-drop: -1"))
            .calibratingOn(data)
            .holdingAccuracyOn(data);
    TransformGateException e =
        catchThrowableOfType(
            TransformGateException.class, () -> compress.run(input, output, false));
    assertThat(e).hasMessageContaining("--max-drop");
    assertThat(e.report().output()).isNull();
    assertThat(e.report().accuracy()).isNotNull();
    assertThat(filesLeft()).containsExactly("model.onnx");
  }

  @Test
  void unlabelledDataCannotHoldAnAccuracy() throws IOException {
    TensorBuffer x = TensorBuffer.of(normal(1, 1, 4, WIDTH));
    Dataset data = Dataset.of("bare", Map.of("x", x), new long[0], DataDescriptor.NONE);
    Compress compress =
        Compress.with(recipe("proof: none", "max-drop: 1"))
            .calibratingOn(data)
            .holdingAccuracyOn(data);
    assertThatThrownBy(() -> compress.run(input, output, false))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("labels");
    assertThat(filesLeft()).containsExactly("model.onnx");
  }

  /** The figure is checked against the share of equal largest scores, counted here. */
  @Test
  void accuracyIsMeasuredWithoutALimitToo() throws IOException {
    Dataset data = data(10_000);
    TransformReport report =
        Compress.with(recipe("proof: none", "calibration-method: minmax", "quantize-mode: static"))
            .calibratingOn(data(1))
            .holdingAccuracyOn(data)
            .run(input, output, false);
    TransformReport.Accuracy accuracy = Objects.requireNonNull(report.accuracy());
    assertThat(accuracy.metric()).isEqualTo("top1");
    assertThat(accuracy.samples()).isEqualTo(SAMPLES);
    assertThat(accuracy.input()).as("labelled by itself").isEqualTo(1);
    assertThat(accuracy.output()).isEqualTo(agreementWithLabels(data)).isLessThan(1);
    assertThat(accuracy.drop()).isEqualTo(100 * (1 - accuracy.output()));
    assertThat(report.data()).extracting("step").containsExactly("calibration", "accuracy");
    assertThat(OnnxReader.read(output).model().metadata())
        .doesNotContainKey("compress.accuracy.sha256");
  }

  private double agreementWithLabels(Dataset data) {
    int right = 0;
    try (InferenceSession session = InferenceSession.open(output, SessionOptions.of(1))) {
      Dataset bound = data.bind(List.of(InputSpec.of("x", ElementType.FLOAT, -1, WIDTH)));
      for (Batch batch : bound.batches(1)) {
        float[] y = Objects.requireNonNull(session.run(batch.inputs()).get("y")).toFloats();
        int label = (int) batch.labels()[0];
        boolean largest = true;
        for (float score : y) {
          largest &= score <= y[label];
        }
        right += largest ? 1 : 0;
      }
    }
    return (double) right / SAMPLES;
  }

  @Test
  void calibrationOnTheDataThatMeasuresIsAWarning() throws IOException {
    Dataset data = data(1);
    TransformReport report =
        Compress.with(recipe("proof: none"))
            .calibratingOn(data)
            .holdingAccuracyOn(data)
            .run(input, output, false);
    assertThat(report.warnings()).anyMatch(w -> w.contains("also served the calibration"));
  }

  /** Nothing searches for half precision: it is measured, and refused. */
  @Test
  void limitHoldsOfEveryFormat() throws IOException {
    Recipe half = recipe("proof: none", "max-drop: -1").withQuantize("fp16");
    Compress compress = Compress.with(half).holdingAccuracyOn(data(1));
    TransformGateException e =
        catchThrowableOfType(
            TransformGateException.class, () -> compress.run(input, output, false));
    assertThat(e).hasMessageContaining("--max-drop allows -1.00");
    assertThat(e.report().accuracy()).isNotNull();
    assertThat(filesLeft()).containsExactly("model.onnx");
    TransformReport report =
        Compress.with(recipe("proof: none", "max-drop: 100").withQuantize("fp16"))
            .holdingAccuracyOn(data(1))
            .run(input, output, false);
    assertThat(report.accuracy()).isNotNull();
    assertThat(filesLeft()).containsExactly("model.int8.onnx", "model.onnx");
  }

  private Recipe recipeFor(String format, String target) throws IOException {
    Path file = folder.resolveSibling(folder.getFileName() + ".yaml");
    Files.writeString(file, "quantize: " + format + "\ntarget: " + target + "\nstrict: true\n");
    try {
      return RecipeFile.read(file);
    } finally {
      Files.delete(file);
    }
  }

  @ParameterizedTest
  @CsvSource({"fp16,cuda", "fp16,tensorrt", "int4,cuda", "int8,tensorrt"})
  void anotherDeviceIsNotTimedHere(String format, String target) throws IOException {
    TransformReport report =
        Compress.with(recipeFor(format, target)).calibratingOn(data(1)).run(input, output, false);
    assertThat(report.speed()).isNull();
    assertThat(report.fidelity()).isNotNull();
    assertThat(report.notes()).anyMatch(n -> n.contains("nothing was timed") && n.contains(target));
    assertThat(report.warnings()).noneMatch(w -> w.contains("slower") || w.contains("planned"));
  }

  @Test
  void speedOnAnotherProcessorIsMarkedAndFailsNothing() throws IOException {
    String other = Compress.thisMachine() == Target.ARM ? "cpu-vnni" : "arm";
    TransformReport report =
        Compress.with(recipeFor("int8", other)).calibratingOn(data(1)).run(input, output, false);
    assertThat(report.speed()).isNotNull();
    assertThat(report.notes()).anyMatch(n -> n.contains("this machine, which is no " + other));
    assertThat(report.notes()).noneMatch(n -> n.contains("slower than float"));
    assertThat(report.warnings()).noneMatch(w -> w.contains("slower"));
  }

  @Test
  void existingOutputIsKept() throws IOException {
    Files.writeString(output, "mine");
    Compress compress = Compress.with(recipe("proof: none"));
    assertThatThrownBy(() -> compress.run(input, output, false))
        .isInstanceOf(OutputExistsException.class);
    assertThat(output).hasContent("mine");
  }

  /** Runs something while child processes cannot start this program. */
  private static <T> T whileChildrenDie(java.util.function.Supplier<T> what) {
    String classPath = System.getProperty("java.class.path");
    System.setProperty("java.class.path", "nowhere");
    try {
      return what.get();
    } finally {
      System.setProperty("java.class.path", classPath);
    }
  }

  @Test
  void deathOfTheProofIsAWarning() throws IOException {
    Compress compress = Compress.with(recipe()).calibratingOn(data(1));
    TransformReport report = whileChildrenDie(() -> compress.run(input, output, false));
    assertThat(output).exists();
    assertThat(report.kernels()).isNull();
    assertThat(report.warnings()).anyMatch(w -> w.contains("crashed") && w.contains("unknown"));
  }

  @Test
  void strictTakesThatWarningAsAFailure() throws IOException {
    Compress compress = Compress.with(recipe("strict: true")).calibratingOn(data(1));
    assertThatThrownBy(() -> whileChildrenDie(() -> compress.run(input, output, false)))
        .isInstanceOf(TransformGateException.class)
        .hasMessageContaining("--strict");
    assertThat(filesLeft()).containsExactly("model.onnx");
  }

  @Test
  void reportHoldsWhatScriptsReadFromIt() throws IOException {
    TransformReport report =
        // static: auto would go back to float where this small model is measured to be slower
        Compress.with(recipe("quantize-mode: static"))
            .calibratingOn(data(1))
            .run(input, output, false);
    JsonNode json = new ObjectMapper().valueToTree(report);
    assertThat(keys(json))
        .contains(
            "schema",
            "tool",
            "input",
            "output",
            "recipe",
            "wall_seconds",
            "peak_rss_bytes",
            "passes",
            "kernels",
            "sparsity",
            "bits_per_weight",
            "warnings",
            "integer_mac_share",
            "load_ms");
    assertThat(json.get("schema").asText()).isEqualTo("compress.transform/1");
    assertThat(keys(json.get("tool"))).contains("version", "onnxruntime");
    assertThat(keys(json.get("input"))).contains("path", "sha256", "bytes", "parameters");
    assertThat(keys(json.get("output")))
        .contains("path", "sha256", "bytes", "bytes_zipped", "ratio");
    assertThat(keys(json.get("kernels"))).contains("integer", "float", "unplanned_float");
    for (JsonNode pass : json.get("passes")) {
      assertThat(keys(pass)).contains("name", "seconds", "changed", "skipped");
      for (JsonNode skipped : pass.get("skipped")) {
        assertThat(keys(skipped)).contains("node", "op", "reason");
      }
    }
    assertThat(json.at("/recipe/quantize").asText()).isEqualTo("int8");
    assertThat(json.at("/kernels/integer/Gemm").asInt()).isEqualTo(2);
    assertThat(json.at("/kernels/unplanned_float")).isEmpty();
    assertThat(json.get("integer_mac_share").asDouble()).isEqualTo(1);
    assertThat(json.at("/output/bytes").asLong()).isEqualTo(Files.size(output));
    assertThat(json.at("/output/ratio").asDouble())
        .isEqualTo((double) Files.size(input) / Files.size(output))
        .isGreaterThan(3);
    assertThat(json.get("bits_per_weight").asDouble()).isBetween(8.0, 9.0);
    assertThat(OnnxReader.read(output).model().metadata())
        .containsKeys("compress.recipe", "compress.version", "compress.calibration.sha256");
  }

  private static List<String> keys(JsonNode node) {
    List<String> keys = new ArrayList<>();
    node.fieldNames().forEachRemaining(keys::add);
    return keys;
  }
}
