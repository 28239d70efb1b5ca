package dev.compress.tensor;

import java.nio.ByteBuffer;
import java.util.Objects;

/** Bytes of a heap array, which must not be changed afterwards. */
public final class HeapBytes implements ByteSource {
  private final byte[] bytes;

  private HeapBytes(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * Wraps an array without a copy.
   *
   * @param bytes handed over: the caller no longer writes to it
   * @return the source
   */
  public static HeapBytes wrap(byte[] bytes) {
    return new HeapBytes(bytes);
  }

  @Override
  public long size() {
    return bytes.length;
  }

  @Override
  public void read(long position, ByteBuffer target) {
    Objects.checkFromIndexSize(position, target.remaining(), size());
    target.put(bytes, (int) position, target.remaining());
  }
}
