package dev.compress.onnx;

import dev.compress.error.InvalidModelException;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.tensor.ByteSource;
import dev.compress.tensor.FileRegion;
import dev.compress.tensor.HeapBytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads protobuf's wire form from an array, or from a file of any size by positional reads into a
 * small window. Not thread-safe.
 *
 * <p>Whatever the bytes say, no read leaves the current message, and nothing is allocated beyond
 * what the file really holds.
 */
final class WireReader {
  static final int VARINT = 0;
  static final int FIXED64 = 1;
  static final int BYTES = 2;
  static final int GROUP = 3;
  static final int END_GROUP = 4;
  static final int FIXED32 = 5;

  // After a jump over a weight only a little is read, in sequence ever more.
  private static final int FIRST_READ = 8 << 10;
  private static final int WINDOW = 256 << 10;
  private static final int GROUP_DEPTH = 64;
  private static final int CACHED_STRING = 64;

  /** Up to this many bytes a tensor's data is copied: opening the file anew would cost more. */
  private static final int SMALL_TENSOR = 4 << 10;

  private final String name;
  private final @Nullable FileChannel channel;
  private final @Nullable Path file;
  private final long size;
  private final long modifiedNanos;
  private final HeapBudget budget;
  private final @Nullable String[] cache = new String[1024];

  private byte[] window;
  private long windowStart;
  private int windowLength;
  private int at; // next byte, as an index of the window
  private int stop; // where the window or the message ends, whichever comes first
  private long limit; // where the message ends
  private int nextRead = FIRST_READ;

  /** A reader of a file that the caller opened and closes. */
  WireReader(Path file, FileChannel channel, long size) throws IOException {
    this.name = file.toString();
    this.file = file;
    this.channel = channel;
    this.size = size;
    this.modifiedNanos = FileRegion.modifiedNanos(file);
    this.budget = HeapBudget.ofThisJvm(name);
    this.window = new byte[(int) Math.min(WINDOW, Math.max(size, 16))];
    this.limit = size;
  }

  /** A reader of an array that nobody changes any more. */
  WireReader(String name, byte[] bytes) {
    this(name, bytes, HeapBudget.ofThisJvm(name));
  }

  WireReader(String name, byte[] bytes, HeapBudget budget) {
    this.name = name;
    this.file = null;
    this.channel = null;
    this.modifiedNanos = 0;
    this.size = bytes.length;
    this.budget = budget;
    this.window = bytes;
    this.windowLength = bytes.length;
    this.limit = size;
    this.stop = bytes.length;
  }

  /** What to call the model in messages. */
  String name() {
    return name;
  }

  /** What the heap may still take. */
  HeapBudget budget() {
    return budget;
  }

  /** Where the next byte lies. */
  long position() {
    return windowStart + at;
  }

  /** Whether the current message has ended. */
  boolean atEnd() {
    return at >= stop && position() >= limit;
  }

  /** Reads a tag: field number times 8 plus wire type. */
  int tag() {
    long tag = varint();
    if (tag >>> 32 != 0 || tag >>> 3 == 0) {
      throw malformed("an impossible field tag");
    }
    return (int) tag;
  }

