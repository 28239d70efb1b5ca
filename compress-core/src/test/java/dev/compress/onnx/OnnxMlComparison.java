package dev.compress.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Brings two models that protobuf's own code parsed into one form, in which they are equal if they
 * mean the same: presence of empty texts and zeros does not count, "ai.onnx" is "", and a tensor's
 * elements are raw bytes whatever field held them.
 */
final class OnnxMlComparison {
  private OnnxMlComparison() {}

  static ModelProto normalised(ModelProto model) {
    return (ModelProto) normalise(model);
  }

  private static Message normalise(Message message) {
    Message.Builder builder = message.newBuilderForType();
    for (Map.Entry<FieldDescriptor, Object> entry : message.getAllFields().entrySet()) {
      FieldDescriptor field = entry.getKey();
      if (field.isRepeated()) {
        for (Object element : (Iterable<?>) entry.getValue()) {
          builder.addRepeatedField(
              field, element instanceof Message inner ? normalise(inner) : element);
        }
      } else if (entry.getValue() instanceof Message inner) {
        builder.setField(field, normalise(inner));
      } else if (!isDefault(message, field, entry.getValue())) {
        boolean domain = field.getName().equals("domain") && "ai.onnx".equals(entry.getValue());
        if (!domain) {
          builder.setField(field, entry.getValue());
        }
      }
    }
    builder.setUnknownFields(message.getUnknownFields());
    if (builder instanceof TensorProto.Builder tensor) {
      return tensor(tensor);
    }
    return builder.build();
  }

  private static boolean isDefault(Message message, FieldDescriptor field, Object value) {
    boolean meaningful = message instanceof AttributeProto || field.getContainingOneof() != null;
    return (!meaningful && value.equals(field.getDefaultValue()))
        || (value instanceof String text && text.isEmpty());
  }

  private static Message tensor(TensorProto.Builder tensor) {
    if (tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
      return tensor.build();
    }
    int width =
        switch (tensor.getDataType()) {
          case 2, 3, 9, 17, 18, 19, 20, 21, 22 -> 1;
          case 4, 5, 10, 16 -> 2;
          case 1, 6, 12, 14 -> 4;
          default -> 8;
        };
    ByteBuffer bytes =
        ByteBuffer.allocate(
                8
                    * (tensor.getFloatDataCount()
                        + tensor.getInt32DataCount()
                        + tensor.getInt64DataCount()
                        + tensor.getDoubleDataCount()
                        + tensor.getUint64DataCount()))
            .order(ByteOrder.LITTLE_ENDIAN);
    tensor.getFloatDataList().forEach(bytes::putFloat);
    tensor.getInt64DataList().forEach(bytes::putLong);
    tensor.getDoubleDataList().forEach(bytes::putDouble);
    tensor.getInt32DataList().forEach(v -> put(bytes, width, v));
    tensor.getUint64DataList().forEach(v -> put(bytes, width, v));
    if (bytes.position() > 0) {
      tensor.setRawData(ByteString.copyFrom(bytes.flip()));
    }
    if (tensor.getRawData().isEmpty()) {
      tensor.clearRawData();
    }
    return tensor
        .clearFloatData()
        .clearInt32Data()
        .clearInt64Data()
        .clearDoubleData()
        .clearUint64Data()
        .build();
  }

  private static void put(ByteBuffer bytes, int width, long value) {
    switch (width) {
      case 1 -> bytes.put((byte) value);
      case 2 -> bytes.putShort((short) value);
      case 4 -> bytes.putInt((int) value);
      default -> bytes.putLong(value);
    }
  }

  /** The graph's tensors with external data put inside. */
  static ModelProto inlined(ModelProto model, Path modelFile) throws IOException {
    ModelProto.Builder builder = model.toBuilder();
    GraphProto.Builder graph = builder.getGraphBuilder();
    for (int i = 0; i < graph.getInitializerCount(); i++) {
      TensorProto tensor = graph.getInitializer(i);
      if (tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
        graph.setInitializer(i, inlined(tensor, modelFile));
      }
    }
    return builder.build();
  }

  private static TensorProto inlined(TensorProto tensor, Path modelFile) throws IOException {
    String location = "";
    int offset = 0;
    int length = -1;
    for (StringStringEntryProto entry : tensor.getExternalDataList()) {
      switch (entry.getKey()) {
        case "location" -> location = entry.getValue();
        case "offset" -> offset = Integer.parseInt(entry.getValue());
        case "length" -> length = Integer.parseInt(entry.getValue());
        default -> {}
      }
    }
    byte[] all = Files.readAllBytes(modelFile.resolveSibling(location));
    return tensor.toBuilder()
        .clearExternalData()
        .clearDataLocation()
        .setRawData(ByteString.copyFrom(all, offset, length < 0 ? all.length - offset : length))
        .build();
  }

  /** Where two models in this form differ; empty if they are equal. */
  static String difference(ModelProto expected, ModelProto actual) {
    if (expected.equals(actual)) {
      return "";
    }
    List<String> left = expected.toString().lines().toList();
    List<String> right = actual.toString().lines().toList();
    for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
      if (!left.get(i).equals(right.get(i))) {
        return "line " + i + ": " + brief(left.get(i)) + " became " + brief(right.get(i));
      }
    }
    return left.size() + " lines became " + right.size();
  }

  private static String brief(String line) {
    return line.length() > 200 ? line.substring(0, 200) + "..." : line;
  }
}
