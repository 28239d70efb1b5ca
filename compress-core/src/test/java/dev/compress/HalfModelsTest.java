package dev.compress;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

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
import dev.compress.pass.PassResult.Skipped;
import dev.compress.progress.Progress;
import dev.compress.recipe.Recipe;
import dev.compress.recipe.RecipeFile;
import dev.compress.report.TransformReport;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Float16;
import dev.compress.tensor.FloatCodec;
import dev.compress.tensor.FloatReader;
import dev.compress.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models that come in float16 are pruned and clustered as others are, and stay in 16 bits. */
class HalfModelsTest extends DoorBench {
  private static final List<String> WEIGHTS = List.of("w1", "w2");

  private static OnnxModel half() {
    OnnxModel floats = classifier();
    return OnnxModel.of(
        8,
        17,
        Graph.of(
            "half",
            floats.graph().nodes(),
            floats.graph().initializers().stream().map(HalfModelsTest::half).toList(),
            List.of(halves("x")),
            List.of(halves("y"))));
  }

  private static Initializer half(Initializer floats) {
    float[] values = floats.tensor().toFloats();
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    ElementType type = ElementType.FLOAT16;
    return Initializer.of(
        floats.name(),
        Tensor.ofBytes(type, floats.tensor().shape(), FloatCodec.encode(type, wide)));
  }

  private static ValueInfo halves(String name) {
    return ValueInfo.of(
        name, ValueType.tensor(ElementType.FLOAT16, List.of(Dim.of("n"), Dim.of(WIDTH))));
  }

  private Recipe shaping(String... lines) throws IOException {
    Path file = folder.resolveSibling(folder.getFileName() + ".yaml");
    Files.writeString(file, "target: cpu-vnni\n" + String.join("\n", lines) + "\n");
    try {
      return RecipeFile.read(file);
    } finally {
      Files.delete(file);
    }
  }

  /** The weights in the dense form of what was written: numbers of 16 bits. */
  private Map<String, float[]> written() {
    OnnxModel packed = OnnxReader.read(output).model();
    assertThat(packed.graph().inputs()).isEqualTo(half().graph().inputs());
    assertThat(packed.graph().outputs()).isEqualTo(half().graph().outputs());
    Path dense = folder.resolve("dense.onnx");
    Compress.unpack(output, dense, true, Progress.NONE);
    Graph graph = OnnxReader.read(dense).model().graph();
    Map<String, Tensor> constants =
        graph.initializers().stream()
            .collect(Collectors.toMap(Initializer::name, Initializer::tensor));
    Map<String, String> casts =
        graph.nodes().stream()
            .filter(n -> n.is("Cast"))
            .collect(Collectors.toMap(n -> n.output(0), n -> n.input(0)));
    List<Node> layers = graph.nodes().stream().filter(n -> n.is("Gemm")).toList();
    assertThat(layers).hasSameSizeAs(WEIGHTS);
    Map<String, float[]> weights = new HashMap<>();
    for (int i = 0; i < layers.size(); i++) {
      String name = layers.get(i).input(1); // of the file: names there are short
      Tensor stored = requireNonNull(constants.get(casts.getOrDefault(name, name)), name);
      for (float value : floats(stored)) {
        assertThat(Float16.toFloat(Float16.fromFloat(value))).isEqualTo(value);
      }
      weights.put(WEIGHTS.get(i), floats(stored));
    }
    return weights;
  }

  private static float[] floats(Tensor tensor) {
    float[] values = new float[(int) tensor.elementCount()];
    new FloatReader(tensor).read(0, values, 0, values.length);
    return values;
  }

