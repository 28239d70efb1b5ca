package dev.compress.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.Pointer;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.error.InvalidDataException;
import dev.compress.error.InvalidModelException;
import dev.compress.gpu.OrtApi.Call;
import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxWriter;
import dev.compress.runtime.BoundRun;
import dev.compress.runtime.ExecutionProvider;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.RepeatedRun;
import dev.compress.runtime.RuntimeInfo;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** IoBinding through the C API, in the processor's memory, against the runtime's own Java. */
class HeldRunTest {
  private static final SessionOptions PLAIN = SessionOptions.of(1);

  @TempDir Path folder;

  @BeforeEach
  void onLinux() {
    assumeTrue(
        System.getProperty("os.name").equals("Linux"), "the C API is looked for on Linux only");
  }

  private static ValueInfo value(String name, ElementType type, Object... dims) {
    List<Dim> all =
        Arrays.stream(dims)
            .map(d -> d instanceof String s ? Dim.of(s) : Dim.of(((Number) d).longValue()))
            .toList();
    return ValueInfo.of(name, ValueType.tensor(type, all));
  }

  private static Tensor normal(long seed, double scale, long... dims) {
    Random random = new Random(seed);
    float[] values = new float[(int) Shape.of(dims).elementCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (scale * random.nextGaussian());
    }
    return Tensor.ofFloats(Shape.of(dims), values);
  }

  private Path write(OnnxModel model) throws IOException {
    return Files.write(folder.resolve("model.onnx"), OnnxWriter.toBytes(model));
  }

  private static OnnxModel model(
      List<Node> nodes,
      List<Initializer> initializers,
      List<ValueInfo> inputs,
      List<ValueInfo> outputs) {
    return OnnxModel.of(8, 17, Graph.of("held", nodes, initializers, inputs, outputs));
  }

  /** Two convolutions with an activation; the batch is free. */
  private static OnnxModel convolutions() {
    return model(
        List.of(
            Node.of(
                "Conv",
                "c1",
                List.of("x", "w1"),
                List.of("a"),
                Attribute.of("pads", new long[] {1, 1, 1, 1})),
            Node.of("Relu", "r", List.of("a"), List.of("b")),
            Node.of(
                "Conv",
                "c2",
                List.of("b", "w2"),
                List.of("y"),
                Attribute.of("pads", new long[] {1, 1, 1, 1}))),
        List.of(
            Initializer.of("w1", normal(1, 0.1, 32, 16, 3, 3)),
            Initializer.of("w2", normal(2, 0.1, 32, 32, 3, 3))),
        List.of(value("x", ElementType.FLOAT, "n", 16, 28, 28)),
        List.of(value("y", ElementType.FLOAT, "n", 32, 28, 28)));
  }

  /** Several inputs and outputs of several types, one a scalar, one of a size not known before. */
  private static OnnxModel mixed() {
    return model(
        List.of(
            Node.of("Gather", "g", List.of("table", "ids"), List.of("rows")),
            Node.of("Mul", "m", List.of("rows", "by"), List.of("scaled")),
            Node.of("NonZero", "nz", List.of("scaled"), List.of("places")),
            Node.of("Greater", "gt", List.of("scaled", "by"), List.of("large")),
            Node.of("Cast", "d", List.of("scaled"), List.of("wide"), Attribute.of("to", 11L))),
        List.of(Initializer.of("table", normal(3, 1, 10, 4))),
        List.of(value("ids", ElementType.INT64, "n"), value("by", ElementType.FLOAT)),
        List.of(
            value("places", ElementType.INT64, 2, "k"),
            value("large", ElementType.BOOL, "n", 4),
            value("wide", ElementType.DOUBLE, "n", 4)));
  }

  private static void assertSame(Path model, Map<String, TensorBuffer> inputs) {
    try (InferenceSession session = InferenceSession.open(model, PLAIN);
        RepeatedRun held = HeldRun.of(model, PLAIN, inputs)) {
      assertThatIllegalStateException().isThrownBy(held::outputs);
      held.run();
      held.run();
      Map<String, TensorBuffer> expected = session.run(inputs);
      Map<String, TensorBuffer> found = held.outputs();
      assertThat(found.keySet()).containsExactlyElementsOf(expected.keySet());
      expected.forEach(
          (name, tensor) -> {
            TensorBuffer ours = Objects.requireNonNull(found.get(name));
            assertThat(ours.type()).as(name).isEqualTo(tensor.type());
            assertThat(ours.shape()).as(name).isEqualTo(tensor.shape());
            assertThat(ours.bytes()).as(name).isEqualTo(tensor.bytes());
          });
    }
  }

