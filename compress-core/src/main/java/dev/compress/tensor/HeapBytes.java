package dev.compress.tensor;

import java.nio.ByteBuffer;
import java.util.Objects;

/** Bytes of a heap array, or of a part of one, which must not be changed afterwards. */
public final class HeapBytes implements ByteSource {
  private final byte[] bytes;
  private final int offset;
  private final int length;

  private HeapBytes(byte[] bytes, int offset, int length) {
    this.bytes = bytes;
    this.offset = offset;
    this.length = length;
  }

  /**
   * Wraps an array without a copy.
   *
   * @param bytes handed over: the caller no longer writes to it
   * @return the source
   */
  public static HeapBytes wrap(byte[] bytes) {
    return new HeapBytes(bytes, 0, bytes.length);
  }

  /**
   * Wraps a part of an array without a copy.
   *
   * @param bytes handed over: the caller no longer writes to it
   * @param offset where the part begins
   * @param length its bytes
   * @return the source
   * @throws IndexOutOfBoundsException if the part is not inside the array
   */
  public static HeapBytes wrap(byte[] bytes, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    return new HeapBytes(bytes, offset, length);
  }

  @Override
  public long size() {
    return length;
  }

  @Override
  public void read(long position, ByteBuffer target) {
    Objects.checkFromIndexSize(position, target.remaining(), size());
    target.put(bytes, offset + (int) position, target.remaining());
  }
}
