package dev.compress;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.inspect.ModelInspection;
import dev.compress.inspect.ModelInspector;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.progress.Progress;
import dev.compress.recipe.Recipe;
import dev.compress.recipe.RecipeFile;
import dev.compress.report.TransformReport;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatReader;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a first run gained, a second one keeps: counted in the dense form of what it wrote. */
class WorkedOnAgainTest extends DoorBench {
  private static final int CLASSES = 7;

  private Path first = Path.of("");

  @BeforeEach
  void nameFirst() {
    first = folder.resolve("first.onnx");
  }

  private Recipe of(String... lines) throws IOException {
    Path file = folder.resolveSibling(folder.getFileName() + ".yaml");
    Files.writeString(file, "target: cpu-vnni\n" + String.join("\n", lines) + "\n");
    try {
      return RecipeFile.read(file);
    } finally {
      Files.delete(file);
    }
  }

  private Map<String, Tensor> weights(Path file) {
    Path dense = folder.resolve("dense.onnx");
    try {
      Compress.unpack(file, dense, true, Progress.NONE);
    } catch (UnsupportedModelException e) {
      dense = file; // it is dense
    }
    return OnnxReader.read(dense).model().graph().initializers().stream()
        .filter(i -> i.tensor().shape().rank() == 2)
        .collect(Collectors.toMap(Initializer::name, Initializer::tensor));
  }

  private static float[] sorted(Tensor tensor) {
    float[] values = new float[(int) tensor.elementCount()];
    if (tensor.type().equals(ElementType.INT8)) {
      byte[] codes = tensor.data().toByteArray();
      for (int i = 0; i < codes.length; i++) {
        values[i] = codes[i];
      }
    } else {
      new FloatReader(tensor).read(0, values, 0, values.length);
    }
    Arrays.sort(values);
    return values;
  }

  private static long distinct(Tensor tensor) {
    float[] values = sorted(tensor);
    long distinct = 1;
    for (int i = 1; i < values.length; i++) {
      distinct += values[i] == values[i - 1] ? 0 : 1;
    }
    return distinct;
  }

  private static double zeros(Tensor tensor) {
    float[] values = sorted(tensor);
    int zeros = 0;
    for (float value : values) {
      zeros += value == 0 ? 1 : 0;
    }
    return (double) zeros / values.length;
  }

  /** It is small already, so that in integers it may be larger: that is what was asked for. */
  @Test
  void aPackedModelBecomesIntegerAndKeepsItsZerosAndClusters() throws IOException {
    Compress.with(of("prune: 0.9", "cluster: 16")).run(input, first, false);
    TransformReport report =
        Compress.with(of("quantize: int8", "proof: kernels"))
            .calibratingOn(data(1))
            .run(first, output, false);
    assertThat(requireNonNull(report.kernels()).integer()).containsEntry("Gemm", 2);
    Map<String, Tensor> weights = weights(output);
    assertThat(weights).hasSize(2);
    for (Tensor weight : weights.values()) {
      assertThat(weight.type()).isEqualTo(ElementType.INT8);
      assertThat(distinct(weight)).isBetween(2L, 16L);
      assertThat(zeros(weight)).isGreaterThan(0.8);
    }
    assertThat(Files.size(output)).as("packed again").isLessThan(Files.size(input) / 8);
  }

  @Test
  void packedWeightsCountAsWhatTheyAreUnpackedTo() throws IOException {
    long elements =
        OnnxReader.read(input).model().graph().initializers().stream()
            .mapToLong(i -> i.tensor().elementCount())
            .sum();
    Compress.with(of("prune: 0.9", "cluster: 16")).run(input, first, false);
    ModelInspection packed = ModelInspector.inspect(first, 1, Progress.NONE);
    assertThat(packed.weightBytes()).isLessThan(elements);
    assertThat(packed.parameters()).isEqualTo(elements);
    assertThat(packed.ops())
        .filteredOn(op -> op.parameters() > 0)
        .extracting(ModelInspection.Op::op, ModelInspection.Op::parameters)
        .containsExactly(tuple("Gemm", elements));
    TransformReport report =
        Compress.with(of("quantize: fp16", "proof: kernels")).run(first, output, false);
    assertThat(report.input().parameters()).isEqualTo(elements);
    double bitsOfTheFile = 8.0 * Files.size(output) / elements;
    assertThat(requireNonNull(report.bitsPerWeight())).isBetween(bitsOfTheFile / 2, bitsOfTheFile);
  }

