package dev.compress.metric;

import dev.compress.tensor.ElementType;
import dev.compress.tensor.TensorBuffer;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.function.IntToDoubleFunction;

/** Random access to the elements of an output tensor as doubles, whatever its type. */
final class Elements {
  private final TensorBuffer tensor;
  private final IntToDoubleFunction at;

  private Elements(TensorBuffer tensor, IntToDoubleFunction at) {
    this.tensor = tensor;
    this.at = at;
  }

  static Elements of(TensorBuffer tensor) {
    ByteBuffer bytes = tensor.bytes();
    ElementType type = tensor.type();
    if (type.equals(ElementType.FLOAT)) {
      FloatBuffer floats = tensor.floats();
      return new Elements(tensor, floats::get);
    }
    if (type.equals(ElementType.FLOAT16) || type.equals(ElementType.BFLOAT16)) {
      float[] floats = tensor.toFloats();
      return new Elements(tensor, i -> floats[i]);
    }
    IntToDoubleFunction at =
        switch (type.name()) {
          case "double" -> i -> bytes.getDouble(8 * i);
          case "int64", "uint64" -> i -> bytes.getLong(8 * i);
          case "int32" -> i -> bytes.getInt(4 * i);
          case "uint32" -> i -> Integer.toUnsignedLong(bytes.getInt(4 * i));
          case "int16" -> i -> bytes.getShort(2 * i);
          case "uint16" -> i -> Short.toUnsignedInt(bytes.getShort(2 * i));
          case "int8" -> bytes::get;
          case "uint8", "bool" -> i -> Byte.toUnsignedInt(bytes.get(i));
          default ->
              throw new IllegalArgumentException("Outputs of type " + type + " cannot be scored");
        };
    return new Elements(tensor, at);
  }

  double at(int index) {
    return at.applyAsDouble(index);
  }

  boolean isInteger() {
    return !tensor.type().isFloatingPoint();
  }

  /** Elements of one row when {@code rows} rows share the tensor. */
  int width(int rows) {
    long count = tensor.shape().elementCount();
    if (rows <= 0 || count % rows != 0) {
      throw new IllegalArgumentException(
          "An output of shape " + tensor.shape() + " does not hold " + rows + " samples");
    }
    return Math.toIntExact(count / rows);
  }
}
