package dev.compress.tensor;

import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * Reads a floating-point tensor (float, double, float16, bfloat16) in pieces as floats, so that a
 * weight need never be in memory whole. Not thread-safe: one reader a thread.
 */
public final class FloatReader {
  private static final int CHUNK_BYTES = 1 << 18;

  private final Tensor tensor;
  private final int elementBytes;
  private final WorkBuffers buffers;

  /**
   * A reader of one tensor.
   *
   * @param tensor with floating-point elements
   * @throws IllegalArgumentException if its elements are something else
   */
  public FloatReader(Tensor tensor) {
    this(tensor, new WorkBuffers());
  }

  /** As the other, through the {@link WorkBuffers#bytes} of its user. */
  public FloatReader(Tensor tensor, WorkBuffers buffers) {
    if (!tensor.type().isFloatingPoint()) {
      throw new IllegalArgumentException("Not a floating-point tensor: " + tensor.type());
    }
    this.tensor = tensor;
    this.buffers = buffers;
    this.elementBytes = tensor.type().bits() / 8;
  }

  /**
   * Reads elements in row-major order.
   *
   * @param from the first element
   * @param target where to
   * @param offset the first index to write
   * @param length how many
   */
  public void read(long from, float[] target, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, target.length);
    int done = 0;
    while (done < length) {
      int n = Math.min(length - done, CHUNK_BYTES / elementBytes);
      ByteBuffer chunk = buffers.bytes(n * elementBytes);
      tensor.data().read((from + done) * elementBytes, chunk);
      chunk.flip();
      convert(chunk, target, offset + done, n);
      done += n;
    }
  }

  private void convert(ByteBuffer bytes, float[] target, int offset, int n) {
    if (tensor.type().equals(ElementType.FLOAT)) {
      bytes.asFloatBuffer().get(target, offset, n);
    } else if (tensor.type().equals(ElementType.DOUBLE)) {
      for (int i = 0; i < n; i++) {
        target[offset + i] = (float) bytes.getDouble();
      }
    } else if (tensor.type().equals(ElementType.FLOAT16)) {
      for (int i = 0; i < n; i++) {
        target[offset + i] = Float16.toFloat(bytes.getShort());
      }
    } else {
      for (int i = 0; i < n; i++) {
        target[offset + i] = BFloat16.toFloat(bytes.getShort());
      }
    }
  }
}