  @Test
  void aClusteredModelIsPrunedWithoutNewValues() throws IOException {
    Compress.with(of("cluster: 16", "pack: none")).run(input, first, false);
    TransformReport report =
        Compress.with(of("prune: 0.5")).calibratingOn(data(1)).run(first, output, false);
    Map<String, Tensor> before = weights(first);
    Map<String, Tensor> after = weights(output);
    for (String name : List.of("w1", "w2")) {
      float[] known = sorted(requireNonNull(before.get(name)));
      for (float value : sorted(requireNonNull(after.get(name)))) {
        assertThat(value == 0 || Arrays.binarySearch(known, value) >= 0).isTrue();
      }
    }
    double share =
        after.values().stream().mapToDouble(WorkedOnAgainTest::zeros).average().orElseThrow();
    assertThat(share).isBetween(0.5, 0.51); // both have as many elements
    assertThat(reasons(report, "prune-weights"))
        .allMatch(r -> r.endsWith("they share few values, which stay"))
        .hasSize(2);
  }

  @Test
  void whatAQuantizedModelHasLeftInFloatIsNotPruned() throws IOException {
    OnnxModel quantized = mostlyQuantized();
    Files.write(first, OnnxWriter.toBytes(quantized));
    for (String work : List.of("prune: 0.95", "cluster: 4")) {
      TransformReport report = Compress.with(of(work)).run(first, output, true);
      assertThat(reasons(report, work.startsWith("prune") ? "prune-weights" : "cluster-weights"))
          .containsExactlyInAnyOrder(
              "it is quantized already; start from the float model",
              "most of the model is quantized already; start from the float model");
      for (Initializer weight : OnnxReader.read(output).model().graph().initializers()) {
        Tensor before =
            quantized.graph().initializers().stream()
                .filter(i -> i.name().equals(weight.name()))
                .findFirst()
                .orElseThrow()
                .tensor();
        assertThat(sorted(weight.tensor())).as(weight.name()).isEqualTo(sorted(before));
      }
    }
  }

  /** The first layer in 8 bits, the smaller second one in float. */
  private static OnnxModel mostlyQuantized() {
    byte[] codes = new byte[WIDTH * HIDDEN];
    new Random(5).nextBytes(codes);
    return OnnxModel.of(
        8,
        17,
        Graph.of(
            "quantized",
            List.of(
                Node.of("DequantizeLinear", "widen", List.of("wq", "s"), List.of("w")),
                Node.of("MatMul", "first", List.of("x", "w"), List.of("h")),
                Node.of("Relu", "relu", List.of("h"), List.of("r")),
                Node.of("MatMul", "second", List.of("r", "w2"), List.of("y"))),
            List.of(
                Initializer.of(
                    "wq", Tensor.ofBytes(ElementType.INT8, Shape.of(WIDTH, HIDDEN), codes)),
                Initializer.of("s", Tensor.ofFloats(Shape.of(), new float[] {0.01f})),
                Initializer.of("w2", normal(3, 0.1, HIDDEN, CLASSES))),
            List.of(matrix("x")),
            List.of(
                ValueInfo.of(
                    "y",
                    ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("n"), Dim.of(CLASSES)))))));
  }

  private static List<String> reasons(TransformReport report, String pass) {
    return report.passes().stream()
        .filter(p -> p.name().equals(pass))
        .flatMap(p -> p.skipped().stream())
        .map(Skipped::reason)
        .toList();
  }
}
