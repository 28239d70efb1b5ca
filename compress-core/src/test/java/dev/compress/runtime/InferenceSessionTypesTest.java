package dev.compress.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.InvalidDataException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Attribute;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every element type goes in and comes out unchanged, or is refused with a reason. */
class InferenceSessionTypesTest {
  private static ElementType type(String name) {
    return java.util.stream.IntStream.rangeClosed(1, 26)
        .mapToObj(ElementType::of)
        .filter(t -> t.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static OnnxModel identity(ElementType type) {
    TinyModels tiny =
        new TinyModels()
            .input("x", type, "n", 3)
            .node("Identity", "", List.of("x"), List.of("y"))
            .output("y", type, "n", 3);
    tiny.opset = 21;
    tiny.ir = 10;
    return tiny.build();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "float",
        "double",
        "float16",
        "bfloat16",
        "int8",
        "uint8",
        "int16",
        "int32",
        "int64",
        "bool"
      })
  void whatGoesInComesOut(String name) {
    ElementType type = type(name);
    try (InferenceSession session = InferenceSession.open(identity(type), SessionOptions.of(1))) {
      TensorBuffer x = TensorBuffer.allocate(type, Shape.of(5, 3));
      byte[] bytes = new byte[x.bytes().remaining()];
      new Random(1).nextBytes(bytes);
      if (name.equals("bool")) {
        for (int i = 0; i < bytes.length; i++) {
          bytes[i] &= 1;
        }
      }
      x.bytes().put(bytes);
      assertThat(out(session.run(Map.of("x", x)))).isEqualTo(x.toTensor().data().toByteArray());
      try (BoundRun run = session.prepare(Map.of("x", x))) {
        for (int i = 0; i < 3; i++) {
          run.run();
          assertThat(out(run.outputs())).isEqualTo(bytes);
          assertThat(Objects.requireNonNull(run.outputs().get("y")).type()).isEqualTo(type);
        }
      }
    }
  }

  private static byte[] out(Map<String, TensorBuffer> outputs) {
    return Objects.requireNonNull(outputs.get("y")).toTensor().data().toByteArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {"uint16", "uint32", "uint64"})
  void typesThatJavaCannotHandOverAreNamed(String name) {
    ElementType type = type(name);
    try (InferenceSession session = InferenceSession.open(identity(type), SessionOptions.of(1))) {
      assertThatThrownBy(
              () -> session.run(Map.of("x", TensorBuffer.allocate(type, Shape.of(1, 3)))))
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining(name);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"uint16", "uint32", "uint64"})
  void butTheyCanBeRead(String name) {
    ElementType type = type(name);
    OnnxModel model =
        new TinyModels()
            .input("x", ElementType.FLOAT, 3)
            .node("Cast", "", List.of("x"), List.of("y"), Attribute.of("to", type.code()))
            .output("y", type, 3)
            .build();
    try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(1));
        BoundRun run =
            session.prepare(Map.of("x", TensorBuffer.of(Shape.of(3), 1f, 2f, 60_000f)))) {
      run.run();
      run.run();
      TensorBuffer y = Objects.requireNonNull(run.outputs().get("y"));
      assertThat(y.type()).isEqualTo(type);
      assertThat(y.toTensor().toLongs()).containsExactly(1, 2, 60_000);
    }
  }

  @Test
  void fourBitOutputsDoNotBreakTheSession() {
    TinyModels tiny =
        new TinyModels()
            .input("x", ElementType.FLOAT, 4)
            .constant("s", Tensor.ofFloats(Shape.scalar(), 1))
            .constant("z", Tensor.ofBytes(ElementType.INT4, Shape.scalar(), new byte[1]))
            .node("QuantizeLinear", "", List.of("x", "s", "z"), List.of("q"))
            .node("Neg", "", List.of("x"), List.of("y"))
            .output("q", ElementType.INT4, 4)
            .output("y", ElementType.FLOAT, 4);
    tiny.opset = 21;
    tiny.ir = 10;
    try (InferenceSession session = InferenceSession.open(tiny.build(), SessionOptions.of(1))) {
      assertThat(session.outputs()).extracting(ValueInfo::name).containsExactly("q", "y");
      Map<String, TensorBuffer> outputs =
          session.run(Map.of("x", TensorBuffer.of(Shape.of(4), 1f, 2, 3, 4)), List.of("y"));
      assertThat(Objects.requireNonNull(outputs.get("y")).toFloats())
          .containsExactly(-1, -2, -3, -4);
    }
  }

  @Test
  void tensorsWithoutElementsAndScalarsWork() {
    try (InferenceSession session =
        InferenceSession.open(identity(ElementType.FLOAT), SessionOptions.of(1))) {
      TensorBuffer empty = TensorBuffer.allocate(ElementType.FLOAT, Shape.of(0, 3));
      assertThat(Objects.requireNonNull(session.run(Map.of("x", empty)).get("y")).shape())
          .isEqualTo(Shape.of(0, 3));
    }
    OnnxModel scalar =
        new TinyModels()
            .input("x", ElementType.FLOAT)
            .node("Neg", "", List.of("x"), List.of("y"))
            .output("y", ElementType.FLOAT)
            .build();
    try (InferenceSession session = InferenceSession.open(scalar, SessionOptions.of(1))) {
      TensorBuffer y =
          Objects.requireNonNull(
              session.run(Map.of("x", TensorBuffer.of(Shape.scalar(), 2f))).get("y"));
      assertThat(y.shape()).isEqualTo(Shape.scalar());
      assertThat(y.toFloats()).containsExactly(-2);
    }
  }

  /** Declared shapes may be wrong; a buffer of the wrong size must not be kept. */
  @Test
  void outputsThatGrowWithTheDataAreNotKept() {
    OnnxModel model =
        new TinyModels()
            .input("x", ElementType.FLOAT, 4)
            .node("NonZero", "", List.of("x"), List.of("y"))
            .output("y", ElementType.INT64, 1, "count")
            .build();
    try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(1));
        BoundRun run = session.prepare(Map.of("x", TensorBuffer.of(Shape.of(4), 1f, 0, 0, 1)))) {
      run.run();
      assertThat(longs(run)).containsExactly(0, 3);
      Objects.requireNonNull(run.inputs().get("x")).floats().put(new float[] {1, 1, 0, 1});
      run.run();
      assertThat(longs(run)).containsExactly(0, 1, 3);
    }
  }

  @Test
  void aDeclaredShapeThatIsWrongForNewDataDoesNotStopTheRun() {
    OnnxModel model =
        new TinyModels()
            .input("x", ElementType.FLOAT, 4)
            .node("NonZero", "", List.of("x"), List.of("y"))
            .output("y", ElementType.INT64, 1, 2) // true of the first data only
            .build();
    try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(1));
        BoundRun run = session.prepare(Map.of("x", TensorBuffer.of(Shape.of(4), 1f, 0, 0, 1)))) {
      run.run();
      assertThat(longs(run)).containsExactly(0, 3);
      Objects.requireNonNull(run.inputs().get("x")).floats().put(new float[] {1, 1, 0, 1});
      run.run();
      assertThat(longs(run)).containsExactly(0, 1, 3);
    }
  }

  private static long[] longs(BoundRun run) {
    return Objects.requireNonNull(run.outputs().get("y")).toTensor().toLongs();
  }

  @Test
  void whatFailsInTheMiddleOfARunNamesTheNode() {
    OnnxModel model =
        new TinyModels()
            .input("x", ElementType.INT64, 2)
            .constant("table", TinyModels.normal(1, 1, 5))
            .node("Gather", "look-up", List.of("table", "x"), List.of("y"))
            .output("y", ElementType.FLOAT, 2)
            .build();
    try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(1))) {
      assertThatThrownBy(() -> session.run(Map.of("x", TensorBuffer.of(Shape.of(2), 1L, 7L))))
          .isInstanceOf(InvalidDataException.class)
          .hasMessageContaining("look-up")
          .satisfies(
              e ->
                  assertThat(Arrays.asList(String.valueOf(e.getMessage()).split("\n", -1)))
                      .hasSize(1));
    }
  }
}
