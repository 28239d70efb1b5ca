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
import dev.compress.report.TransformReport;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What stays float where codes are clustered: counted in the file that was written. */
class FloatsBesideCodesTest extends DoorBench {
  private static final int CLASSES = 7;

  /** After two layers: a matrix that is scaled too, and one too small for 8 bits. */
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

  @ParameterizedTest(name = "pack {0}")
  @ValueSource(strings = {"auto", "none"})
  void keepTheirValuesAndAreListed(String pack) throws IOException {
    Files.write(input, OnnxWriter.toBytes(mixed()));
    Compress door =
        Compress.with(
            recipe(
                "quantize-mode: weights", "cluster: 16", "exclude-nodes: second", "pack: " + pack));
    TransformReport report = door.run(input, output, false);
    Map<String, Tensor> dense = dense(pack.equals("auto"));
    // its name is ours, and short where it is packed
    Tensor codes =
        dense.values().stream()
            .filter(t -> t.type().equals(ElementType.INT8) && t.elementCount() > WIDTH)
            .findFirst()
            .orElseThrow();
    assertThat(distinct(codes)).isBetween(2L, 16L);
    for (String left : List.of("w2", "w3", "w4")) {
      Tensor before = requireNonNull(initializers(input).get(left));
      assertThat(requireNonNull(dense.get(left)).toFloats()).as(left).isEqualTo(before.toFloats());
    }
    assertThat(reasons(report)).isEqualTo(LEFT);
    assertThat(reasons(door.plan(input))).isEqualTo(LEFT);
  }

  @Test
  void withoutClustersLargeOnesAreListed() throws IOException {
    Files.write(input, OnnxWriter.toBytes(mixed()));
    Compress door = Compress.with(recipe("quantize-mode: weights", "exclude-nodes: second"));
    Map<String, String> large = new java.util.HashMap<>(LEFT);
    large.remove("small");
    assertThat(reasons(door.run(input, output, false))).isEqualTo(large);
    assertThat(reasons(door.plan(input))).isEqualTo(large);
  }

  private static final Map<String, String> LEFT =
      Map.of(
          "second",
          "weight w2: excluded",
          "small",
          "weight w3: stays float and is not clustered",
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
    assertThat(distinct(requireNonNull(dense(false).get("w1_q")))).isBetween(2L, 16L);
    assertThat(reasons(report)).containsExactly(Map.entry("second", "weight w2: excluded"));
    assertThat(reasons(door.plan(input))).isEqualTo(reasons(report));
  }

  /** What the quantization, which clusters too, left alone and why. */
  private static Map<String, String> reasons(TransformReport report) {
    return report.passes().stream()
        .filter(p -> p.name().equals("quantize-int8"))
        .flatMap(p -> p.skipped().stream())
        .filter(s -> s.detail().startsWith("weight "))
        .collect(Collectors.toMap(Skipped::node, s -> s.detail() + ": " + s.reason()));
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

  private static long distinct(Tensor codes) {
    byte[] bytes = codes.data().toByteArray();
    return IntStream.range(0, bytes.length).map(i -> bytes[i]).distinct().count();
  }
}
