package dev.compress.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import dev.compress.error.InvalidModelException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Initializer;
import dev.compress.tensor.ElementType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every field that may hold a tensor's elements, filled by protobuf's own code. */
class TypedTensorTest {
  private static final int ELEMENTS = 37;

  /** One way to store: puts one entry into the message and into the expected bytes. */
  private record Form(int dataType, int entries, BiConsumer<TensorProto.Builder, ByteBuffer> put) {}

  private static Form ints(int dataType, int width, int entries, Random random) {
    return new Form(
        dataType,
        entries,
        (tensor, bytes) -> {
          int value = random.nextInt();
          switch (width) {
            case 1 -> {
              boolean signed = dataType == 3;
              tensor.addInt32Data(signed ? (byte) value : value & 0xff);
              bytes.put((byte) value);
            }
            case 2 -> {
              boolean signed = dataType == 5;
              tensor.addInt32Data(signed ? (short) value : value & 0xffff);
              bytes.putShort((short) value);
            }
            default -> {
              tensor.addInt32Data(value);
              bytes.putInt(value);
            }
          }
        });
  }

  static Stream<Arguments> forms() {
    Random random = new Random(7);
    return Stream.of(
            new Form(
                1,
                ELEMENTS,
                (tensor, bytes) -> {
                  float value = random.nextFloat();
                  tensor.addFloatData(value);
                  bytes.putFloat(value);
                }),
            new Form(
                14,
                2 * ELEMENTS,
                (tensor, bytes) -> {
                  float value = -random.nextFloat();
                  tensor.addFloatData(value);
                  bytes.putFloat(value);
                }),
            new Form(
                11,
                ELEMENTS,
                (tensor, bytes) -> {
                  double value = random.nextGaussian();
                  tensor.addDoubleData(value);
                  bytes.putDouble(value);
                }),
            new Form(
                15,
                2 * ELEMENTS,
                (tensor, bytes) -> {
                  double value = random.nextGaussian();
                  tensor.addDoubleData(value);
                  bytes.putDouble(value);
                }),
            new Form(
                7,
                ELEMENTS,
                (tensor, bytes) -> {
                  long value = random.nextLong() >> random.nextInt(64);
                  tensor.addInt64Data(value);
                  bytes.putLong(value);
                }),
            new Form(
                12,
                ELEMENTS,
                (tensor, bytes) -> {
                  int value = random.nextInt();
                  tensor.addUint64Data(Integer.toUnsignedLong(value));
                  bytes.putInt(value);
                }),
            new Form(
                13,
                ELEMENTS,
                (tensor, bytes) -> {
                  long value = random.nextLong();
                  tensor.addUint64Data(value);
                  bytes.putLong(value);
                }),
            ints(6, 4, ELEMENTS, random),
            ints(2, 1, ELEMENTS, random),
            ints(3, 1, ELEMENTS, random),
            ints(4, 2, ELEMENTS, random),
            ints(5, 2, ELEMENTS, random),
            ints(9, 1, ELEMENTS, random),
            ints(10, 2, ELEMENTS, random),
            ints(16, 2, ELEMENTS, random),
            ints(17, 1, ELEMENTS, random),
            ints(20, 1, ELEMENTS, random),
            ints(21, 1, (ELEMENTS + 1) / 2, random), // two 4-bit elements an entry
            ints(22, 1, (ELEMENTS + 1) / 2, random),
            ints(23, 1, (ELEMENTS + 1) / 2, random),
            ints(24, 1, ELEMENTS, random),
            ints(25, 1, (ELEMENTS + 3) / 4, random), // four 2-bit elements an entry
            ints(26, 1, (ELEMENTS + 3) / 4, random))
        .map(form -> Arguments.of(ElementType.of(form.dataType()), form));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("forms")
  void typedFieldsBecomeTheSameBytes(ElementType type, Object given) {
    Form form = (Form) given;
    TensorProto.Builder tensor =
        TensorProto.newBuilder().setName("w").setDataType(form.dataType()).addDims(ELEMENTS);
    ByteBuffer expected = ByteBuffer.allocate(16 * ELEMENTS).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < form.entries(); i++) {
      form.put().accept(tensor, expected);
    }
    byte[] bytes = new byte[expected.flip().remaining()];
    expected.get(bytes);

    Initializer packed = TinyModels.initializer(TinyModels.adding(tensor.build()));
    assertThat(packed.tensor().data().toByteArray()).isEqualTo(bytes);
    assertThat(packed.tensor().type()).isEqualTo(type);

    Initializer unpacked = TinyModels.initializer(TinyModels.adding(unpacked(tensor)));
    assertThat(unpacked.tensor().data().toByteArray()).isEqualTo(bytes);

    Initializer raw =
        TinyModels.initializer(
            TinyModels.adding(
                TinyModels.vector("w", ELEMENTS)
                    .setDataType(form.dataType())
                    .setRawData(ByteString.copyFrom(bytes))
                    .build()));
    assertThat(raw.tensor().data().toByteArray()).isEqualTo(bytes);

    TensorProto more = tensor.build().toBuilder().setDims(0, ELEMENTS + 8).build();
    assertThatThrownBy(() -> TinyModels.initializer(TinyModels.adding(more)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("Tensor w");
    TensorProto fewer = tensor.build().toBuilder().setDims(0, ELEMENTS - 8).build();
    assertThatThrownBy(() -> TinyModels.initializer(TinyModels.adding(fewer)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("Tensor w");
  }

  /** The same message with one field for each element, half of them after the rest. */
  private static TensorProto unpacked(TensorProto.Builder tensor) {
    UnknownFieldSet.Builder fields = UnknownFieldSet.newBuilder();
    TensorProto built = tensor.build();
    UnknownFieldSet.Field.Builder field = UnknownFieldSet.Field.newBuilder();
    int number;
    if (built.getFloatDataCount() > 0) {
      number = 4;
      built.getFloatDataList().forEach(v -> field.addFixed32(Float.floatToRawIntBits(v)));
    } else if (built.getDoubleDataCount() > 0) {
      number = 10;
      built.getDoubleDataList().forEach(v -> field.addFixed64(Double.doubleToRawLongBits(v)));
    } else if (built.getInt64DataCount() > 0) {
      number = 7;
      built.getInt64DataList().forEach(field::addVarint);
    } else if (built.getUint64DataCount() > 0) {
      number = 11;
      built.getUint64DataList().forEach(field::addVarint);
    } else {
      number = 5;
      built.getInt32DataList().forEach(v -> field.addVarint(v));
    }
    return tensor
        .clone()
        .clearFloatData()
        .clearDoubleData()
        .clearInt64Data()
        .clearUint64Data()
        .clearInt32Data()
        .setUnknownFields(fields.addField(number, field.build()).build())
        .build();
  }

  @Test
  void stringsKeepTheirBytes() throws Exception {
    TensorProto tensor =
        TensorProto.newBuilder()
            .setName("w")
            .setDataType(8)
            .addDims(3)
            .addStringData(ByteString.copyFromUtf8("é"))
            .addStringData(ByteString.EMPTY)
            .addStringData(ByteString.copyFrom(new byte[] {(byte) 0xff, 0}))
            .build();
    ModelProto model = TinyModels.adding(tensor);
    byte[] written = OnnxWriter.toBytes(OnnxReader.read(model.toByteArray()));
    assertThat(ModelProto.parseFrom(written).getGraph().getInitializer(0)).isEqualTo(tensor);

    TensorProto fewer = tensor.toBuilder().setDims(0, 4).build();
    assertThatThrownBy(() -> TinyModels.initializer(TinyModels.adding(fewer)))
        .hasMessageContaining("3 strings")
        .isInstanceOf(InvalidModelException.class);
    TensorProto none = tensor.toBuilder().clearStringData().build();
    assertThatThrownBy(() -> TinyModels.initializer(TinyModels.adding(none)))
        .isInstanceOf(InvalidModelException.class);
  }

  @Test
  void scalarsAndEmptyTensorsAreNoTrouble() {
    TensorProto scalar =
        TensorProto.newBuilder().setName("w").setDataType(1).addFloatData(2.5f).build();
    assertThat(TinyModels.initializer(TinyModels.adding(scalar)).tensor().toFloats())
        .containsExactly(2.5f);
    TensorProto empty = TensorProto.newBuilder().setName("w").setDataType(7).addDims(0).build();
    assertThat(TinyModels.initializer(TinyModels.adding(empty)).tensor().toLongs()).isEmpty();
    TensorProto missing = TensorProto.newBuilder().setName("w").setDataType(7).build();
    assertThatThrownBy(() -> TinyModels.initializer(TinyModels.adding(missing)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("Tensor w");
  }

  @Test
  void contradictionsAreRefused() {
    TensorProto.Builder base = TensorProto.newBuilder().setName("w").addDims(1);
    List<TensorProto> wrong =
        List.of(
            base.clone().addFloatData(1).build(), // no type
            base.clone().setDataType(7).addFloatData(1).build(),
            base.clone().setDataType(1).addFloatData(1).addInt32Data(1).build(),
            base.clone()
                .setDataType(1)
                .addFloatData(1)
                .setRawData(ByteString.copyFrom(new byte[4]))
                .build(),
            base.clone().setDataType(8).setRawData(ByteString.copyFrom(new byte[4])).build(),
            base.clone().setDataType(1).setDims(0, -1).build(),
            base.clone().setDataType(1).setDims(0, Long.MAX_VALUE).addFloatData(1).build(),
            base.clone().setDataType(1).addDims(1L << 40).addDims(1L << 40).build(),
            base.clone().setDataType(2).setDims(0, 1L << 62).addInt32Data(1).build());
    for (TensorProto tensor : wrong) {
      assertThatThrownBy(() -> TinyModels.initializer(TinyModels.adding(tensor)))
          .as(tensor.toString())
          .isInstanceOf(InvalidModelException.class)
          .hasMessageContaining("w");
    }
    TensorProto segment =
        base.clone()
            .setDataType(1)
            .addFloatData(1)
            .setSegment(TensorProto.Segment.newBuilder().setBegin(0).setEnd(1))
            .build();
    assertThatThrownBy(() -> TinyModels.initializer(TinyModels.adding(segment)))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("w");
  }
}
