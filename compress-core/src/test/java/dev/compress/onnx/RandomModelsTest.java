package dev.compress.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;
import dev.compress.graph.OnnxModel;
import dev.compress.progress.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Models with random fields in every message, drawn from protobuf's own description of ONNX, mean
 * the same after reading and writing.
 */
class RandomModelsTest {
  private static final int MAX_DEPTH = 9;

  private final Random random = new Random();
  private int opsets;

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(
      longs = {
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
        26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40
      })
  void meanTheSameAfterwards(long seed, @TempDir Path folder) throws IOException {
    random.setSeed(seed);
    ModelProto model = model();
    Path file = Files.write(folder.resolve("in.onnx"), model.toByteArray());

    byte[] fromMemory = OnnxWriter.toBytes(OnnxReader.read(model.toByteArray()));
    OnnxModel read = OnnxReader.read(file).model();
    assertThat(OnnxWriter.toBytes(read)).isEqualTo(fromMemory);
    assertSame(model, ModelProto.parseFrom(fromMemory));

    Path external = folder.resolve("external.onnx");
    WriteSettings settings = WriteSettings.DEFAULT.withExternal(WriteSettings.ExternalData.ALWAYS);
    OnnxWriter.write(read, external, settings, Progress.NONE);
    assertSame(model, ModelProto.parseFrom(OnnxWriter.toBytes(OnnxReader.read(external).model())));
  }

  private static void assertSame(ModelProto expected, ModelProto actual) {
    ModelProto left = OnnxMlComparison.normalised(expected);
    ModelProto right = OnnxMlComparison.normalised(actual);
    assertThat(OnnxMlComparison.difference(left, right)).isEmpty();
  }

  private ModelProto model() {
    ModelProto.Builder model = ModelProto.newBuilder();
    fill(model, 0);
    model.setIrVersion(3 + random.nextInt(11));
    model.clearOpsetImport();
    model.addOpsetImportBuilder().setVersion(7 + random.nextInt(20));
    model.addOpsetImportBuilder().setDomain("custom").setVersion(random.nextInt(5));
    if (!model.hasGraph()) {
      model.setGraph(GraphProto.getDefaultInstance());
    }
    return model.build();
  }

  /** Sets about half of a message's fields to random values. */
  private void fill(Message.Builder builder, int depth) {
    if (builder instanceof TensorProto.Builder tensor) {
      fillTensor(tensor);
      return;
    }
    if (builder instanceof OperatorSetIdProto.Builder opset) {
      opset.setDomain("set" + opsets++).setVersion(random.nextInt(40)); // twice one is an error
      return;
    }
    if (builder instanceof AttributeProto.Builder attribute) {
      fillAttribute(attribute, depth);
      return;
    }
    for (FieldDescriptor field : builder.getDescriptorForType().getFields()) {
      if (random.nextBoolean() || isRequired(field)) {
        set(builder, field, depth);
      }
    }
    unknown(builder);
  }

  /** What ONNX itself cannot do without. */
  private static boolean isRequired(FieldDescriptor field) {
    return field.getFullName().startsWith("onnx.SparseTensorProto.")
        || field.getFullName().equals("onnx.NodeProto.op_type");
  }

