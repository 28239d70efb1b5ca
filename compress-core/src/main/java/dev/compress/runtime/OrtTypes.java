package dev.compress.runtime;

import ai.onnxruntime.MapInfo;
import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.SequenceInfo;
import ai.onnxruntime.TensorInfo;
import dev.compress.graph.Dim;
import dev.compress.graph.Extras;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The runtime's types as ours. */
final class OrtTypes {
  private static final String PREFIX = "ONNX_TENSOR_ELEMENT_DATA_TYPE_";

  private OrtTypes() {}

  static ValueInfo toValueInfo(NodeInfo node) {
    return ValueInfo.of(node.getName(), toValueType(node.getInfo()));
  }

  private static ValueType toValueType(ai.onnxruntime.ValueInfo info) {
    if (info instanceof TensorInfo tensor) {
      return toTensorType(tensor);
    }
    if (info instanceof SequenceInfo) {
      return new ValueType.Other("sequence", Extras.NONE);
    }
    return new ValueType.Other(info instanceof MapInfo ? "map" : "other", Extras.NONE);
  }

  /** No dims mean a scalar or an unknown rank: the runtime does not say which. */
  private static ValueType toTensorType(TensorInfo info) {
    long[] shape = info.getShape();
    if (shape.length == 0) {
      return ValueType.tensor(toElementType(info));
    }
    String[] names = info.getDimensionNames();
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < shape.length; i++) {
      if (shape[i] >= 0) {
        dims.add(Dim.of(shape[i]));
      } else {
        boolean named = names != null && i < names.length && !names[i].isEmpty();
        dims.add(named ? Dim.of(names[i]) : Dim.unknown());
      }
    }
    return new ValueType.TensorType(toElementType(info), Optional.of(dims), "", Extras.NONE);
  }

  static ElementType toElementType(TensorInfo info) {
    String name = info.onnxType.name().substring(PREFIX.length()).toLowerCase(Locale.ROOT);
    for (int code = 1; code <= ElementType.INT2.code(); code++) {
      if (ElementType.of(code).name().equals(name)) {
        return ElementType.of(code);
      }
    }
    return ElementType.UNDEFINED;
  }

  /** The runtime's Java type for an input; empty where its Java interface has none. */
  static Optional<OnnxJavaType> toJavaType(ElementType type) {
    return switch (type.name()) {
      case "float" -> Optional.of(OnnxJavaType.FLOAT);
      case "double" -> Optional.of(OnnxJavaType.DOUBLE);
      case "int8" -> Optional.of(OnnxJavaType.INT8);
      case "uint8" -> Optional.of(OnnxJavaType.UINT8);
      case "int16" -> Optional.of(OnnxJavaType.INT16);
      case "int32" -> Optional.of(OnnxJavaType.INT32);
      case "int64" -> Optional.of(OnnxJavaType.INT64);
      case "bool" -> Optional.of(OnnxJavaType.BOOL);
      case "float16" -> Optional.of(OnnxJavaType.FLOAT16);
      case "bfloat16" -> Optional.of(OnnxJavaType.BFLOAT16);
      default -> Optional.empty();
    };
  }
}
