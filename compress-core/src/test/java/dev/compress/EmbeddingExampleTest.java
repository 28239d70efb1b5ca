package dev.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.error.CancelledException;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxWriter;
import dev.compress.progress.Progress;
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
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example for programs that embed the library, as it stands in the documentation. */
class EmbeddingExampleTest {
  @TempDir Path folder;

  /** Remembers the stages; stops at one of them. */
  private static final class Listener implements Progress {
    private final List<String> stages = new ArrayList<>();
    private final int stopAt;

    Listener(int stopAt) {
      this.stopAt = stopAt;
    }

    @Override
    public void begin(String stage, long total) {
      stages.add(stage);
    }

    @Override
    public void advance(long steps) {}

    @Override
    public boolean cancelled() {
      return stages.size() >= stopAt;
    }
  }

  private TransformReport compress(Path model, Path output, Dataset data, Progress progress) {
    return Compress.with(Recipe.EMPTY.withQuantize("int8").withProof("none"))
        .calibratingOn(data)
        .reportingTo(progress)
        .run(model, output, false);
  }

  @Test
  void compressesWithProgressAndCanBeCancelledAtAnyStage() throws IOException {
    Path model = folder.resolve("model.onnx");
    Path output = folder.resolve("out/model.int8.onnx");
    Files.createDirectory(folder.resolve("out"));
    Files.write(model, OnnxWriter.toBytes(model()));
    Dataset data =
        Dataset.of(
            "inputs",
            Map.of("x", TensorBuffer.of(random(16, 256))),
            new long[0],
            DataDescriptor.NONE);
    Listener whole = new Listener(Integer.MAX_VALUE);
    TransformReport report = compress(model, output, data, whole);
    assertThat(Objects.requireNonNull(report.output()).ratio()).isGreaterThan(3);
    assertThat(output).exists();
    assertThat(whole.stages).hasSizeGreaterThan(1);
    Files.delete(output);
    for (int stage = 0; stage <= whole.stages.size(); stage++) {
      Listener listener = new Listener(stage);
      assertThatThrownBy(() -> compress(model, output, data, listener))
          .as("cancelled at stage " + stage + " of " + whole.stages)
          .isInstanceOf(CancelledException.class);
      assertThat(folder.resolve("out")).isEmptyDirectory();
    }
  }

  private static OnnxModel model() {
    return OnnxModel.of(
        8,
        17,
        Graph.of(
            "example",
            List.of(Node.of("MatMul", "product", List.of("x", "w"), List.of("y"))),
            List.of(Initializer.of("w", random(256, 256))),
            List.of(value("x")),
            List.of(value("y"))));
  }

  private static ValueInfo value(String name) {
    return ValueInfo.of(
        name,
        ValueType.tensor(
            ElementType.FLOAT,
            List.of(dev.compress.graph.Dim.of("n"), dev.compress.graph.Dim.of(256))));
  }

  private static Tensor random(int rows, int columns) {
    float[] values = new float[rows * columns];
    Random random = new Random(rows);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return Tensor.ofFloats(Shape.of(rows, columns), values);
  }
}
