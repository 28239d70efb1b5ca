package dev.compress.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.compress.cli.console.Terminal;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxWriter;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The main job with the real modules: which description holds for which data. */
class DoorEngineTest {
  private static final int FEATURES = 64;
  private static final int CLASSES = 32;
  private static final int ROWS = 40;

  @TempDir Path folder;

  @BeforeEach
  void write() throws IOException {
    OnnxModel model =
        OnnxModel.of(
            8,
            17,
            Graph.of(
                "linear",
                List.of(Node.of("MatMul", "product", List.of("x", "w"), List.of("y"))),
                List.of(Initializer.of("w", weights())),
                List.of(matrix("x", FEATURES)),
                List.of(matrix("y", CLASSES))));
    OnnxWriter.write(model, file("m.onnx"));
    // The labels' column has a name that only a descriptor can tell.
    table("calibration.csv", 1);
    table("test.csv", 2);
    Files.writeString(file("c.yaml"), "labels: {column: target}\n");
  }

  private Path file(String name) {
    return folder.resolve(name);
  }

  private static ValueInfo matrix(String name, long columns) {
    return ValueInfo.of(
        name, ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("n"), Dim.of(columns))));
  }

  private static Tensor weights() {
    float[] values = new float[FEATURES * CLASSES];
    Random random = new Random(3);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return Tensor.ofFloats(Shape.of(FEATURES, CLASSES), values);
  }

  private void table(String name, int seed) throws IOException {
    Random random = new Random(seed);
    List<String> rows = new ArrayList<>();
    StringBuilder header = new StringBuilder("target");
    for (int i = 0; i < FEATURES; i++) {
      header.append(",f").append(i);
    }
    rows.add(header.toString());
    for (int r = 0; r < ROWS; r++) {
      StringBuilder row = new StringBuilder().append(random.nextInt(CLASSES));
      for (int i = 0; i < FEATURES; i++) {
        row.append(',').append((float) random.nextGaussian());
      }
      rows.add(row.toString());
    }
    Files.write(file(name), rows);
  }

  private Bench.Result compress(String... more) {
    List<String> args = new ArrayList<>();
    args.addAll(List.of("--quantize", "int8", "--proof", "none", "--force", "--json"));
    for (String word : more) {
      args.add(word.matches(".*\\.(csv|yaml|json|bin)") ? file(word).toString() : word);
    }
    args.add(file("m.onnx").toString());
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        new Program(Terminal.of(out, err, Map.of()), Wiring.ofModules(), new AtomicBoolean())
            .run(args.toArray(String[]::new));
    return new Bench.Result(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static JsonNode report(Bench.Result result) throws IOException {
    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
    return new ObjectMapper().readTree(result.out());
  }

  @Test
  void withoutItsDescriptionTheDataDoNotFit() {
    Bench.Result result = compress("--calibration-data", "calibration.csv");
    assertThat(result.code()).isEqualTo(3);
    assertThat(result.err()).contains("calibration.csv").contains("x");
    assertThat(result.err().lines().count()).isLessThanOrEqualTo(2);
  }

  @Test
  void aDescriptionIsForDataThatStandsAlone() throws IOException {
    JsonNode calibrated =
        report(compress("--calibration-data", "calibration.csv", "--data-config", "c.yaml"));
    assertThat(calibrated.at("/data/0/step").asText()).isEqualTo("calibration");
    assertThat(calibrated.at("/accuracy").isNull()).isTrue();
    JsonNode scored = report(compress("--data", "test.csv", "--data-config", "c.yaml"));
    assertThat(scored.at("/data/0/step").asText()).isEqualTo("accuracy");
    assertThat(scored.at("/accuracy/metric").asText()).isEqualTo("top1");
    assertThat(scored.at("/accuracy/samples").asInt()).isEqualTo(ROWS);
  }

  @Test
  void aDescriptionIsForBothButForWhatIsTrueOfOneFileOnly() throws IOException {
    Files.writeString(
        file("c.yaml"), "labels: {column: target}\nsplit: {offset: 30, count: 10}\nmetric: top5\n");
    JsonNode report =
        report(
            compress(
                "--calibration-data",
                "calibration.csv",
                "--data",
                "test.csv",
                "--data-config",
                "c.yaml"));
    assertThat(report.at("/accuracy/metric").asText()).isEqualTo("top5");
    assertThat(report.at("/accuracy/samples").asInt()).isEqualTo(10);
    assertThat(report.at("/data/0/step").asText()).isEqualTo("calibration");
    assertThat(report.at("/data/0/samples").asInt()).as("not the other's split").isEqualTo(ROWS);
  }

  @Test
  void gradientsAreTakenOnSamplesOnly() throws IOException {
    String[] taylor = {"--prune", "0.5", "--prune-criterion", "taylor", "--pack", "none"};
    Bench.Result without = compress(taylor);
    assertThat(without.code()).isEqualTo(2);
    assertThat(without.err()).contains("--calibration-data");
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64"),
        "the build carries the training natives of Linux x64 only");
    List<String> with = new ArrayList<>(List.of(taylor));
    with.addAll(List.of("--calibration-data", "calibration.csv", "--data-config", "c.yaml"));
    JsonNode report = report(compress(with.toArray(String[]::new)));
    assertThat(report.at("/recipe/prune-criterion").asText()).isEqualTo("taylor");
    assertThat(report.at("/notes").toString()).contains("cross-entropy of the labels");
  }

  @Test
  void aDryRunTellsWhatWouldChange() throws IOException {
    JsonNode plan = report(compress("--dry-run"));
    assertThat(plan.at("/output").isNull()).isTrue();
    assertThat(file("m.int8.onnx")).doesNotExist();
    JsonNode done = report(compress());
    for (int i = 0; i < done.at("/passes").size(); i++) {
      String changed = "/passes/" + i + "/changed";
      assertThat(plan.at(changed)).isEqualTo(done.at(changed));
    }
    assertThat(plan.at("/passes").findValuesAsText("what"))
        .anyMatch(what -> what.contains("stored in 8 bits"));
  }

  /** The records hold no labels, and calibration needs none. */
  @Test
  void labelsInAFileOfTheirOwnAreNotForCalibration() throws IOException {
    ByteBuffer records =
        ByteBuffer.allocate(ROWS * FEATURES * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    StringBuilder labels = new StringBuilder("index,label\n");
    Random random = new Random(3);
    for (int row = 0; row < ROWS; row++) {
      for (int i = 0; i < FEATURES; i++) {
        records.putFloat((float) random.nextGaussian());
      }
      labels.append(row).append(',').append(row % CLASSES).append('\n');
    }
    Files.write(file("test.bin"), records.array());
    Files.write(file("other.bin"), records.array());
    Files.writeString(file("labels.csv"), labels);
    Files.writeString(
        file("raw.yaml"),
        """
        format: raw
        inputs: {x: {dtype: float32, shape: [64]}}
        labels: {file: labels.csv, column: label}
        metric: top1
        """);
    JsonNode report =
        report(
            compress(
                "--calibration-data",
                "other.bin",
                "--data",
                "test.bin",
                "--data-config",
                "raw.yaml"));
    assertThat(report.at("/data/0/step").asText()).isEqualTo("calibration");
    assertThat(report.at("/accuracy/samples").asInt()).isEqualTo(ROWS);
  }

  @Test
  void calibrationDataKeepTheDescriptionBesideThem() throws IOException {
    Files.writeString(
        file("calibration.yaml"), "labels: {column: target}\nsplit: {offset: 0, count: 7}\n");
    JsonNode report =
        report(
            compress(
                "--calibration-data",
                "calibration.csv",
                "--data",
                "test.csv",
                "--data-config",
                "c.yaml"));
    assertThat(report.at("/data/0/samples").asInt()).isEqualTo(7);
    assertThat(report.at("/data/1/samples").asInt()).isEqualTo(ROWS);
  }

  @Test
  void theDescriptionGivenComesBeforeTheOneBesideTheDataItIsFor() throws IOException {
    Files.writeString(
        file("test.yaml"), "labels: {column: target}\nsplit: {offset: 0, count: 7}\n");
    JsonNode report = report(compress("--data", "test.csv", "--data-config", "c.yaml"));
    assertThat(report.at("/accuracy/samples").asInt()).isEqualTo(ROWS);
    JsonNode beside = report(compress("--data", "test.csv"));
    assertThat(beside.at("/accuracy/samples").asInt()).isEqualTo(7);
  }

  @Test
  void dataWithoutLabelsAreRefusedBeforeTheWork() throws IOException {
    Files.writeString(file("bare.yaml"), "inputs: {x: {columns: \"1-\"}}\n");
    Files.copy(file("test.csv"), file("bare.csv"));
    Bench.Result result = compress("--data", "bare.csv");
    assertThat(result.code()).isEqualTo(3);
    assertThat(result.err()).contains("no labels").contains("labels: {column");
    assertThat(file("m.int8.onnx")).doesNotExist();
  }
}
