package dev.compress.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.compress.calibrate.DatasetSamples;
import dev.compress.data.Dataset;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.onnx.WriteSettings;
import dev.compress.progress.Progress;
import dev.compress.search.ModelScore;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DistillCommandTest {
  private final Bench bench = new Bench();
  @TempDir Path folder;
  private Path teacher = Path.of("");
  private Path student = Path.of("");
  private Path training = Path.of("");
  private Path score = Path.of("");

  @BeforeEach
  void makeFiles() throws IOException {
    teacher = write("teacher.onnx", 16, 3);
    student = write("student.onnx", 8, 3);
    training = csv("train.csv", 300, 3, 1);
    score = csv("score.csv", 200, 3, 2);
  }

  private Path write(String name, int hidden, int classes) {
    Path file = folder.resolve(name);
    OnnxWriter.write(
        network(hidden, classes), file, WriteSettings.DEFAULT.withForce(true), Progress.NONE);
    return file;
  }

  private static OnnxModel network(int hidden, int classes) {
    Random random = new Random(hidden);
    List<Initializer> weights =
        List.of(
            weight(random, "w1", 4, hidden),
            weight(random, "b1", hidden),
            weight(random, "w2", hidden, classes),
            weight(random, "b2", classes));
    List<Node> nodes =
        List.of(
            Node.of("Gemm", "one", List.of("x", "w1", "b1"), List.of("h")),
            Node.of("Relu", "relu", List.of("h"), List.of("a")),
            Node.of("Gemm", "two", List.of("a", "w2", "b2"), List.of("y")));
    Graph graph =
        Graph.of("net", nodes, weights, List.of(value("x", 4)), List.of(value("y", classes)));
    return OnnxModel.of(8, 17, graph);
  }

  private static ValueInfo value(String name, long width) {
    return ValueInfo.of(
        name, ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("n"), Dim.of(width))));
  }

  private static Initializer weight(Random random, String name, long... dims) {
    Shape shape = Shape.of(dims);
    float[] values = new float[(int) shape.elementCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (0.5 * random.nextGaussian());
    }
    return Initializer.of(name, Tensor.ofFloats(shape, values));
  }

  private Path csv(String name, int samples, int classes, long seed) throws IOException {
    Random random = new Random(seed);
    List<String> lines = new ArrayList<>(List.of("a,b,c,d,label"));
    for (int i = 0; i < samples; i++) {
      StringBuilder line = new StringBuilder();
      for (int j = 0; j < 4; j++) {
        double value = random.nextGaussian() + (j == i % classes ? 3 : 0);
        line.append(String.format(Locale.ROOT, "%.5f,", value));
      }
      lines.add(line.append(i % classes).toString());
    }
    return Files.write(folder.resolve(name), lines);
  }

  private Bench.Result distill(String... more) {
    List<String> args = new ArrayList<>(List.of("distill", "--teacher-cache"));
    args.add(folder.resolve("cache").toString());
    args.addAll(List.of("--train-data", training.toString(), "--threads", "1", "--batch", "16"));
    args.addAll(List.of("--energy", "none"));
    args.addAll(List.of(more));
    return bench.run(args.toArray(String[]::new));
  }

  private static void assumeNatives() {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64"),
        "the build carries the training natives of Linux x64 only");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--epochs 3 | Which model is to be trained",
        "--student STUDENT --student-from width=0.5 | give one of the two",
        "--student-from width=0.5 --student STUDENT | give one of the two",
        "--teacher TEACHER --student-from slim | prune=0.5, width=0.5 or depth=2",
        "--student STUDENT --alpha 2 | --alpha must be 0 to 1",
        "--student STUDENT --temperature 0 | --temperature must be over 0",
        "--student STUDENT --optimizer lion | sgd, adamw",
        "--student STUDENT --schedule line | cosine, step, constant",
        "--student STUDENT --augment spin | shift, flip and cutout",
        "--student STUDENT --hints a | teacher:student",
        "--student STUDENT --class-weights x | balanced",
        "--student STUDENT --epochs 0 | --epochs must be 1 or more",
        "--student STUDENT --train-samples 0 | --train-samples must be 1 or more",
        "--student STUDENT --report r.txt | must end in .json or .html",
      })
  void explainsWrongUse(String options, String message) {
    String line =
        options.replace("STUDENT", student.toString()).replace("TEACHER", teacher.toString());
    Bench.Result result = distill(line.split(" ", -1));
    assertThat(result.err()).contains(message);
    assertThat(result.code()).isEqualTo(2);
  }

  @Test
  void wantsDataAndModelsThatExist() {
    assertThat(bench.run("distill", "--student", student.toString()).err())
        .contains("--train-data PATH");
    Bench.Result result = distill("--student", "nowhere.onnx");
    assertThat(result.code()).isEqualTo(6);
    assertThat(result.err()).contains("No such file: nowhere.onnx");
  }

  @Test
  void saysThatThereIsNothingToGoOnFrom() {
    assumeNatives();
    Path output = folder.resolve("new.onnx");
    Bench.Result result =
        distill(
            "--student", student.toString(), "-o", output.toString(), "--epochs", "1", "--resume");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.err())
        .contains("no checkpoint " + output + ".checkpoint: the training begins anew");
  }

  /**
   * A teacher that is trained first, then a student that learns from it; scores by ONNX Runtime.
   */
  @Test
  void trainsATeacherAndThenAStudentOfIt() throws IOException {
    assumeNatives();
    Path trained = folder.resolve("trained.onnx");
    Bench.Result first =
        distill(
            "--student",
            teacher.toString(),
            "-o",
            trained.toString(),
            "--lr",
            "0.02",
            "--json",
            "--epochs",
            "4",
            "--data",
            score.toString());
    assertThat(first.code()).as(first.err()).isZero();
    Path output = folder.resolve("out.onnx");
    Path log = folder.resolve("log.csv");
    Path report = folder.resolve("report.json");
    Path page = folder.resolve("report.html");
    Bench.Result second =
        distill(
            "--teacher",
            trained.toString(),
            "--student",
            student.toString(),
            "-o",
            output.toString(),
            "--lr",
            "0.02",
            "--epochs",
            "12",
            "--data",
            score.toString(),
            "--log",
            log.toString(),
            "--report",
            report.toString(),
            "--report",
            page.toString(),
            "--json",
            "--hints",
            "a:a");
    assertThat(second.code()).as(second.err()).isZero();
    JsonNode json = new ObjectMapper().readTree(second.out());
    assertThat(json).isEqualTo(new ObjectMapper().readTree(report.toFile()));
    assertThat(json.get("schema").asText()).isEqualTo("compress.distill/1");
    double said = json.at("/accuracy/output").asDouble();
    assertThat(said).isGreaterThan(0.85).isGreaterThan(json.at("/accuracy/before").asDouble());
    assertThat(scored(output)).isEqualTo(said);
    assertThat(Files.readString(page))
        .contains("Course of the training", "chose the best epoch", "scored, and nothing else")
        .contains(String.format(Locale.ROOT, "%.2f%%", 100 * said));
    assertThat(scored(trained)).isEqualTo(json.at("/accuracy/teacher").asDouble());
    assertThat(json.at("/data").findValuesAsText("step"))
        .containsExactly("training", "selection", "accuracy");
    assertThat(json.at("/training/stopped/reason").asText()).isEqualTo("finished");
    assertThat(Files.readAllLines(log)).hasSize(13);
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(f -> String.valueOf(f.getFileName())))
          .containsExactlyInAnyOrder(
              "teacher.onnx",
              "student.onnx",
              "train.csv",
              "score.csv",
              "trained.onnx",
              "out.onnx",
              "log.csv",
              "report.json",
              "report.html",
              "cache");
    }
    Bench.Result text =
        distill(
            "--teacher",
            trained.toString(),
            "--student-from",
            "width=0.5",
            "-o",
            output.toString(),
            "--force",
            "--epochs",
            "1");
    assertThat(text.code()).as(text.err()).isZero();
    assertThat(text.out()).contains("teacher", "student", "trained", "best epoch is chosen on 30");
  }

  private double scored(Path model) {
    OnnxModel read = OnnxReader.read(model).model();
    try (Dataset data = Dataset.open(score)) {
      return new ModelScore(DatasetSamples.runOf(data, read.graph()), 1, Progress.NONE)
          .score(read)
          .value();
    }
  }

  @Test
  void refusesWhatDoesNotFit() throws IOException {
    assumeNatives();
    Path other = write("other.onnx", 4, 5);
    Bench.Result shapes = distill("--teacher", other.toString(), "--student", student.toString());
    assertThat(shapes.code()).isEqualTo(3);
    assertThat(shapes.err()).contains("Teacher and student do not fit");
    training = csv("more.csv", 50, 4, 1);
    Bench.Result labels = distill("--student", student.toString());
    assertThat(labels.code()).isEqualTo(3);
    assertThat(labels.err()).contains("Label 3").contains("3 classes");
    Bench.Result same =
        distill("--student", student.toString(), "--validation-data", training.toString());
    assertThat(same.code()).isEqualTo(3);
    assertThat(same.err()).contains("named twice").contains("--validation-data");
    assertThat(folder.resolve("student.distilled.onnx")).doesNotExist();
  }

  @Test
  void withoutLabelsItNeedsATeacher() throws IOException {
    assumeNatives();
    String header =
        String.format(
            Locale.ROOT,
            "%-117s\n",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (50, 4), }");
    training = folder.resolve("unlabelled.npy");
    try (var out = Files.newOutputStream(training)) {
      out.write(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0});
      out.write(header.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
      out.write(new byte[50 * 4 * Float.BYTES]);
    }
    Bench.Result result = distill("--student", student.toString());
    assertThat(result.code()).isEqualTo(3);
    assertThat(result.err()).contains("no labels").contains("--teacher");
  }

  @Test
  void aLossThatIsNoNumberIsAFailedGate() throws IOException {
    assumeNatives();
    Bench.Result result =
        distill(
            "--student",
            student.toString(),
            "--optimizer",
            "sgd",
            "--lr",
            "1e30",
            "--schedule",
            "constant",
            "--json");
    assertThat(result.code()).isEqualTo(5);
    assertThat(result.err()).contains("no number at step").contains("--clip-norm 1");
    JsonNode json = new ObjectMapper().readTree(result.out());
    assertThat(json.at("/error/code").asInt()).isEqualTo(5);
    assertThat(json.at("/training/stopped/reason").asText()).isEqualTo("diverged");
    assertThat(json.at("/training/stopped/step").asLong()).isPositive();
  }
}
