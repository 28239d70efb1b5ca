package dev.compress;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxWriter;
import dev.compress.report.TransformReport;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What loading an output takes at its peak is told by its dense weights, not by its file. */
class LoadMemoryTest extends DoorBench {
  private static final int INNER = 1 << 15;
  private static final long DENSE_BYTES = 2L * WIDTH * INNER * Float.BYTES;

  @BeforeEach
  void onLinux() {
    assumeTrue(Files.exists(Path.of("/proc/self/status")), "no system that tells");
  }

  private static Tensor fewValues(int seed, long... dims) {
    Random random = new Random(seed);
    float[] values = new float[(int) Shape.of(dims).elementCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (random.nextInt(16) - 7.5f) / 100;
    }
    return Tensor.ofFloats(Shape.of(dims), values);
  }

  @Test
  void unpackedWeightsAreInTheMemoryOfLoading() throws IOException {
    Graph graph =
        Graph.of(
            "large",
            List.of(
                Node.of("MatMul", "first", List.of("x", "w1"), List.of("h")),
                Node.of("Relu", "relu", List.of("h"), List.of("r")),
                Node.of("MatMul", "second", List.of("r", "w2"), List.of("y"))),
            List.of(
                Initializer.of("w1", fewValues(1, WIDTH, INNER)),
                Initializer.of("w2", fewValues(2, INNER, WIDTH))),
            List.of(matrix("x")),
            List.of(matrix("y")));
    Files.write(input, OnnxWriter.toBytes(OnnxModel.of(8, 17, graph)));
    TransformReport report =
        Compress.with(recipe("cluster: 16", "proof: kernels")).run(input, output, false);
    assertThat(Files.size(output)).isLessThan(DENSE_BYTES / 7);
    assertThat(requireNonNull(report.loadPeakBytes())).isBetween(DENSE_BYTES, 6 * DENSE_BYTES);
  }
}