  /** Reads a varint of up to 64 bits. */
  long varint() {
    byte first = next();
    if (first >= 0) {
      return first;
    }
    long value = first & 0x7f;
    for (int shift = 7; shift < 64; shift += 7) {
      byte b = next();
      value |= (long) (b & 0x7f) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw malformed("a number of more than 64 bits");
  }

  /** Reads four bytes, little-endian. */
  int fixed32() {
    need(4);
    int value =
        (window[at] & 0xff)
            | (window[at + 1] & 0xff) << 8
            | (window[at + 2] & 0xff) << 16
            | window[at + 3] << 24;
    at += 4;
    return value;
  }

  /** Reads eight bytes, little-endian. */
  long fixed64() {
    long low = fixed32() & 0xffffffffL;
    return low | (long) fixed32() << 32;
  }

  /** Reads the length of a field, which lies inside the current message. */
  long length() {
    long length = varint();
    if (length < 0 || length > limit - position()) {
      throw pastTheEnd(length);
    }
    return length;
  }

  /**
   * Enters the sub-message whose tag was read.
   *
   * @return what {@link #leave} needs
   */
  long enter() {
    long length = length();
    long outer = limit;
    budget.take(HeapBudget.MESSAGE);
    setLimit(position() + length);
    return outer;
  }

  /** Leaves a sub-message that was read to its end. */
  void leave(long outer) {
    setLimit(outer);
  }

  /**
   * Goes to a part of the file; {@link #seek} back to the earlier position and limit afterwards.
   */
  void seek(long position, long newLimit) {
    if (position < windowStart || position > windowStart + windowLength) {
      windowStart = position;
      windowLength = 0;
      at = 0;
      nextRead = FIRST_READ;
    } else {
      at = (int) (position - windowStart);
    }
    setLimit(newLimit);
  }

  /** Where the current message ends. */
  long limit() {
    return limit;
  }

  private void setLimit(long newLimit) {
    limit = newLimit;
    stop = (int) Math.min(windowLength, limit - windowStart);
  }

  /** Reads a length and that many bytes. */
  byte[] bytes() {
    long length = length();
    byte[] bytes = copy(position(), position() + length);
    pass(length);
    return bytes;
  }

  /**
   * Reads a length and UTF-8 text.
   *
   * @return the text, or null if the bytes are no UTF-8
   */
  @Nullable String textOrNull() {
    long length = length();
    if (length > CACHED_STRING) {
      byte[] bytes = copy(position(), position() + length);
      pass(length);
      return decode(bytes);
    }
    int n = (int) length;
    need(n);
    int hash = 0; // as String.hashCode
    int signs = 0;
    for (int i = at; i < at + n; i++) {
      hash = 31 * hash + window[i];
      signs |= window[i];
    }
    if (signs < 0) {
      byte[] bytes = Arrays.copyOfRange(window, at, at + n);
      at += n;
      budget.take(HeapBudget.STRING + n);
      return decode(bytes);
    }
    String text = cached(hash, n);
    at += n;
    return text;
  }

  // Names come several times each: as output, as input, and the op types in every node.
  private String cached(int hash, int length) {
    int slot = (hash ^ hash >>> 16) & (cache.length - 1);
    String known = cache[slot];
    if (known != null && known.length() == length && known.hashCode() == hash) {
      int i = 0;
      while (i < length && known.charAt(i) == window[at + i]) {
        i++;
      }
      if (i == length) {
        return known;
      }
    }
    budget.take(HeapBudget.STRING + length);
    String text = new String(window, at, length, StandardCharsets.ISO_8859_1);
    cache[slot] = text;
    return text;
  }

  private static @Nullable String decode(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.UTF_8);
    boolean exact =
        text.indexOf('\uFFFD') < 0 || Arrays.equals(text.getBytes(StandardCharsets.UTF_8), bytes);
    return exact ? text : null;
  }

  /**
   * Reads a length and text that must be UTF-8.
   *
   * @param what it is, for the message
   */
  String text(String what) {
    long start = position();
    String text = textOrNull();
    if (text == null) {
      throw new InvalidModelException(
          name + ": " + what + " at byte " + start + " is not UTF-8 text. Export the model again.");
    }
    return text;
  }

  /** A copy of bytes that were read already, or that lie inside the current message. */
  byte[] copy(long from, long to) {
    long length = to - from;
    if (length > Integer.MAX_VALUE - 8) {
      throw malformed("a field of " + length + " bytes that is no weight");
    }
    budget.take(16 + length);
    byte[] bytes = new byte[(int) length];
    if (from >= windowStart && to <= windowStart + windowLength) {
      System.arraycopy(window, (int) (from - windowStart), bytes, 0, bytes.length);
    } else {
      readFully(ByteBuffer.wrap(bytes), from);
    }
    return bytes;
  }

