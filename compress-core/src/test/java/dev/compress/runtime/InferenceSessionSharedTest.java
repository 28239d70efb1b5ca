package dev.compress.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.error.CompressionException;
import dev.compress.error.InvalidDataException;
import dev.compress.error.InvalidModelException;
import dev.compress.error.ReadWriteException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Dim;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import dev.compress.testing.SharedData;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sessions on real models. */
class InferenceSessionSharedTest {
  private static Path model(String relative) {
    Optional<Path> found = SharedData.model(relative);
    assumeTrue(found.isPresent(), SharedData.WHY_ABSENT);
    return found.orElseThrow();
  }

  private static InferenceSession open(String relative) {
    return InferenceSession.open(model(relative), SessionOptions.of(1));
  }

  private static TensorBuffer ramp(Shape shape) {
    float[] values = new float[(int) shape.elementCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.sin(i * 0.1);
    }
    return TensorBuffer.of(shape, values);
  }

  @Test
  void declaresInputsWithTheirSymbolicDims() {
    try (InferenceSession session = open("kws-dscnn/model.onnx")) {
      assertThat(session.inputs()).hasSize(1);
      ValueType.TensorType type = (ValueType.TensorType) session.inputs().get(0).type();
      assertThat(type.element()).isEqualTo(ElementType.FLOAT);
      assertThat(type.shape().orElseThrow())
          .containsExactly(Dim.of("N"), Dim.of(49), Dim.of(10), Dim.of(1));
    }
  }

  @Test
  void aBatchGivesWhatItsSamplesGive() {
    try (InferenceSession session = open("kws-dscnn/model.onnx")) {
      String input = session.inputs().get(0).name();
      String output = session.tensorOutputs().get(0);
      TensorBuffer batch = ramp(Shape.of(2, 49, 10, 1));
      TensorBuffer both = named(session.run(Map.of(input, batch)), output);
      float[] second = new float[490];
      batch.floats().position(490).get(second);
      TensorBuffer one =
          named(
              session.run(Map.of(input, TensorBuffer.of(Shape.of(1, 49, 10, 1), second))), output);
      assertThat(both.shape()).isEqualTo(Shape.of(2, 12));
      float[] expected = one.toFloats();
      for (int i = 0; i < 12; i++) {
        assertThat(both.toFloats()[12 + i])
            .isCloseTo(expected[i], org.assertj.core.data.Offset.offset(1e-5f));
      }
    }
  }

  @Test
  void preparedRunsSeeNewDataInTheirBuffers() {
    try (InferenceSession session = open("kws-dscnn/model.onnx")) {
      String input = session.inputs().get(0).name();
      TensorBuffer first = ramp(Shape.of(1, 49, 10, 1));
      float[] other = first.toFloats();
      for (int i = 0; i < other.length; i++) {
        other[i] = -other[i];
      }
      TensorBuffer second = TensorBuffer.of(first.shape(), other);
      float[] expectedFirst = only(session.run(Map.of(input, first)));
      float[] expectedSecond = only(session.run(Map.of(input, second)));
      assertThat(expectedFirst).isNotEqualTo(expectedSecond);
      try (BoundRun run = session.prepare(Map.of(input, first))) {
        assertThatThrownBy(run::outputs).isInstanceOf(IllegalStateException.class);
        for (int i = 0; i < 3; i++) {
          run.run();
          assertThat(only(run.outputs())).isEqualTo(expectedFirst);
        }
        named(run.inputs(), input).bytes().put(second.bytes());
        run.run();
        assertThat(only(run.outputs())).isEqualTo(expectedSecond);
      }
    }
  }

  private static TensorBuffer named(Map<String, TensorBuffer> tensors, String name) {
    return Objects.requireNonNull(tensors.get(name));
  }

  private static float[] only(Map<String, TensorBuffer> outputs) {
    assertThat(outputs).hasSize(1);
    return outputs.values().iterator().next().toFloats();
  }

  @Test
  void heapBuffersGiveTheSame() {
    try (InferenceSession session = open("kws-dscnn/model.onnx")) {
      String input = session.inputs().get(0).name();
      TensorBuffer direct = ramp(Shape.of(1, 49, 10, 1));
      byte[] bytes = new byte[direct.bytes().remaining()];
      direct.bytes().get(bytes);
      TensorBuffer heap = TensorBuffer.wrap(direct.type(), direct.shape(), ByteBuffer.wrap(bytes));
      assertThat(only(session.run(Map.of(input, heap))))
          .isEqualTo(only(session.run(Map.of(input, direct))));
      try (BoundRun run = session.prepare(Map.of(input, heap))) {
        run.run();
        assertThat(only(run.outputs())).isEqualTo(only(session.run(Map.of(input, direct))));
      }
    }
  }

