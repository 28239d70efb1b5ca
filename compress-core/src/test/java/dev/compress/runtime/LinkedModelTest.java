package dev.compress.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FileRegion;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import dev.compress.testing.SharedData;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinkedModelTest {
  private static OnnxModel twoLargeLayers(Scratch scratch) {
    int n = 1500;
    TinyModels tiny = new TinyModels().input("x", ElementType.FLOAT, "n", n);
    for (int layer = 0; layer < 2; layer++) {
      ByteBuffer bytes = ByteBuffer.allocate(n * n * 4).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < n * n; i++) {
        bytes.putFloat(i % n == i / n ? 2 : 0); // twice the identity
      }
      tiny.constant("w" + layer, scratch.store(ElementType.FLOAT, Shape.of(n, n), bytes.array()));
    }
    return tiny.node("MatMul", "", List.of("x", "w0"), List.of("h"))
        .node("MatMul", "", List.of("h", "w1"), List.of("y"))
        .output("y", ElementType.FLOAT, "n", n)
        .build();
  }

  @Test
  void largeModelsAreLoadedFromWhereTheirWeightsAre() throws Exception {
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      OnnxModel model = twoLargeLayers(scratch);
      assertThat(LinkedModel.isSmall(model)).isFalse();
      Tensor weight = model.graph().initializers().get(0).tensor();
      assertThat(weight.data()).isInstanceOf(FileRegion.class);
      try (LinkedModel linked = LinkedModel.of(model);
          var files = Files.list(linked.file().getParent())) {
        List<Path> found = files.toList();
        Path data = found.stream().filter(p -> !p.equals(linked.file())).findFirst().orElseThrow();
        assertThat(found).hasSize(2);
        assertThat(Files.size(linked.file())).isLessThan(10_000);
        assertThat(Files.isSameFile(data, ((FileRegion) weight.data()).file())).isTrue();
      }
      float[] ramp = new float[1500];
      for (int i = 0; i < ramp.length; i++) {
        ramp[i] = i;
      }
      try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(1))) {
        float[] y =
            session
                .run(Map.of("x", TensorBuffer.of(Shape.of(1, 1500), ramp)))
                .values()
                .iterator()
                .next()
                .toFloats();
        for (int i = 0; i < ramp.length; i++) {
          assertThat(y[i]).isEqualTo(4 * ramp[i]);
        }
      }
    }
  }

  @Test
  void nothingStaysInTheTemporaryFolder(@TempDir Path temporary) throws Exception {
    try (Scratch scratch = new Scratch(temporary)) {
      LinkedModel linked = LinkedModel.of(twoLargeLayers(scratch));
      Path folder = linked.file().getParent();
      linked.close();
      assertThat(folder).doesNotExist();
      assertThat(temporary).isNotEmptyDirectory(); // the scratch itself is not touched
    }
  }

  /** Weights inside an .onnx file lie at odd offsets. */
  @Test
  void weightsInsideAModelFileGiveTheSameResults(@TempDir Path temporary) throws Exception {
    Optional<Path> path = SharedData.model("kws-dscnn/model.onnx");
    assumeTrue(path.isPresent(), SharedData.WHY_ABSENT);
    Path copy = Files.copy(path.orElseThrow(), temporary.resolve("m.onnx"));
    OnnxModel model = OnnxReader.read(copy).model();
    TensorBuffer x = TensorBuffer.of(TinyModels.normal(5, 1, 1, 49, 10, 1));
    byte[] expected = run(InferenceSession.open(copy, SessionOptions.of(1)), x);
    assertThat(run(InferenceSession.open(model, SessionOptions.of(1)), x)).isEqualTo(expected);
    try (LinkedModel linked = LinkedModel.of(model)) {
      assertThat(Files.size(linked.file())).isLessThan(Files.size(copy) / 2);
      assertThat(run(InferenceSession.open(linked.file(), SessionOptions.of(1)), x))
          .isEqualTo(expected);
    }
    assertThat(OnnxWriter.toBytesReferring(model, 1L << 40, p -> "none"))
        .isEqualTo(OnnxWriter.toBytes(model));
  }

  private static byte[] run(InferenceSession opened, TensorBuffer x) {
    try (InferenceSession session = opened) {
      return session
          .run(Map.of(session.inputs().get(0).name(), x))
          .values()
          .iterator()
          .next()
          .toTensor()
          .data()
          .toByteArray();
    }
  }
}
