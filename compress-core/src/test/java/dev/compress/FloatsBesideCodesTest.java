package dev.compress;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

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
import dev.compress.report.TransformReport;
import dev.compress.report.TransformReport.StoredWeight;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatReader;
import dev.compress.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What stays float where codes are clustered: counted in the file that was written. */
class FloatsBesideCodesTest extends DoorBench {
  private static final int CLASSES = 7;

  /** After two layers: a matrix that is scaled too, and one too small for 8 bits alone. */
  private static OnnxModel mixed() {
    OnnxModel two = classifier();
    List<Node> nodes = new java.util.ArrayList<>(two.graph().nodes());
    nodes.set(2, Node.of("Gemm", "second", List.of("r", "w2", "b2"), List.of("s")));
    nodes.add(Node.of("ReduceMean", "mean", List.of("x"), List.of("m")));
    nodes.add(Node.of("MatMul", "twice", List.of("s", "w4"), List.of("t")));
    nodes.add(Node.of("Mul", "scaled", List.of("w4", "m"), List.of("w4m")));
    nodes.add(Node.of("MatMul", "again", List.of("t", "w4m"), List.of("u")));
    nodes.add(Node.of("MatMul", "small", List.of("u", "w3"), List.of("y")));
    List<Initializer> constants = new java.util.ArrayList<>(two.graph().initializers());
    constants.add(Initializer.of("w3", normal(5, 0.1, WIDTH, CLASSES)));
    constants.add(Initializer.of("w4", normal(6, 0.1, WIDTH, WIDTH)));
    ValueInfo y =
        ValueInfo.of(
            "y", ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("n"), Dim.of(CLASSES))));
    return OnnxModel.of(
        8, 17, Graph.of("mixed", nodes, constants, List.of(matrix("x")), List.of(y)));
  }

  @ParameterizedTest(name = "{0} groups, pack {1}")
  @CsvSource({"1, auto", "1, none", "3, none"})
  void areClusteredOrListed(int groups, String pack) throws IOException {
    Files.write(input, OnnxWriter.toBytes(mixed()));
    Compress door =
        Compress.with(
            recipe(
                "quantize-mode: weights",
                "prune: 0.5",
                "cluster: 16",
                "cluster-groups: " + groups,
                "exclude-nodes: second",
                "pack: " + pack));
    TransformReport report = door.run(input, output, false);
    Map<String, Tensor> dense = dense(pack.equals("auto"));
    assertThat(requireNonNull(dense.get("w1_q")).type()).isEqualTo(ElementType.INT8);
    assertThat(most(requireNonNull(dense.get("w1_q")), groups)).isBetween(2, 16);
    Tensor small = requireNonNull(dense.get("w3"));
    assertThat(small.type()).isEqualTo(ElementType.FLOAT);
    assertThat(most(small, groups)).isEqualTo(16);
    // those that --prune took, and no others
    assertThat(zeros(small)).isPositive().isEqualTo(zeros(prunedAlone("w3")));
    StoredWeight said =
        report.weights().stream().filter(w -> w.name().equals("w3")).findFirst().orElseThrow();
    assertThat(groups == 1 ? said.distinct() : said.distinctInGroup()).isEqualTo(16);
    // as they were, and said to be so
    for (String left : List.of("w2", "w4")) {
      Tensor before = initializers(input).get(left);
      assertThat(requireNonNull(dense.get(left)).toFloats())
          .as(left)
          .isEqualTo(requireNonNull(before).toFloats());
    }
    assertThat(reasons(report)).isEqualTo(LEFT);
    assertThat(reasons(door.plan(input))).isEqualTo(LEFT);
  }

  private static final Map<String, String> LEFT =
      Map.of(
          "second",
          "weight w2: excluded",
          "twice",
          "weight w4: a node reads it otherwise than to multiply by it");

  @Test
  void anExcludedLayerIsListedBesideStaticOnes() throws IOException {
    Compress door =
        Compress.with(recipe("cluster: 16", "exclude-nodes: second", "pack: none", "proof: none"))
            .calibratingOn(data(1));
    TransformReport report = door.run(input, output, false);
    assertThat(OnnxReader.read(output).model().graph().nodes())
        .anyMatch(node -> node.is("QuantizeLinear"));
    assertThat(most(requireNonNull(dense(false).get("w1_q")), 1)).isBetween(2, 16);
    assertThat(reasons(report)).containsExactly(Map.entry("second", "weight w2: excluded"));
    assertThat(reasons(door.plan(input))).isEqualTo(reasons(report));
  }

  /** The scales of an embedding's rows are looked up as the rows are. */
  @Test
  void scalesAreNoWeights() throws IOException {
    int rows = 300;
    ValueInfo x = ValueInfo.of("x", ValueType.tensor(ElementType.INT64, List.of(Dim.of("n"))));
    ValueInfo y =
        ValueInfo.of("y", ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("n"), Dim.of(64))));
    Node gather = Node.of("Gather", "embedding", List.of("w", "x"), List.of("y"));
    Initializer w = Initializer.of("w", normal(7, 1, rows, 64));
    Graph graph = Graph.of("g", List.of(gather), List.of(w), List.of(x), List.of(y));
    Files.write(input, OnnxWriter.toBytes(OnnxModel.of(8, 17, graph)));
    Compress.with(recipe("cluster: 4", "pack: none")).run(input, output, false);
    Map<String, Tensor> dense = dense(false);
    assertThat(most(requireNonNull(dense.get("w_q")), 1)).isEqualTo(4);
    Set<Float> scales = new HashSet<>();
    for (float scale : floats(requireNonNull(dense.get("w_s")))) {
      scales.add(scale);
    }
    assertThat(scales.size()).isGreaterThan(rows / 2);
  }

  /** A model whose weights are all too small for 8 bits. */
  @Test
  void nothingForInt8IsClusteredAll() throws IOException {
    ValueInfo x = ValueInfo.of("x", ValueType.tensor(ElementType.INT64, List.of(Dim.of("n"))));
    ValueInfo y =
        ValueInfo.of("y", ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("n"), Dim.of(8))));
    Node gather = Node.of("Gather", "embedding", List.of("w", "x"), List.of("y"));
    Initializer w = Initializer.of("w", normal(7, 1, 40, 8));
    Graph graph = Graph.of("g", List.of(gather), List.of(w), List.of(x), List.of(y));
    Files.write(input, OnnxWriter.toBytes(OnnxModel.of(8, 17, graph)));
    Compress door = Compress.with(recipe("cluster: 4", "pack: none"));
    TransformReport report = door.run(input, output, false);
    assertThat(most(requireNonNull(dense(false).get("w")), 1)).isEqualTo(4);
    assertThat(report.passes())
        .filteredOn(p -> p.name().equals("quantize-int8"))
        .singleElement()
        .satisfies(p -> assertThat(p.changed()).hasSize(1));
  }

  /** What the quantization, which clusters too, left alone and why. */
  private static Map<String, String> reasons(TransformReport report) {
    return report.passes().stream()
        .filter(p -> p.name().equals("quantize-int8"))
        .flatMap(p -> p.skipped().stream())
        .filter(s -> s.reason().startsWith("weight "))
        .collect(Collectors.toMap(Skipped::node, Skipped::reason));
  }

  private Tensor prunedAlone(String name) throws IOException {
    Path pruned = folder.resolve("pruned.onnx");
    Recipe pruning = Recipe.EMPTY.withPrune(0.5).withPack("none");
    Compress.with(pruning.toBuilder().excludeNodes("second").build()).run(input, pruned, false);
    return requireNonNull(initializers(pruned).get(name));
  }

  private Map<String, Tensor> dense(boolean packed) {
    if (!packed) {
      return initializers(output);
    }
    Path unpacked = folder.resolve("dense.onnx");
    Compress.unpack(output, unpacked, false, Progress.NONE);
    return initializers(unpacked);
  }

  private static Map<String, Tensor> initializers(Path file) {
    return OnnxReader.read(file).model().graph().initializers().stream()
        .collect(Collectors.toMap(Initializer::name, Initializer::tensor));
  }

  /** The most different values that a run of columns has. */
  private static int most(Tensor matrix, int groups) {
    float[] values = floats(matrix);
    int columns = (int) matrix.shape().dim(1);
    int most = 0;
    for (int group = 0; group < groups; group++) {
      Set<Float> seen = new HashSet<>();
      for (int i = 0; i < values.length; i++) {
        int column = i % columns;
        if (column >= group * columns / groups && column < (group + 1) * columns / groups) {
          seen.add(values[i] + 0f);
        }
      }
      most = Math.max(most, seen.size());
    }
    return most;
  }

  private static int zeros(Tensor tensor) {
    int zeros = 0;
    for (float value : floats(tensor)) {
      zeros += value == 0 ? 1 : 0;
    }
    return zeros;
  }

  private static float[] floats(Tensor tensor) {
    float[] values = new float[(int) tensor.elementCount()];
    if (tensor.type().equals(ElementType.INT8)) {
      byte[] codes = tensor.data().toByteArray();
      for (int i = 0; i < values.length; i++) {
        values[i] = codes[i];
      }
    } else {
      new FloatReader(tensor).read(0, values, 0, values.length);
    }
    return values;
  }
}