  @ParameterizedTest(name = "pack {0}")
  @ValueSource(strings = {"auto", "none"})
  void theSmallestHalfOfTheWeightsGoes(String pack) throws IOException {
    Files.write(input, OnnxWriter.toBytes(half()));
    TransformReport report =
        Compress.with(shaping("prune: 0.5", "pack: " + pack)).run(input, output, false);
    Map<String, float[]> after = written();
    int zeros = 0;
    int all = 0;
    for (Initializer weight : half().graph().initializers()) {
      if (!WEIGHTS.contains(weight.name())) {
        continue;
      }
      float[] before = floats(weight.tensor());
      float[] left = requireNonNull(after.get(weight.name()), weight.name());
      float largestGone = 0;
      float smallestKept = Float.MAX_VALUE;
      for (int i = 0; i < left.length; i++) {
        if (left[i] == 0) {
          zeros++;
          largestGone = Math.max(largestGone, Math.abs(before[i]));
        } else {
          assertThat(left[i]).as("without data none is moved").isEqualTo(before[i]);
          smallestKept = Math.min(smallestKept, Math.abs(before[i]));
        }
      }
      all += left.length;
      assertThat(largestGone).isLessThanOrEqualTo(smallestKept);
    }
    assertThat((double) zeros / all).isBetween(0.5, 0.505);
    assertThat(requireNonNull(report.fidelity()).sqnrDb()).isGreaterThan(5); // the runtime reads it
    double most = pack.equals("auto") ? 0.75 : 1.02;
    assertThat((double) Files.size(output) / Files.size(input)).isLessThan(most);
  }

  @Test
  void clustersTakeTheirBits() throws IOException {
    Files.write(input, OnnxWriter.toBytes(half()));
    Compress.with(shaping("cluster: 16")).run(input, output, false);
    Map<String, float[]> after = written();
    for (String weight : WEIGHTS) {
      float[] values = requireNonNull(after.get(weight), weight).clone();
      Arrays.sort(values);
      long distinct = 1;
      for (int i = 1; i < values.length; i++) {
        distinct += values[i] == values[i - 1] ? 0 : 1;
      }
      assertThat(distinct).isBetween(2L, 16L);
    }
    assertThat((double) Files.size(output) / Files.size(input)).isLessThan(0.3);
  }

  /** What is inside a body is stored in half precision by nothing: the file would grow. */
  @Test
  void bodiesKeepTheirHalvesAndTheReasonIsTold() throws IOException {
    Initializer inner = half(Initializer.of("k", normal(7, 0.1, WIDTH, WIDTH)));
    Graph then =
        Graph.of(
            "then",
            List.of(Node.of("MatMul", "inner", List.of("h", "k"), List.of("t"))),
            List.of(inner),
            List.of(),
            List.of(halves("t")));
    Graph other =
        Graph.of(
            "else",
            List.of(Node.of("Neg", "", List.of("h"), List.of("e"))),
            List.of(),
            List.of(),
            List.of(halves("e")));
    OnnxModel model =
        OnnxModel.of(
            8,
            17,
            Graph.of(
                "branches",
                List.of(
                    Node.of("MatMul", "outer", List.of("x", "w"), List.of("h")),
                    Node.of(
                        "If",
                        "if",
                        List.of("which"),
                        List.of("y"),
                        Attribute.of("then_branch", then),
                        Attribute.of("else_branch", other))),
                List.of(half(Initializer.of("w", normal(8, 0.1, WIDTH, WIDTH)))),
                List.of(
                    halves("x"),
                    ValueInfo.of("which", ValueType.tensor(ElementType.BOOL, List.of()))),
                List.of(halves("y"))));
    Files.write(input, OnnxWriter.toBytes(model));
    TransformReport report =
        Compress.with(shaping("prune: 0.5", "proof: none")).run(input, output, false);
    assertThat(report.passes().stream().flatMap(p -> p.skipped().stream()).map(Skipped::explained))
        .contains(
            "constants of its subgraphs would take twice the bytes",
            "its elements are float16, not float (weight w)");
    assertThat((double) Files.size(output) / Files.size(input)).isLessThan(1.02);
  }
}
