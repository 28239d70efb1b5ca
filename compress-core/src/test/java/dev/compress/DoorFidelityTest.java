package dev.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxWriter;
import dev.compress.report.TransformReport;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** How close the outputs of a model with a fixed batch are said to be. */
class DoorFidelityTest extends DoorBench {
  private static final int BATCH = 4;
  private static final int COUNT =
      126; // of 128 classes some are near ties; the last batch is half padding

  private static final float[] VALUES = normal(9, 1, COUNT, WIDTH).toFloats();

  private void fixBatch() throws IOException {
    OnnxModel free = classifier();
    Graph graph = free.graph();
    Graph fixed =
        Graph.of(
            "fixed",
            graph.nodes(),
            graph.initializers(),
            List.of(fixedMatrix("x")),
            List.of(fixedMatrix("y")));
    Files.write(input, OnnxWriter.toBytes(free.withGraph(fixed)));
  }

  private static ValueInfo fixedMatrix(String name) {
    return ValueInfo.of(
        name, ValueType.tensor(ElementType.FLOAT, List.of(Dim.of(BATCH), Dim.of(WIDTH))));
  }

  @Test
  void agreementIsThatOfTheSamplesNotOfTheBatches() throws IOException {
    fixBatch();
    TensorBuffer x = TensorBuffer.of(Shape.of(COUNT, WIDTH), VALUES);
    Dataset data = Dataset.of("samples", Map.of("x", x), new long[0], DataDescriptor.NONE);
    TransformReport report =
        Compress.with(recipe("quantize-mode: weights"))
            .calibratingOn(data)
            .run(input, output, false);
    TransformReport.Fidelity fidelity = Objects.requireNonNull(report.fidelity());
    assertThat(fidelity.samples()).isEqualTo(COUNT);
    int[] before = classes(input);
    int[] after = classes(output);
    int same = 0;
    for (int i = 0; i < COUNT; i++) {
      same += before[i] == after[i] ? 1 : 0;
    }
    assertThat(same).isBetween(1, COUNT - 1);
    assertThat(fidelity.agreement()).isCloseTo((double) same / COUNT, within(1e-12));
  }

  @Test
  void rowsOfMadeUpBatchesAreSamplesToo() throws IOException {
    fixBatch();
    TransformReport report = Compress.with(recipe()).run(input, output, false);
    assertThat(Objects.requireNonNull(report.fidelity()).samples()).isEqualTo(4 * BATCH);
  }

  /** The largest score of each sample. */
  private static int[] classes(Path model) {
    int[] classes = new int[COUNT];
    try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(1))) {
      for (int from = 0; from < COUNT; from += BATCH) {
        float[] rows = Arrays.copyOfRange(VALUES, from * WIDTH, (from + BATCH) * WIDTH);
        TensorBuffer x = TensorBuffer.of(Shape.of(BATCH, WIDTH), rows);
        float[] y = Objects.requireNonNull(session.run(Map.of("x", x)).get("y")).toFloats();
        for (int i = 0; i < WIDTH * Math.min(BATCH, COUNT - from); i++) {
          int best = i / WIDTH * WIDTH + classes[from + i / WIDTH];
          classes[from + i / WIDTH] = y[i] > y[best] ? i % WIDTH : classes[from + i / WIDTH];
        }
      }
    }
    return classes;
  }
}
