package dev.compress.models.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.RandomInputs;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.TensorBuffer;
import dev.compress.testing.SharedData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Real models compute what ONNX Runtime computes, before and after they were written back. */
class SharedModelsTest {
  private static final double RELATIVE_TOLERANCE = 2e-4;
  private static final double ABSOLUTE_TOLERANCE = 1e-6;

  /** Noise of deviation 1 around a mean of 100 leaves few digits to a variance over an image. */
  private static final double FLAT_IMAGE_TOLERANCE = 3e-3;

  /** One step of 8-bit codes: sums in another order fall to the other side of a half. */
  private static final double CODE_TOLERANCE = 1.0 / 128;

  static Stream<Path> models() throws IOException {
    Path root = SharedData.data().map(data -> data.resolve("models")).orElse(null);
    if (root == null) {
      return Stream.of(Path.of("absent"));
    }
    List<Path> files = new ArrayList<>();
    try (Stream<Path> all = Files.walk(root)) {
      all.filter(file -> file.toString().endsWith(".onnx")).sorted().forEach(files::add);
    }
    return files.stream();
  }

  @ParameterizedTest
  @MethodSource("models")
  void computesWhatTheRuntimeComputes(Path file) {
    assumeTrue(Files.exists(file), SharedData.WHY_ABSENT);
    OnnxModel model = OnnxReader.read(file).model();
    List<UnsupportedNode> unsupported = TrainableGraph.unsupported(model);
    assumeTrue(unsupported.isEmpty(), () -> file + ": " + unsupported);
    try (InferenceSession session = InferenceSession.open(file, SessionOptions.of(1));
        NDManager manager = TestEngine.manager();
        TrainableGraph graph = TrainableGraph.of(model, manager)) {
      Map<String, TensorBuffer> feeds = RandomInputs.thatRun(model, session).next(1);
      Map<String, TensorBuffer> expected = session.run(feeds);
      Map<String, NDArray> arrays = new LinkedHashMap<>();
      feeds.forEach((name, tensor) -> arrays.put(name, array(manager, tensor)));
      try (NDManager scope = manager.newSubManager()) {
        List<NDArray> results = graph.forward(scope, arrays, false, List.of());
        for (int i = 0; i < results.size(); i++) {
          TensorBuffer wanted = expected.get(graph.outputNames().get(i));
          if (wanted != null) {
            assertClose(Numbers.doubles(results.get(i)), wanted, tolerance(model));
          }
        }
      }
      try (InferenceSession written = InferenceSession.open(graph.write(), SessionOptions.of(1))) {
        Map<String, TensorBuffer> again = written.run(feeds);
        expected.forEach(
            (name, tensor) ->
                assertThat(java.util.Objects.requireNonNull(again.get(name)).bytes())
                    .as(name)
                    .isEqualTo(tensor.bytes()));
      }
    }
  }

  private static NDArray array(NDManager manager, TensorBuffer tensor) {
    ByteBuffer bytes = tensor.bytes().order(ByteOrder.nativeOrder());
    return manager.create(bytes, new Shape(tensor.shape().toArray()), type(tensor.type()));
  }

  private static DataType type(ElementType type) {
    return switch (type.name()) {
      case "int64" -> DataType.INT64;
      case "int32" -> DataType.INT32;
      case "uint8" -> DataType.UINT8;
      case "bool" -> DataType.BOOLEAN;
      default -> DataType.FLOAT32;
    };
  }

  private static double tolerance(OnnxModel model) {
    if (holds(model, "QuantizeLinear")) {
      return CODE_TOLERANCE;
    }
    return holds(model, "InstanceNormalization") ? FLAT_IMAGE_TOLERANCE : RELATIVE_TOLERANCE;
  }

  private static boolean holds(OnnxModel model, String opType) {
    return model.graph().nodes().stream().anyMatch(node -> node.is(opType));
  }

  private static void assertClose(double[] got, TensorBuffer wanted, double tolerance) {
    double[] reference =
        wanted.type().isFloatingPoint()
            ? doubles(wanted.toFloats())
            : java.util.Arrays.stream(wanted.toTensor().toLongs()).asDoubleStream().toArray();
    assertThat(got).hasSameSizeAs(reference);
    double largest = 0;
    double worst = 0;
    for (int i = 0; i < got.length; i++) {
      largest = Math.max(largest, Math.abs(reference[i]));
      worst = Math.max(worst, Math.abs(got[i] - reference[i]));
    }
    assertThat(worst).isLessThanOrEqualTo(Math.max(tolerance * largest, ABSOLUTE_TOLERANCE));
  }

  private static double[] doubles(float[] values) {
    double[] result = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = values[i];
    }
    return result;
  }
}