  @Test
  void manyThreadsGiveTheSameAsOne() throws Exception {
    try (InferenceSession session = open("kws-dscnn/model.onnx")) {
      String input = session.inputs().get(0).name();
      TensorBuffer tensor = ramp(Shape.of(1, 49, 10, 1));
      float[] expected = only(session.run(Map.of(input, tensor)));
      ExecutorService threads = Executors.newFixedThreadPool(4);
      try {
        List<Callable<float[]>> tasks = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
          tasks.add(() -> only(session.run(Map.of(input, tensor))));
        }
        for (Future<float[]> result : threads.invokeAll(tasks)) {
          assertThat(result.get()).isEqualTo(expected);
        }
      } finally {
        threads.shutdown();
      }
    }
  }

  @Test
  void outputsThatAreNoTensorsAreLeftOut() {
    try (InferenceSession session = open("logistic-regression-skl/model.onnx")) {
      assertThat(session.outputs()).hasSizeGreaterThan(session.tensorOutputs().size());
      ValueType.TensorType type = (ValueType.TensorType) session.inputs().get(0).type();
      long features = type.shape().orElseThrow().get(1).sizeOrUnknown();
      Map<String, TensorBuffer> result =
          session.run(Map.of(session.inputs().get(0).name(), ramp(Shape.of(1, features))));
      assertThat(result.keySet()).containsExactlyElementsOf(session.tensorOutputs());
      try (BoundRun run =
          session.prepare(Map.of(session.inputs().get(0).name(), ramp(Shape.of(1, features))))) {
        run.run();
        run.run();
        assertThat(run.outputs().keySet()).isEqualTo(result.keySet());
      }
    }
  }

  @Test
  void halfPrecisionAndExternalDataRun() {
    try (InferenceSession session = open("squeezenet-fp16/model.onnx")) {
      ValueType.TensorType type = (ValueType.TensorType) session.inputs().get(0).type();
      assertThat(type.element()).isEqualTo(ElementType.FLOAT16);
      long[] dims =
          type.shape().orElseThrow().stream()
              .mapToLong(d -> Math.max(1, d.sizeOrUnknown()))
              .toArray();
      Map<String, TensorBuffer> result =
          session.run(
              Map.of(
                  session.inputs().get(0).name(),
                  TensorBuffer.allocate(ElementType.FLOAT16, Shape.of(dims))));
      float sum = 0;
      for (float p : result.values().iterator().next().toFloats()) {
        sum += p;
      }
      assertThat(sum).isCloseTo(1f, org.assertj.core.data.Offset.offset(0.02f));
    }
    try (InferenceSession session = open("mnist-external-data/mnist.onnx")) {
      assertThat(session.tensorOutputs()).isNotEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "truncated.onnx, INVALID_PROTOBUF",
    "random.onnx, INVALID_PROTOBUF",
    "empty.onnx, ''",
    "no-opset-ir1.onnx, opset",
    "external-data-missing.onnx, external",
    "shape-error.onnx, onnx_graphsurgeon_node_1",
  })
  void brokenModelsAreRefusedInOneLine(String file, String word) {
    Optional<Path> data = SharedData.data();
    assumeTrue(data.isPresent(), SharedData.WHY_ABSENT);
    Path path = data.orElseThrow().resolve("broken").resolve(file);
    assertThatThrownBy(() -> InferenceSession.open(path, SessionOptions.of(1)).close())
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining(file)
        .satisfies(
            e ->
                assertThat(String.valueOf(e.getMessage()))
                    .doesNotContain("\n")
                    .doesNotContain("onnxruntime_src")
                    .doesNotContain("Error code"));
  }

  @Test
  void anUnknownOperatorIsNamed() {
    Path path = model("custom-op-qonnx-kws/model.onnx");
    assertThatThrownBy(() -> InferenceSession.open(path, SessionOptions.of(1)).close())
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("Quant");
  }

  @ParameterizedTest
  @ValueSource(strings = {"missing", "unknown", "rank", "type"})
  void inputsThatDoNotFitAreRefused(String what) {
    try (InferenceSession session = open("kws-dscnn/model.onnx")) {
      String input = session.inputs().get(0).name();
      TensorBuffer good = ramp(Shape.of(1, 49, 10, 1));
      Map<String, TensorBuffer> tensors =
          switch (what) {
            case "missing" -> Map.of();
            case "unknown" -> Map.of(input, good, "other", good);
            case "rank" -> Map.of(input, ramp(Shape.of(1, 490)));
            default ->
                Map.of(input, TensorBuffer.allocate(ElementType.INT64, Shape.of(1, 49, 10, 1)));
          };
      assertThatThrownBy(() -> session.run(tensors))
          .isInstanceOf(InvalidDataException.class)
          .hasMessageContaining(what.equals("unknown") ? "other" : input);
      assertThatThrownBy(() -> session.prepare(tensors)).isInstanceOf(InvalidDataException.class);
    }
  }

  @Test
  void closingTwiceIsFineAndRunningAfterwardsIsNot() {
    InferenceSession session = open("kws-dscnn/model.onnx");
    session.close();
    session.close();
    Map<String, TensorBuffer> tensors =
        Map.of(session.inputs().get(0).name(), ramp(Shape.of(1, 49, 10, 1)));
    assertThatThrownBy(() -> session.run(tensors)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  @SuppressWarnings("try") // closing twice is what is tested
  void closedRunsDoNotRun() {
    try (InferenceSession session = open("kws-dscnn/model.onnx");
        BoundRun run =
            session.prepare(Map.of(session.inputs().get(0).name(), ramp(Shape.of(1, 49, 10, 1))))) {
      run.close();
      assertThatThrownBy(run::run).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void filesThatAreNotThereAreReadErrors() {
    assertThatThrownBy(
            () -> InferenceSession.open(Path.of("no-such.onnx"), SessionOptions.of(1)).close())
        .isInstanceOf(ReadWriteException.class);
    assertThatThrownBy(() -> InferenceSession.open(Path.of("."), SessionOptions.of(1)).close())
        .isInstanceOf(ReadWriteException.class);
    assertThatThrownBy(
            () -> InferenceSession.open(new byte[0], SessionOptions.of(1), "nothing").close())
        .isInstanceOf(CompressionException.class);
  }

  @Test
  void theRuntimeSaysWhatItIs() {
    assertThat(RuntimeInfo.get().version()).matches("\\d+\\.\\d+\\.\\d+");
    assertThat(RuntimeInfo.get().providers()).contains("CPUExecutionProvider");
  }
}
