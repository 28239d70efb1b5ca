package dev.compress.data;

import dev.compress.tensor.ByteSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Reads pieces of a byte source through a window: reads in order are answered from a large read,
 * reads at random positions cost what they ask for. Not thread-safe.
 */
final class WindowReader {
  private static final int READ_AHEAD_BYTES = 1 << 20;

  private final ByteSource source;
  private ByteBuffer window = ByteBuffer.allocate(0);
  private long start;

  WindowReader(ByteSource source) {
    this.source = source;
  }

  /** The bytes from {@code position} on, little-endian; valid until the next call. */
  ByteBuffer view(long position, int length) {
    boolean inside = position >= start && position + length <= start + window.limit();
    if (!inside) {
      boolean onward = position >= start && position <= start + window.limit();
      int wanted = onward ? Math.max(length, READ_AHEAD_BYTES) : length;
      fill(position, (int) Math.min(wanted, Math.max(length, source.size() - position)));
    }
    int offset = (int) (position - start);
    return window.slice(offset, length).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void fill(long position, int length) {
    if (window.capacity() < length) {
      window = ByteBuffer.allocate(length);
    }
    window.clear().limit(length);
    // If the read fails, nothing must pass for read.
    ByteBuffer target = window.duplicate();
    window.limit(0);
    source.read(position, target);
    window.limit(length);
    start = position;
  }
}
