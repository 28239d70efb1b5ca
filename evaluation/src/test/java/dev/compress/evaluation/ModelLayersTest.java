package dev.compress.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.evaluation.EvaluationReport.Layer;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelLayersTest {
  private static final String HASH = "ab".repeat(32);

  @TempDir Path folder;

  /** A weight behind a DequantizeLinear, one read at once, and a shape that is no weight. */
  private static Graph graph() {
    return Graph.of(
        "g",
        List.of(
            Node.of("DequantizeLinear", "dq", List.of("w", "s", "z"), List.of("wf")),
            Node.of("MatMul", "first", List.of("x", "wf"), List.of("h")),
            Node.of("Reshape", "shape", List.of("h", "dims"), List.of("r")),
            Node.of("MatMul", "second", List.of("r", "v"), List.of("y"))),
        List.of(
            Initializer.of("w", Tensor.ofBytes(ElementType.INT8, Shape.of(4, 5), new byte[20])),
            Initializer.of("s", Tensor.ofFloats(Shape.of(1), 0.1f)),
            Initializer.of("z", Tensor.ofBytes(ElementType.INT8, Shape.of(1), new byte[1])),
            Initializer.of("dims", Tensor.ofLongs(Shape.of(2), 1, 5)),
            Initializer.of("v", Tensor.ofFloats(Shape.of(5, 2), new float[10]))),
        List.of(),
        List.of());
  }

  private List<Layer> layers() {
    return ModelLayers.of(graph(), TransformReportFile.beside(folder.resolve("m.int8.onnx"), HASH));
  }

  private void write(String name, String hash) throws IOException {
    Files.writeString(
        folder.resolve(name),
        """
        {"schema": "compress.transform/1", "output": {"sha256": "%s"},
         "layers": [{"node": "first", "op": "MatMul", "scheme": "static", "sqnr_db": 31.5},
                    {"node": "gone", "op": "Gemm", "scheme": "static", "sqnr_db": null}]}
        """
            .formatted(hash));
  }

  @Test
  void countsTheBytesOfWeightsByTheNodeThatComputesWithThem() {
    assertThat(layers())
        .containsExactly(
            new Layer("second", "MatMul", 40L, null, null),
            new Layer("first", "MatMul", 25L, null, null));
  }

  @Test
  void takesWhatTheReportOfExactlyThisFileTells() throws IOException {
    for (String name : List.of("m.int8.json", "m.int8.onnx.json")) {
      write(name, HASH);
      assertThat(layers())
          .containsExactly(
              new Layer("second", "MatMul", 40L, null, null),
              new Layer("first", "MatMul", 25L, 31.5, "static"),
              new Layer("gone", "Gemm", null, null, "static"));
      Files.delete(folder.resolve(name));
    }
  }

  @Test
  void passesOverReportsOfOtherFilesAndWhatIsNone() throws IOException {
    List<Layer> alone = layers();
    write("m.int8.json", "cd".repeat(32));
    assertThat(layers()).isEqualTo(alone);
    for (String text : List.of("", "{", "[]", "7", "{\"layers\": 3}", "\u0000")) {
      Files.writeString(folder.resolve("m.int8.json"), text);
      assertThat(layers()).isEqualTo(alone);
    }
    Files.write(folder.resolve("m.int8.json"), new byte[] {(byte) 0xff, (byte) 0xfe, 1});
    assertThat(layers()).isEqualTo(alone);
    Files.delete(folder.resolve("m.int8.json"));
    Files.createDirectory(folder.resolve("m.int8.json"));
    assertThat(layers()).isEqualTo(alone);
  }
}
