package dev.compress.models.autograd.op;

import ai.djl.ndarray.types.DataType;
import dev.compress.tensor.ElementType;
import java.util.Optional;

/** The engine's types for those of ONNX. */
public final class ElementTypes {
  private ElementTypes() {}

  /** The engine's type; empty where it has none that computes as ONNX wants. */
  public static Optional<DataType> of(ElementType type) {
    return Optional.ofNullable(
        switch (type.name()) {
          case "float" -> DataType.FLOAT32;
          case "double" -> DataType.FLOAT64;
          case "int64" -> DataType.INT64;
          case "int32" -> DataType.INT32;
          case "int8" -> DataType.INT8;
          case "uint8" -> DataType.UINT8;
          case "bool" -> DataType.BOOLEAN;
          default -> null;
        });
  }
}
