package dev.compress.tensor;

import dev.compress.error.ReadWriteException;
import java.nio.ByteBuffer;

/**
 * Bytes that can be read at any position, on the heap or in a file, any number of times and from
 * any thread. Nothing is held open and nothing is cached, so a model of any size costs no memory
 * until its bytes are asked for.
 */
public interface ByteSource {
  /** The number of bytes. */
  long size();

  /**
   * Fills {@code target}'s remaining space from {@code position}.
   *
   * @param position the first byte to read
   * @param target where to; afterwards it has no space remaining
   * @throws IndexOutOfBoundsException if the range is not inside this source
   * @throws ReadWriteException if the file cannot be read or is no longer the one that was opened
   */
  void read(long position, ByteBuffer target);

  /**
   * All bytes, as a copy.
   *
   * @return the bytes
   * @throws IllegalStateException if there are more than an array can hold
   */
  default byte[] toByteArray() {
    if (size() > Integer.MAX_VALUE - 8) {
      throw new IllegalStateException(size() + " bytes do not fit into one array");
    }
    byte[] bytes = new byte[(int) size()];
    read(0, ByteBuffer.wrap(bytes));
    return bytes;
  }
}
