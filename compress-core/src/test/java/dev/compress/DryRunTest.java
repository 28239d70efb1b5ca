package dev.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.error.InvalidDataException;
import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxWriter;
import dev.compress.pass.PassResult.Change;
import dev.compress.progress.Progress;
import dev.compress.recipe.Recipe;
import dev.compress.recipe.RecipeFile;
import dev.compress.report.TransformReport;
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
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A plan names what the run then does, and costs neither calibration nor a file. */
class DryRunTest {
  private static final int SAMPLES = 16;

  @TempDir Path folder;

  private static Tensor normal(int seed, long... dims) {
    Shape shape = Shape.of(dims);
    float[] values = new float[(int) shape.elementCount()];
    Random random = new Random(seed);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (0.1 * random.nextGaussian());
    }
    return Tensor.ofFloats(shape, values);
  }

  private static Initializer weight(String name, int seed, long... dims) {
    return Initializer.of(name, normal(seed, dims));
  }

  private static ValueInfo value(String name, long... dims) {
    List<Dim> all = new ArrayList<>(List.of(Dim.of("n")));
    for (long dim : dims) {
      all.add(Dim.of(dim));
    }
    return ValueInfo.of(name, ValueType.tensor(ElementType.FLOAT, all));
  }

  /** With a normalization to fold, an identity to remove and a matrix too small for integers. */
  private static OnnxModel cnn() {
    Attribute pads = Attribute.of("pads", new long[] {1, 1, 1, 1});
    return OnnxModel.of(
        8,
        17,
        Graph.of(
            "cnn",
            List.of(
                Node.of("Conv", "c1", List.of("x", "w1"), List.of("a"), pads),
                Node.of("BatchNormalization", "bn", List.of("a", "s", "b", "m", "v"), List.of("h")),
                Node.of("Relu", "r1", List.of("h"), List.of("r")),
                Node.of("Conv", "c2", List.of("r", "w2"), List.of("c"), pads),
                Node.of("Relu", "r2", List.of("c"), List.of("d")),
                Node.of("GlobalAveragePool", "pool", List.of("d"), List.of("p")),
                Node.of("Flatten", "flat", List.of("p"), List.of("f")),
                Node.of("Identity", "same", List.of("f"), List.of("g")),
                Node.of("Gemm", "head", List.of("g", "w3", "b3"), List.of("y"))),
            List.of(
                weight("w1", 1, 32, 3, 3, 3),
                Initializer.of("s", ones(32)),
                weight("b", 2, 32),
                weight("m", 3, 32),
                Initializer.of("v", ones(32)),
                weight("w2", 4, 64, 32, 3, 3),
                weight("w3", 5, 64, 40),
                weight("b3", 6, 40)),
            List.of(value("x", 3, 16, 16)),
            List.of(value("y", 40))));
  }

  private static Tensor ones(int count) {
    float[] values = new float[count];
    java.util.Arrays.fill(values, 1);
    return Tensor.ofFloats(Shape.of(count), values);
  }

  private static OnnxModel matrices() {
    return OnnxModel.of(
        8,
        17,
        Graph.of(
            "matrices",
            List.of(
                Node.of("MatMul", "m1", List.of("x", "w1"), List.of("a")),
                Node.of("Add", "add", List.of("a", "b1"), List.of("b")),
                Node.of("Relu", "relu", List.of("b"), List.of("c")),
                Node.of("MatMul", "m2", List.of("c", "w2"), List.of("d")),
                Node.of("MatMul", "m3", List.of("d", "w3"), List.of("y"))),
            List.of(
                weight("w1", 1, 128, 512),
                weight("b1", 2, 512),
                weight("w2", 3, 512, 128),
                weight("w3", 4, 128, 12)),
            List.of(value("x", 128)),
            List.of(value("y", 12))));
  }

  private static Dataset data(long... sample) {
    long[] dims = new long[sample.length + 1];
    dims[0] = SAMPLES;
    System.arraycopy(sample, 0, dims, 1, sample.length);
    TensorBuffer x = TensorBuffer.of(normal(9, dims));
    return Dataset.of("samples", Map.of("x", x), new long[SAMPLES], DataDescriptor.NONE);
  }

  /** Stages of the work that were begun. */
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

  private Recipe recipe(String... lines) throws IOException {
    Path file = folder.resolveSibling(folder.getFileName() + ".yaml");
    Files.writeString(file, "proof: none\n" + String.join("\n", lines) + "\n");
    try {
      return RecipeFile.read(file);
    } finally {
      Files.delete(file);
    }
  }

  @ParameterizedTest(name = "{0} by {1} {2} on {3}, calibrated: {4}")
  @CsvSource({
    "cnn, int8, auto, cpu-vnni, true",
    "cnn, int8, static, cpu-avx2, true",
    "cnn, int8, auto, cpu-vnni, false",
    "cnn, int8, weights, cpu-vnni, true",
    "cnn, fp16, auto, cpu-vnni, false",
    "cnn, fp16, auto, cuda, false",
    "cnn, int4, auto, cpu-vnni, false",
    "matrices, int8, auto, cpu-vnni, true",
    "matrices, int8, static, cpu-vnni, true",
    "matrices, int8, auto, cpu-vnni, false",
    "matrices, int8, dynamic, cpu-avx2, true",
    "matrices, int8, weights, cpu-vnni, false",
    "matrices, fp16, auto, cpu-vnni, false",
    "matrices, int4, auto, cpu-vnni, false"
  })
  void namesWhatTheRunThenChanges(
      String name, String quantize, String mode, String target, boolean calibrated)
      throws IOException {
    boolean convolves = name.equals("cnn");
    Path input = folder.resolve(name + ".onnx");
    Files.write(input, OnnxWriter.toBytes(convolves ? cnn() : matrices()));
    String how = mode.equals("auto") ? "" : "quantize-mode: " + mode;
    Compress door = Compress.with(recipe("quantize: " + quantize, "target: " + target, how));
    if (calibrated) {
      door = door.calibratingOn(convolves ? data(3, 16, 16) : data(128));
    }
    Stages stages = new Stages();
    TransformReport plan = door.reportingTo(stages).plan(input);

    assertThat(plan.output()).isNull();
    assertThat(folder).isDirectoryNotContaining(f -> !f.equals(input));
    assertThat(stages.begun).doesNotContain("calibrate", "choose ranges");
    TransformReport run = door.run(input, folder.resolve("out.onnx"), false);
    assertThat(plan.passes())
        .extracting("name")
        .isEqualTo(run.passes().stream().map(TransformReport.Pass::name).toList());
    assertThat(changes(run)).isNotEmpty();
    assertThat(changes(plan)).containsExactlyElementsOf(changes(run));
    assertThat(last(plan).changed()).isNotEmpty();
    assertThat(last(plan).skipped()).containsExactlyElementsOf(last(run).skipped());
  }

  /** But for what only a trial on data can tell. */
  private static List<Change> changes(TransformReport report) {
    return report.passes().stream()
        .filter(p -> !p.name().equals("improve-accuracy"))
        .flatMap(p -> p.changed().stream())
        .toList();
  }

  private static TransformReport.Pass last(TransformReport report) {
    return report.passes().get(report.passes().size() - 1);
  }

  @Test
  void refusesWhatTheRunWouldRefuse() throws IOException {
    Path input = folder.resolve("cnn.onnx");
    Files.write(input, OnnxWriter.toBytes(cnn()));
    Compress door =
        Compress.with(recipe("quantize: int8", "quantize-mode: static", "target: cpu-vnni"));
    assertThatThrownBy(() -> door.plan(input))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("--calibration-data");
  }
}
