package dev.compress.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;

/**
 * A dense tensor in memory that goes into or comes out of an inference: type, fixed shape and a
 * direct little-endian buffer that the native runtime reads without a copy.
 */
public final class TensorBuffer {
  private final ElementType type;
  private final Shape shape;
  private final ByteBuffer bytes;

  private TensorBuffer(ElementType type, Shape shape, ByteBuffer bytes) {
    this.type = type;
    this.shape = shape;
    this.bytes = bytes;
  }

  /**
   * A tensor of zeros.
   *
   * @throws IllegalArgumentException if it would take more than 2^31-1 bytes or has no fixed size
   */
  public static TensorBuffer allocate(ElementType type, Shape shape) {
    long size = type.isFixedSize() ? type.byteSize(shape.elementCount()) : -1;
    if (size < 0 || size > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "Cannot hold a " + type + " tensor of shape " + shape + " in one buffer");
    }
    return new TensorBuffer(type, shape, ByteBuffer.allocateDirect((int) size));
  }

  /**
   * A tensor over a buffer, without a copy.
   *
   * @param bytes little-endian elements from position 0 to its limit; best direct
   * @throws IllegalArgumentException if the size does not fit
   */
  public static TensorBuffer wrap(ElementType type, Shape shape, ByteBuffer bytes) {
    if (type.byteSize(shape.elementCount()) != bytes.limit()) {
      throw new IllegalArgumentException(
          bytes.limit() + " bytes do not make a " + type + " tensor of shape " + shape);
    }
    return new TensorBuffer(type, shape, bytes);
  }

  /** A float tensor; values copied. */
  public static TensorBuffer of(Shape shape, float... values) {
    TensorBuffer tensor = allocate(ElementType.FLOAT, shape);
    tensor.floats().put(values);
    return tensor;
  }

  /** An int64 tensor; values copied. */
  public static TensorBuffer of(Shape shape, long... values) {
    TensorBuffer tensor = allocate(ElementType.INT64, shape);
    tensor.longs().put(values);
    return tensor;
  }

  /** A tensor with the elements of a stored one. */
  public static TensorBuffer of(Tensor stored) {
    TensorBuffer tensor = allocate(stored.type(), stored.shape());
    stored.data().read(0, tensor.bytes());
    return tensor;
  }

  /** The element type. */
  public ElementType type() {
    return type;
  }

  /** The shape. */
  public Shape shape() {
    return shape;
  }

  /** A view of all bytes, writable, with its own position, little-endian. */
  public ByteBuffer bytes() {
    return bytes.duplicate().rewind().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** A view of float elements, writable, with its own position. */
  public FloatBuffer floats() {
    require(ElementType.FLOAT);
    return bytes().asFloatBuffer();
  }

  /** A view of int64 elements, writable, with its own position. */
  public LongBuffer longs() {
    require(ElementType.INT64);
    return bytes().asLongBuffer();
  }

  /**
   * A copy of the elements as floats.
   *
   * @throws IllegalArgumentException if they are no floating-point numbers
   */
  public float[] toFloats() {
    if (type.equals(ElementType.FLOAT)) {
      float[] values = new float[Math.toIntExact(shape.elementCount())];
      floats().get(values);
      return values;
    }
    return toTensor().toFloats();
  }

  /** A copy as a stored tensor on the heap. */
  public Tensor toTensor() {
    byte[] copy = new byte[bytes.limit()];
    bytes().get(copy);
    return Tensor.ofBytes(type, shape, copy);
  }

  private void require(ElementType wanted) {
    if (!type.equals(wanted)) {
      throw new IllegalArgumentException("The tensor holds " + type + ", not " + wanted);
    }
  }
}