  private void set(Message.Builder builder, FieldDescriptor field, int depth) {
    if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE && depth >= MAX_DEPTH) {
      if (!isRequired(field)) {
        return;
      }
    }
    if (field.isRepeated()) {
      int n = random.nextInt(4);
      for (int i = 0; i < n; i++) {
        builder.addRepeatedField(field, value(builder, field, depth));
      }
    } else {
      builder.setField(field, value(builder, field, depth));
    }
  }

  private Object value(Message.Builder parent, FieldDescriptor field, int depth) {
    return switch (field.getJavaType()) {
      case INT -> random.nextInt(40);
      case LONG -> random.nextLong() >> random.nextInt(64);
      case FLOAT -> (float) random.nextGaussian();
      case DOUBLE -> random.nextGaussian();
      case BOOLEAN -> random.nextBoolean();
      case STRING -> text();
      case BYTE_STRING -> bytes(random.nextInt(5));
      case ENUM -> {
        List<EnumValueDescriptor> values = field.getEnumType().getValues();
        yield values.get(random.nextInt(values.size()));
      }
      case MESSAGE -> {
        Message.Builder inner = parent.newBuilderForField(field);
        fill(inner, depth + 1);
        yield inner.build();
      }
    };
  }

  private String text() {
    String[] some = {
      "", "a", "w/1:0", "ä", "日本", "😀", "x".repeat(63), "y".repeat(64), "z".repeat(300)
    };
    return some[random.nextInt(some.length)] + (random.nextBoolean() ? random.nextInt(50) : "");
  }

  private ByteString bytes(int n) {
    byte[] bytes = new byte[n];
    random.nextBytes(bytes);
    return ByteString.copyFrom(bytes);
  }

  private void unknown(Message.Builder builder) {
    if (random.nextInt(4) == 0) {
      builder.setUnknownFields(
          UnknownFieldSet.newBuilder()
              .addField(
                  40 + random.nextInt(1000),
                  UnknownFieldSet.Field.newBuilder()
                      .addVarint(random.nextLong())
                      .addLengthDelimited(bytes(random.nextInt(200)))
                      .build())
              .build());
    }
  }

  private void fillTensor(TensorProto.Builder tensor) {
    int[] widths = {0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8, 8, 16, 2, 1, 1, 1, 1};
    int elements = 1;
    int rank = random.nextInt(4);
    for (int i = 0; i < rank; i++) {
      int dim = random.nextInt(random.nextInt(10) == 0 ? 40 : 4);
      tensor.addDims(dim);
      elements *= dim;
    }
    int type = 1 + random.nextInt(20);
    tensor.setDataType(type).setName(text());
    if (type == 8) {
      for (int i = 0; i < elements; i++) {
        tensor.addStringData(bytes(random.nextInt(4)));
      }
    } else if (random.nextBoolean()) {
      tensor.setRawData(bytes(elements * widths[type]));
    } else {
      typed(tensor, type, elements);
    }
    if (random.nextBoolean()) {
      tensor.setDocString(text());
    }
    unknown(tensor);
  }

  private void typed(TensorProto.Builder tensor, int type, int elements) {
    for (int i = 0; i < elements; i++) {
      switch (type) {
        case 1, 14 -> {
          for (int j = 0; j < (type == 14 ? 2 : 1); j++) {
            tensor.addFloatData((float) random.nextGaussian());
          }
        }
        case 11, 15 -> {
          for (int j = 0; j < (type == 15 ? 2 : 1); j++) {
            tensor.addDoubleData(random.nextGaussian());
          }
        }
        case 7 -> tensor.addInt64Data(random.nextLong());
        case 12 -> tensor.addUint64Data(Integer.toUnsignedLong(random.nextInt()));
        case 13 -> tensor.addUint64Data(random.nextLong());
        case 6 -> tensor.addInt32Data(random.nextInt());
        case 4, 10, 16 -> tensor.addInt32Data(random.nextInt(1 << 16));
        case 5 -> tensor.addInt32Data((short) random.nextInt());
        case 3 -> tensor.addInt32Data((byte) random.nextInt());
        default -> tensor.addInt32Data(random.nextInt(256));
      }
    }
  }

  /** One kind of value, and the type that says so. */
  private void fillAttribute(AttributeProto.Builder attribute, int depth) {
    attribute.setName(text());
    int type = 1 + random.nextInt(14);
    boolean nested = type == 5 || type == 10;
    if (nested && depth > MAX_DEPTH - 3) {
      type = 2;
    }
    String[] names = {
      "",
      "f",
      "i",
      "s",
      "t",
      "g",
      "floats",
      "ints",
      "strings",
      "tensors",
      "graphs",
      "sparse_tensor",
      "sparse_tensors",
      "tp",
      "type_protos"
    };
    attribute.setType(AttributeProto.AttributeType.forNumber(type));
    if (random.nextInt(10) == 0) {
      attribute.setRefAttrName("outer");
    } else {
      set(attribute, attribute.getDescriptorForType().findFieldByName(names[type]), depth);
    }
    unknown(attribute);
  }
}
