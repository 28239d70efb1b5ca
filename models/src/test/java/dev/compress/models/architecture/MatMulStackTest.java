package dev.compress.models.architecture;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxWriter;
import dev.compress.onnx.WriteSettings;
import dev.compress.onnx.WriteSettings.ExternalData;
import dev.compress.onnx.WrittenModel;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MatMulStackTest {
  @Test
  void eightGibibytesAreSixtyFourTensorsAndCostNoMemory() {
    OnnxModel model = MatMulStack.ofBytes(8L << 30).build(0);
    assertThat(
            model.graph().initializers().stream()
                .map(Initializer::tensor)
                .filter(t -> t.shape().rank() == 2))
        .hasSize(64)
        .allMatch(tensor -> tensor.byteSize() == 128 << 20);
  }

  @Test
  void runsFromExternalDataAsComputedByHand(@TempDir Path folder) {
    OnnxModel model = new MatMulStack(2, 24, 40).build(9);
    Path file = folder.resolve("stack.onnx");
    WrittenModel written =
        OnnxWriter.write(
            model, file, WriteSettings.DEFAULT.withExternal(ExternalData.ALWAYS), Progress.NONE);
    assertThat(written.data()).isPresent();
    float[] x =
        new RandomWeights(1).weight("x", Shape.of(24), new WeightSource.Normal(0, 1)).toFloats();
    float[] expected = x;
    for (int layer = 0; layer < 4; layer++) {
      expected = layer(model.graph(), layer, expected);
    }
    try (InferenceSession session = InferenceSession.open(file, SessionOptions.of(1))) {
      TensorBuffer y =
          requireNonNull(session.run(Map.of("x", TensorBuffer.of(Shape.of(1, 24), x))).get("y"));
      assertThat(y.toFloats()).containsExactly(expected, within(1e-4f));
      assertThat(expected).contains(0f).isNotEqualTo(new float[24]);
    }
  }

  private static float[] layer(Graph graph, int layer, float[] x) {
    Tensor weight = tensor(graph, "layer" + layer + ".weight");
    float[] w = weight.toFloats();
    float[] y = tensor(graph, "layer" + layer + ".bias").toFloats();
    for (int column = 0; column < y.length; column++) {
      double sum = y[column];
      for (int row = 0; row < x.length; row++) {
        sum += (double) x[row] * w[row * y.length + column];
      }
      y[column] = (float) Math.max(0, sum);
    }
    return y;
  }

  private static Tensor tensor(Graph graph, String name) {
    return graph.initializers().stream()
        .filter(initializer -> initializer.name().equals(name))
        .findFirst()
        .orElseThrow()
        .tensor();
  }
}
