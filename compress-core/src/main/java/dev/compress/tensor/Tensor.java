package dev.compress.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A read-only dense tensor: type, shape and its little-endian elements in row-major order, on the
 * heap or in a file.
 *
 * <p>The bytes of a {@link ElementType#STRING} tensor are, element by element, a protobuf varint of
 * its length and then its bytes.
 *
 * @param type the element type
 * @param shape the shape
 * @param data the elements
 */
public record Tensor(ElementType type, Shape shape, ByteSource data) {
  /**
   * Checks that bytes and shape agree.
   *
   * @throws IllegalArgumentException if the element size is known and the bytes do not match it
   */
  public Tensor {
    if (type.isFixedSize() && type.byteSize(shape.elementCount()) != data.size()) {
      throw new IllegalArgumentException(
          "A "
              + type
              + " tensor of shape "
              + shape
              + " takes "
              + type.byteSize(shape.elementCount())
              + " bytes, not "
              + data.size());
    }
  }

  /** A float tensor; values copied. */
  public static Tensor ofFloats(Shape shape, float... values) {
    byte[] bytes = new byte[Math.multiplyExact(values.length, Float.BYTES)];
    littleEndian(bytes).asFloatBuffer().put(values);
    return new Tensor(ElementType.FLOAT, shape, HeapBytes.wrap(bytes));
  }

  /** An int64 tensor; values copied. */
  public static Tensor ofLongs(Shape shape, long... values) {
    byte[] bytes = new byte[Math.multiplyExact(values.length, Long.BYTES)];
    littleEndian(bytes).asLongBuffer().put(values);
    return new Tensor(ElementType.INT64, shape, HeapBytes.wrap(bytes));
  }

  /** An int32 tensor; values copied. */
  public static Tensor ofInts(Shape shape, int... values) {
    byte[] bytes = new byte[Math.multiplyExact(values.length, Integer.BYTES)];
    littleEndian(bytes).asIntBuffer().put(values);
    return new Tensor(ElementType.INT32, shape, HeapBytes.wrap(bytes));
  }

  /**
   * A tensor over an array that is handed over.
   *
   * @param type its element type
   * @param shape its shape
   * @param bytes little-endian elements; not written to afterwards
   */
  public static Tensor ofBytes(ElementType type, Shape shape, byte[] bytes) {
    return new Tensor(type, shape, HeapBytes.wrap(bytes));
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The number of elements. */
  public long elementCount() {
    return shape.elementCount();
  }

  /** The bytes that the elements take. */
  public long byteSize() {
    return data.size();
  }

  /** The same elements under another shape of the same element count. */
  public Tensor reshaped(Shape other) {
    return new Tensor(type, other, data);
  }

  /**
   * All elements as longs; for small integer or bool tensors such as shapes and axes.
   *
   * @throws IllegalArgumentException if the elements are no integers or bools of whole bytes
   */
  public long[] toLongs() {
    int n = Math.toIntExact(elementCount());
    ByteBuffer bytes = ByteBuffer.wrap(data.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
    long[] values = new long[n];
    for (int i = 0; i < n; i++) {
      values[i] =
          switch (type.name()) {
            case "int64", "uint64" -> bytes.getLong();
            case "int32" -> bytes.getInt();
            case "uint32" -> Integer.toUnsignedLong(bytes.getInt());
            case "int16" -> bytes.getShort();
            case "uint16" -> Short.toUnsignedLong(bytes.getShort());
            case "int8" -> bytes.get();
            case "uint8", "bool" -> Byte.toUnsignedLong(bytes.get());
            default -> throw new IllegalArgumentException("No integer tensor: " + type);
          };
    }
    return values;
  }

  /**
   * All elements as floats.
   *
   * @throws IllegalArgumentException if the elements are no floating-point numbers
   */
  public float[] toFloats() {
    float[] values = new float[Math.toIntExact(elementCount())];
    new FloatReader(this).read(0, values, 0, values.length);
    return values;
  }
}
