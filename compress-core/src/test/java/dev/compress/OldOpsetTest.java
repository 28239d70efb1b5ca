package dev.compress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.recipe.Recipe;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a limit of the operator set leaves out is said, by a plan too, and the others are done. */
class OldOpsetTest {
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

  @BeforeEach
  void write() throws IOException {
    OnnxModel model =
        OnnxModel.of(
            4,
            9,
            Graph.of(
                "old",
                List.of(
                    Node.of(
                        "Conv",
                        "c",
                        List.of("x", "w1"),
                        List.of("a"),
                        Attribute.of("pads", new long[] {1, 1, 1, 1})),
                    Node.of("Relu", "r", List.of("a"), List.of("b")),
                    Node.of("Flatten", "f", List.of("b"), List.of("d")),
                    Node.of("MatMul", "m", List.of("d", "w2"), List.of("y"))),
                List.of(
                    Initializer.of("w1", normal(1, 32, 16, 3, 3)),
                    Initializer.of("w2", normal(2, 1024, 64))),
                List.of(value("x", 16, 8, 4)),
                List.of(value("y", 64))));
    Files.write(folder.resolve("old.onnx"), OnnxWriter.toBytes(model));
  }

  private static ValueInfo value(String name, long... dims) {
    List<Dim> all = new ArrayList<>(List.of(Dim.of("n")));
    for (long dim : dims) {
      all.add(Dim.of(dim));
    }
    return ValueInfo.of(name, ValueType.tensor(ElementType.FLOAT, all));
  }

  private static Dataset samples() {
    TensorBuffer x = TensorBuffer.of(normal(9, SAMPLES, 16, 8, 4));
    return Dataset.of("samples", Map.of("x", x), new long[SAMPLES], DataDescriptor.NONE);
  }

  private static List<String> limits(TransformReport report) {
    return report.warnings().stream().filter(w -> w.startsWith("--opset")).toList();
  }

  @ParameterizedTest
  @CsvSource({
    "9, true, 13 11",
    "10, true, 13 11",
    "12, true, 13",
    "13, true, ''",
    "9, false, 11 11",
    "11, false, ''"
  })
  void whatIsLeftOutIsSaidWithTheOpsetThatItTakes(int opset, boolean calibrated, String needed)
      throws IOException {
    Recipe recipe =
        Recipe.EMPTY.toBuilder()
            .quantize("int8")
            .target("cpu-vnni")
            .proof("none")
            .prune(0.9)
            .cluster(16)
            .opset(opset)
            .build();
    Compress door = Compress.with(recipe);
    door = calibrated ? door.calibratingOn(samples()) : door;
    Path output = folder.resolve("out.onnx");
    TransformReport plan = door.plan(folder.resolve("old.onnx"));
    TransformReport run = door.run(folder.resolve("old.onnx"), output, false);
    List<String> numbers =
        limits(run).stream().map(w -> w.replaceAll(".*operator set (\\d+).*", "$1")).toList();
    assertThat(String.join(" ", numbers)).isEqualTo(needed);
    assertThat(limits(plan)).isEqualTo(limits(run));
    assertThat(OnnxReader.read(output).model().opset()).isLessThanOrEqualTo(opset);
    // Packed it is under a tenth; in 8 bits, a quarter.
    long input = Files.size(folder.resolve("old.onnx"));
    assertThat(Files.size(output)).isLessThan(input / (opset < 11 ? 3 : 10));
  }

  /** DynamicQuantizeLinear came with operator set 11. */
  @Test
  void weightsAreStoredIn8BitsWhereNothingComputesInThem() throws IOException {
    Recipe recipe =
        Recipe.EMPTY.toBuilder().quantize("int8").target("cpu-vnni").proof("none").opset(9).build();
    Path output = folder.resolve("out.onnx");
    TransformReport report = Compress.with(recipe).run(folder.resolve("old.onnx"), output, false);
    assertThat(report.notes()).noneMatch(n -> n.contains("--calibration-data"));
    assertThat(OnnxReader.read(output).model().graph().nodes())
        .extracting(Node::opType)
        .doesNotContain("DynamicQuantizeLinear", "MatMulInteger");
    assertThat(Files.size(output)).isLessThan(Files.size(folder.resolve("old.onnx")) / 3);
  }
}
