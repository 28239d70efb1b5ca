package dev.compress.data;

import static dev.compress.data.DataFixtures.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.InvalidDataException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Dim;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BindingTest {
  private static final long[] NO_LABELS = {};

  private static Dataset data(String descriptor, Map<String, TensorBuffer> inputs) {
    return Dataset.of(
        "test",
        inputs,
        NO_LABELS,
        descriptor.isEmpty() ? DataDescriptor.NONE : DataDescriptor.parse(descriptor));
  }

  private static Dataset bytes(String descriptor, long... dims) {
    TensorBuffer tensor = TensorBuffer.allocate(ElementType.UINT8, Shape.of(dims));
    for (int i = 0; i < tensor.bytes().capacity(); i++) {
      tensor.bytes().put(i, (byte) i);
    }
    return data(descriptor, Map.of("x", tensor));
  }

  private static long[] dims(String text) {
    return text.isBlank()
        ? new long[0]
        : LongStream.of(
                java.util.Arrays.stream(text.strip().split(" "))
                    .mapToLong(Long::parseLong)
                    .toArray())
            .toArray();
  }

  private static double[] counting(int count) {
    return IntStream.range(0, count).mapToDouble(i -> i).toArray();
  }

  @ParameterizedTest(name = "{0} for {1}")
  @CsvSource({
    // stored dims with the samples first, the model's dims, the tensor of a batch of 2
    "2 4 5, -1 1 4 5, 2 1 4 5",
    "2 4 5, -1 4 5 1, 2 4 5 1",
    "2 4 5, -1 4 5, 2 4 5",
    "2 4 5, 2 1 4 5, 2 1 4 5",
    "2 1 4 5, -1 4 5, 2 4 5",
    "2 1 4 5, -1 4 5 1, 2 4 5 1",
    "2 4 5, -1 20, 2 20",
    "2 20, -1 1 4 5, 2 1 4 5",
    "2 4 5, -1 -1 -1, 2 4 5",
    "2, -1 1, 2 1",
    "2 1, -1, 2",
  })
  void oneDimsAreAddedRemovedAndLinesFolded(String stored, String model, String batch) {
    Dataset bound =
        bytes("", dims(stored)).bind(List.of(InputSpec.of("in", ElementType.FLOAT, dims(model))));
    Batch first = bound.batches(2).iterator().next();
    assertThat(first.input("in").shape().toArray()).containsExactly(dims(batch));
    assertThat(values(bound)).containsExactly(counting(values(bound).length));
  }

  @ParameterizedTest(name = "{0} for {1}")
  @CsvSource({
    "2 4 5, -1 1 5 4",
    "2 4 5, -1 3 4 5",
    "2 4 5, -1 21",
    "2 4 5, -1 4 -1 5 5",
    "2 6, -1 5",
    "2 2 3 4, -1 4 3 2",
    "2 4 5, 5 4",
  })
  void dimsThatDoNotFitNameBothSides(String stored, String model) {
    InputSpec spec = InputSpec.of("in", ElementType.FLOAT, dims(model));
    assertThatThrownBy(() -> bytes("", dims(stored)).bind(List.of(spec)))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining(spec.toString())
        .hasMessageContaining("'x' uint8");
  }

  @Test
  void channelsAreTurnedWhereTheModelHasThemAtTheOtherEnd() {
    Dataset data = bytes("", 2, 3, 2, 2);
    Dataset last = data.bind(List.of(InputSpec.of("in", ElementType.FLOAT, -1, 2, 2, 3)));
    assertThat(values(last.take(1))).containsExactly(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11);
    assertThat(last.notes()).anyMatch(n -> n.contains("turned from [3, 2, 2] to [2, 2, 3]"));
    Dataset same = data.bind(List.of(InputSpec.of("in", ElementType.FLOAT, -1, 3, 2, 2)));
    assertThat(values(same)).containsExactly(counting(24));

    Dataset first =
        bytes("", 1, 2, 2, 3).bind(List.of(InputSpec.of("in", ElementType.FLOAT, -1, 3, -1, -1)));
    assertThat(values(first)).containsExactly(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11);
  }

  @Test
  void layoutAndChannelwiseValuesOfADescriptor() {
    Dataset data =
        bytes(
            "inputs: {x: {layout: NHWC, scale: 2, mean: [0, 10, 20], std: [1, 2, 4]}}", 1, 3, 1, 2);
    // Planes (0 1) (2 3) (4 5) become pixels (0 2 4) (1 3 5), then (2 v - mean) / std.
    assertThat(values(data)).containsExactly(0, -3, -3, 2, -2, -2.5);
    assertThat(data.inputs().get(0))
        .isEqualTo(new DataInput("x", ElementType.FLOAT, List.of(1L, 2L, 3L), false));
    assertThatThrownBy(() -> bytes("inputs: {x: {mean: [1, 2]}}", 1, 3, 1, 2))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("2 values")
        .hasMessageContaining("3 channels");
  }

  @Test
  void arraysOfBytesAreImagesToo() {
    Dataset grey = bytes("inputs: {x: {crop: [2, 2], channels: RGB, layout: NCHW}}", 1, 4, 4);
    assertThat(values(grey)).containsExactly(5, 6, 9, 10, 5, 6, 9, 10, 5, 6, 9, 10);
    Dataset planes = bytes("inputs: {x: {channels: BGR, layout: NCHW}}", 1, 3, 1, 2);
    assertThat(values(planes)).containsExactly(4, 5, 2, 3, 0, 1);
    assertThatThrownBy(
            () ->
                data(
                    "inputs: {x: {resize: 4}}",
                    Map.of("x", TensorBuffer.of(Shape.of(1, 4, 4), new float[16]))))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("8-bit images");
  }

  @ParameterizedTest(name = "{0} for a model of {1}: {2}")
  @CsvSource({
    "uint8, float32, true",
    "int64, float32, true",
    "float32, float16, true",
    "float64, float32, true",
    "int64, int32, true",
    "uint8, int64, true",
    "int32, bool, true",
    "bool, float32, true",
    "float32, int64, false",
    "float32, uint8, false",
    "float32, bool, false",
    "float32, string, false",
    "float32, bfloat16, false",
  })
  void integersBecomeFloatsAndNeverTheOtherWay(String stored, String model, boolean fits) {
    ElementType from = DataTypes.parse(stored, "");
    ElementType to =
        switch (model) {
          case "string" -> ElementType.STRING;
          case "bfloat16" -> ElementType.BFLOAT16;
          default -> DataTypes.parse(model, "");
        };
    TensorBuffer tensor = TensorBuffer.allocate(from, Shape.of(2, 2));
    Numbers.write(from, new double[] {0, 1, 1, 0}, tensor.bytes(), "");
    Dataset data = data("", Map.of("x", tensor));
    InputSpec spec = InputSpec.of("x", to, -1, 2);
    if (fits) {
      Dataset bound = data.bind(List.of(spec));
      assertThat(bound.inputs().get(0).type()).isEqualTo(to);
      assertThat(values(bound)).containsExactly(0, 1, 1, 0);
    } else {
      assertThatThrownBy(() -> data.bind(List.of(spec)))
          .isInstanceOf(InvalidDataException.class)
          .hasMessageContaining(spec.toString())
          .hasMessageContaining(stored);
    }
  }

  @Test
  void valuesOutsideTheModelsTypeNameTheSample() {
    Dataset data = data("", Map.of("x", TensorBuffer.of(Shape.of(2, 1), 7L, 300L)));
    Dataset bound = data.bind(List.of(InputSpec.of("x", ElementType.UINT8, -1, 1)));
    assertThatThrownBy(() -> values(bound))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("Sample 1 of 'x' holds 300")
        .hasMessageContaining("uint8");
    Dataset huge = data("", Map.of("x", TensorBuffer.of(Shape.of(1, 1), (1L << 53) + 1)));
    assertThatThrownBy(
            () -> values(huge.bind(List.of(InputSpec.of("x", ElementType.FLOAT, -1, 1)))))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("9007199254740993");
    assertThat(
            huge.bind(List.of(InputSpec.of("x", ElementType.INT64, -1, 1)))
                .batches(1)
                .iterator()
                .next()
                .input("x")
                .longs()
                .get())
        .as("an id in the model's own type is never rounded")
        .isEqualTo((1L << 53) + 1);
  }

  @Test
  void descriptorTypesThatTheModelContradicts() {
    Dataset data = bytes("inputs: {x: {dtype: int64}}", 2, 3);
    assertThatThrownBy(() -> data.bind(List.of(InputSpec.of("x", ElementType.FLOAT, -1, 3))))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("float32")
        .hasMessageContaining("as int64 by its descriptor");
    Dataset scaled = bytes("inputs: {x: {scale: 1/255}}", 2, 3);
    assertThatThrownBy(() -> scaled.bind(List.of(InputSpec.of("x", ElementType.UINT8, -1, 3))))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("uint8");
    Dataset rounded = bytes("inputs: {x: {scale: 0.5, dtype: int32}}", 1, 6);
    assertThat(values(rounded)).as("half to even").containsExactly(0, 0, 1, 2, 2, 2);
  }

  @Test
  void severalInputsGoByName() {
    Map<String, TensorBuffer> arrays = new LinkedHashMap<>();
    arrays.put("ids", TensorBuffer.of(Shape.of(2, 2), 1L, 2, 3, 4));
    arrays.put("mask", TensorBuffer.of(Shape.of(2, 2), 1L, 1, 0, 1));
    Dataset data = data("", arrays);
    InputSpec ids = InputSpec.of("ids", ElementType.INT64, -1, -1);
    InputSpec types = InputSpec.of("token_type_ids", ElementType.INT64, -1, -1);
    assertThat(data.bind(List.of(ids)).inputs()).extracting(DataInput::name).containsExactly("ids");
    assertThatThrownBy(() -> data.bind(List.of(ids, types)))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining(types.toString())
        .hasMessageContaining("'ids' int64[2], 'mask' int64[2]");
    assertThatThrownBy(() -> data.bind(List.of(types)))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("token_type_ids");
    Dataset renamed =
        data("inputs: {a: {from: mask}, b: {from: ids, map: nonzero}}", arrays)
            .bind(
                List.of(
                    InputSpec.of("b", ElementType.INT64, -1, 2),
                    InputSpec.of("a", ElementType.FLOAT, -1, 2)));
    assertThat(values(renamed, "a", 1)).containsExactly(1, 1, 0, 1);
    assertThat(values(renamed, "b", 1)).containsExactly(1, 1, 1, 1);
    assertThatThrownBy(() -> data("inputs: {a: {from: masks}}", arrays))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("'masks' is not in the data")
        .hasMessageContaining("'mask'");
  }

  @Test
  void constantsFollowTheBatch() {
    Dataset data =
        data(
            """
            inputs:
              x: {}
              state: {dtype: float32, shape: [2, batch, 3], value: 0.5}
              sr: {dtype: int64, shape: [], value: 16000}
            """,
            Map.of("x", TensorBuffer.of(Shape.of(3, 2), 1f, 2, 3, 4, 5, 6)));
    Dataset bound =
        data.bind(
            List.of(
                InputSpec.of("input", ElementType.FLOAT, -1, -1),
                InputSpec.of("state", ElementType.FLOAT, 2, -1, 3),
                InputSpec.of("sr", ElementType.INT64)));
    Batch batch = bound.batches(2).iterator().next();
    assertThat(batch.inputs()).containsOnlyKeys("input", "state", "sr");
    assertThat(batch.input("state").shape().toArray()).containsExactly(2, 2, 3);
    assertThat(batch.input("state").toFloats()).containsOnly(0.5f).hasSize(12);
    assertThat(batch.input("sr").longs().get()).isEqualTo(16000);
    assertThatThrownBy(
            () ->
                data.bind(
                    List.of(
                        InputSpec.of("input", ElementType.FLOAT, -1, -1),
                        InputSpec.of("state", ElementType.FLOAT, 2, -1, 4))))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("float32[2, ?, 4]")
        .hasMessageContaining("float32[2, ?, 3]");
  }

  @Test
  void inputsAsModelsDeclareThem() {
    ValueInfo image =
        ValueInfo.of(
            "image",
            ValueType.tensor(
                ElementType.FLOAT, List.of(Dim.of("batch"), Dim.of(1), Dim.unknown(), Dim.of(5))));
    assertThat(InputSpec.of(image))
        .isEqualTo(InputSpec.of("image", ElementType.FLOAT, -1, 1, -1, 5));
    InputSpec any = InputSpec.of(ValueInfo.of("x", ValueType.tensor(ElementType.FLOAT)));
    assertThat(any.anyRank()).isTrue();
    Dataset bound = bytes("", 2, 4, 5).bind(List.of(any));
    assertThat(bound.inputs().get(0))
        .isEqualTo(new DataInput("x", ElementType.FLOAT, List.of(4L, 5L), false));
    ValueInfo none = ValueInfo.of("s", new ValueType.Undeclared());
    assertThatThrownBy(() -> InputSpec.of(none))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("'s'");
  }

  @Test
  void aFixedBatchIsKeptAndPadded() {
    Dataset bound = bytes("", 5, 2).bind(List.of(InputSpec.of("in", ElementType.FLOAT, 3, 2)));
    assertThat(bound.fixedBatch()).isEqualTo(3);
    List<Integer> counts = new java.util.ArrayList<>();
    for (Batch batch : bound.batches(100)) {
      assertThat(batch.rows()).isEqualTo(3);
      assertThat(batch.input("in").shape().toArray()).containsExactly(3, 2);
      counts.add(batch.count());
      if (batch.count() == 2) {
        assertThat(batch.input("in").toFloats()).containsExactly(6, 7, 8, 9, 8, 9);
      }
    }
    assertThat(counts).containsExactly(3, 2);
    assertThatThrownBy(
            () ->
                data(
                        "",
                        Map.of(
                            "a", TensorBuffer.of(Shape.of(2, 1), 1f, 2),
                            "b", TensorBuffer.of(Shape.of(2, 1), 1f, 2)))
                    .bind(
                        List.of(
                            InputSpec.of("a", ElementType.FLOAT, 2, 1),
                            InputSpec.of("b", ElementType.FLOAT, 4, 1))))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("different batches, 2 and 4");
  }

  @Test
  void modelsWithoutABatchDimGetOneSampleAtATime() {
    Dataset bound = bytes("", 2, 4, 5).bind(List.of(InputSpec.of("in", ElementType.FLOAT, 4, 5)));
    Batch batch = bound.batches(8).iterator().next();
    assertThat(batch.count()).isEqualTo(1);
    assertThat(batch.input("in").shape().toArray()).containsExactly(4, 5);
    assertThat(values(bound)).containsExactly(counting(40));
  }

  @Test
  void eightBitValuesWithoutAScaleAreNoted() {
    InputSpec spec = InputSpec.of("x", ElementType.FLOAT, -1, 3);
    assertThat(bytes("", 2, 3).bind(List.of(spec)).notes())
        .anyMatch(n -> n.contains("0 to 255") && n.contains("scale"));
    assertThat(bytes("inputs: {x: {scale: 1}}", 2, 3).bind(List.of(spec)).notes()).isEmpty();
    assertThat(bytes("", 2, 3).bind(List.of(InputSpec.of("x", ElementType.UINT8, -1, 3))).notes())
        .isEmpty();
  }

  @Test
  void shapeOfTheDescriptorThenTheModels() {
    Dataset data = bytes("inputs: {x: {shape: [20]}}", 2, 4, 5);
    assertThat(data.inputs().get(0).dims()).containsExactly(20L);
    Dataset bound = data.bind(List.of(InputSpec.of("x", ElementType.FLOAT, -1, 1, 20)));
    assertThat(bound.inputs().get(0).dims()).containsExactly(1L, 20L);
    assertThat(values(bound)).containsExactly(counting(40));
    assertThatThrownBy(() -> bytes("inputs: {x: {shape: [21]}}", 2, 4, 5))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("[4, 5]")
        .hasMessageContaining("[21]");
    assertThatThrownBy(() -> data.bind(List.of(InputSpec.of("x", ElementType.FLOAT, -1, 3, 7))))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("[20]")
        .hasMessageContaining("[3, 7]");
  }
}