  /** Passes over bytes of the current message; what they are is left in the file unless small. */
  ByteSource take(long length) {
    long start = position();
    ByteSource source;
    if (file == null) {
      source = HeapBytes.wrap(window, at, (int) length);
    } else if (length <= SMALL_TENSOR) {
      source = HeapBytes.wrap(copy(start, start + length));
    } else {
      source = new FileRegion(file, size, modifiedNanos, start, length);
    }
    pass(length);
    return source;
  }

  /** Passes over the value of a field whose tag was read. */
  void skip(int tag) {
    int[] open = new int[0];
    int depth = 0;
    int current = tag;
    while (true) {
      int field = current >>> 3;
      switch (current & 7) {
        case VARINT -> varint();
        case FIXED64 -> pass(8);
        case BYTES -> pass(length());
        case FIXED32 -> pass(4);
        case GROUP -> {
          if (depth == GROUP_DEPTH) {
            throw malformed("groups nested more than " + GROUP_DEPTH + " deep");
          }
          open = depth == 0 ? new int[GROUP_DEPTH] : open;
          open[depth++] = field;
        }
        case END_GROUP -> {
          if (depth == 0 || open[--depth] != field) {
            throw malformed("the end of a group that did not begin");
          }
        }
        default -> throw malformed("an impossible wire type");
      }
      if (depth == 0) {
        return;
      }
      current = tag();
    }
  }

  /** Passes over bytes of the current message. */
  void pass(long bytes) {
    if (bytes > limit - position()) {
      throw pastTheEnd(bytes);
    }
    if (bytes <= windowLength - at) {
      at += (int) bytes;
    } else {
      windowStart = position() + bytes;
      windowLength = 0;
      at = 0;
      nextRead = FIRST_READ;
      setLimit(limit);
    }
  }

  private byte next() {
    if (at >= stop) {
      need(1);
    }
    return window[at++];
  }

  /** Makes sure that the window holds that many more bytes of the message. */
  private void need(int bytes) {
    if (bytes <= stop - at) {
      return;
    }
    if (bytes > limit - position()) {
      throw pastTheEnd(bytes);
    }
    long start = position();
    int kept = windowLength - at;
    System.arraycopy(window, at, window, 0, kept);
    int n =
        (int)
            Math.min(
                Math.min(Math.max(nextRead, bytes), window.length) - kept, size - start - kept);
    readFully(ByteBuffer.wrap(window, kept, n), start + kept);
    windowStart = start;
    windowLength = kept + n;
    at = 0;
    nextRead = Math.min(nextRead * 2, WINDOW);
    setLimit(limit);
  }

  private void readFully(ByteBuffer target, long from) {
    if (channel == null) {
      throw new IllegalStateException("No file to read " + from + " from");
    }
    long position = from;
    try {
      while (target.hasRemaining()) {
        int n = channel.read(target, position);
        if (n < 0) {
          throw new ReadWriteException(
              name + " became shorter while it was read. Run again when it is complete.");
        }
        position += n;
      }
    } catch (IOException e) {
      throw new ReadWriteException("Cannot read " + name + ": " + IoReason.of(e) + ".", e);
    }
  }

  private InvalidModelException pastTheEnd(long length) {
    return limit == size
        ? new InvalidModelException(
            name
                + " is not a valid ONNX model: at byte "
                + position()
                + " it announces "
                + (length < 0 ? "more" : length)
                + " bytes, but ends at byte "
                + size
                + ". It was cut short or is no ONNX file: fetch or export it again.")
        : malformed("a field that is longer than what holds it");
  }

  /** The error that the bytes are no ONNX. */
  InvalidModelException malformed(String what) {
    return new InvalidModelException(
        name
            + " is not a valid ONNX model: "
            + what
            + " at byte "
            + position()
            + ". The file is damaged or no ONNX file: fetch or export it again.");
  }
}
