package dev.compress.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What one thread reads and computes in, piece by piece. {@link Scratch#lend()} hands out used ones
 * before it makes new ones: made anew for every piece of every weight, they were half of all that a
 * run allocates. What they hold is whatever was left in them. Not thread-safe.
 */
public final class WorkBuffers {
  private ByteBuffer bytes = ByteBuffer.allocate(0);
  private float[] floats = {};
  private byte[] codes = {};

  WorkBuffers() {}

  /** A cleared little-endian buffer on the heap with a limit of {@code size}. */
  public ByteBuffer bytes(int size) {
    if (bytes.capacity() < size) {
      bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
    return bytes.clear().limit(size);
  }

  /** At least {@code size} floats. */
  public float[] floats(int size) {
    if (floats.length < size) {
      floats = new float[size];
    }
    return floats;
  }

  /** At least {@code size} bytes, other ones than {@link #bytes}. */
  public byte[] codes(int size) {
    if (codes.length < size) {
      codes = new byte[size];
    }
    return codes;
  }
}