  @Test
  void theOutputsAreThoseOfTheJavaSessionBitForBit() throws IOException {
    assertSame(write(convolutions()), Map.of("x", TensorBuffer.of(normal(9, 1, 3, 16, 28, 28))));
    assertSame(
        write(mixed()),
        Map.of(
            "ids", TensorBuffer.of(Shape.of(5), 0L, 3L, 3L, 9L, 1L),
            "by", TensorBuffer.of(Shape.scalar(), 0.5f)));
  }

  @Test
  void outputsLieWhereTheyWereAskedTo() throws IOException {
    HeldRun held =
        HeldRun.of(
            write(convolutions()),
            PLAIN,
            Map.of("x", TensorBuffer.of(normal(9, 1, 1, 16, 28, 28))));
    held.run();
    assertThat(held.outputMemory()).containsExactly("Cpu");
    held.close();
    held.close();
    assertThatIllegalStateException().isThrownBy(held::run).withMessageContaining("closed");
  }

  @Test
  void theTimesAreThoseOfTheJavaSession() throws IOException {
    Path model = write(convolutions());
    Map<String, TensorBuffer> inputs = Map.of("x", TensorBuffer.of(normal(9, 1, 1, 16, 28, 28)));
    try (InferenceSession session = InferenceSession.open(model, PLAIN);
        BoundRun bound = session.prepare(inputs);
        RepeatedRun held = HeldRun.of(model, PLAIN, inputs)) {
      long java = Long.MAX_VALUE;
      long c = Long.MAX_VALUE;
      for (int i = 0; i < 300; i++) { // in turn; the shortest says what nothing disturbed
        java = Math.min(java, nanos(bound));
        c = Math.min(c, nanos(held));
      }
      assertThat((double) c).isBetween(0.5 * java, 1.5 * java + 50_000);
    }
  }

  private static long nanos(RepeatedRun run) {
    long start = System.nanoTime();
    run.run();
    return System.nanoTime() - start;
  }

  @Test
  void whatDoesNotFitIsToldInTheRuntimesWords() throws IOException {
    Path model = write(convolutions());
    assertThatThrownBy(
            () -> HeldRun.of(model, PLAIN, Map.of("z", TensorBuffer.of(Shape.of(1), 1f))))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("z");
    try (RepeatedRun wrong =
        HeldRun.of(model, PLAIN, Map.of("x", TensorBuffer.of(normal(9, 1, 1, 3, 28, 28))))) {
      assertThatThrownBy(wrong::run)
          .isInstanceOf(InvalidDataException.class)
          .hasMessageContaining("16");
    }
    Path bad = Files.writeString(folder.resolve("bad.onnx"), "no model");
    assertThatThrownBy(() -> HeldRun.of(bad, PLAIN, Map.of()))
        .isInstanceOf(InvalidModelException.class);
  }

  /**
   * The places of the functions for GPUs cannot be tried by making a session; but the one that
   * makes the options says, in a build for the processor, whose options they would be.
   */
  @ParameterizedTest
  @EnumSource(ExecutionProvider.Kind.class)
  void theBuildForTheProcessorSaysWhichProviderItLacks(ExecutionProvider.Kind kind)
      throws IOException {
    assumeTrue(
        RuntimeInfo.get().providers().stream().noneMatch(p -> p.contains("CUDA")),
        "this ONNX Runtime is a build for GPUs");
    Path model = write(convolutions());
    SessionOptions options = PLAIN.withProviders(List.of(new ExecutionProvider(kind, Map.of())));
    String name = kind == ExecutionProvider.Kind.CUDA ? "CUDA" : "TensorRT";
    assertThatThrownBy(() -> HeldRun.of(model, options, Map.of()))
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining(name + " execution provider is not enabled in this build");
  }

  @Test
  void theApiIsThatOfTheRuntimeThatJavaHasLoaded() {
    OrtApi api = OrtApi.ofThisProcess();
    assertThat(api.version()).isEqualTo(RuntimeInfo.get().version());
    Pointer info = api.make(Call.CREATE_MEMORY_INFO, OrtApi.text("Cpu"), 0, 0, 0);
    assertThat(api.make(Call.MEMORY_INFO_GET_NAME, info).getString(0)).isEqualTo("Cpu");
    api.release(Call.RELEASE_MEMORY_INFO, info);
    assertThatThrownBy(() -> api.make(Call.CREATE_MEMORY_INFO, OrtApi.text("Nowhere"), 0, 0, 0))
        .isInstanceOf(OrtCallException.class)
        .hasMessageContaining("CREATE_MEMORY_INFO");
  }
}
