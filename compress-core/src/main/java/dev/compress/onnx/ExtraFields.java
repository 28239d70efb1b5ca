package dev.compress.onnx;

import dev.compress.graph.Extras;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Collects the fields of one message that the records do not hold, as they stand in the file. */
final class ExtraFields {
  private @Nullable ByteArrayOutputStream bytes;
  private boolean entries;

  /** The set of field numbers, for {@link #keep}. */
  static long fields(int... numbers) {
    long set = 0;
    for (int number : numbers) {
      set |= 1L << number;
    }
    return set;
  }

  /**
   * Keeps a field that the caller does not read.
   *
   * @param start where its tag lies
   * @param tag the tag, just read
   * @param known the fields that the caller reads; one of them here has a wrong wire type
   * @param message the message's name
   */
  void keep(WireReader in, long start, int tag, long known, String message) {
    int field = tag >>> 3;
    if (field < 64 && (known >>> field & 1) != 0) {
      throw in.malformed("field " + field + " of a " + message + " with the wrong wire type");
    }
    in.skip(tag);
    keep(in, start, in.position());
  }

  /** Keeps whole fields that lie from {@code start} to {@code end}. */
  void keep(WireReader in, long start, long end) {
    if (bytes == null) {
      bytes = new ByteArrayOutputStream();
    }
    bytes.writeBytes(in.copy(start, end));
  }

  /** Keeps a key-value pair. */
  void keepEntry(WireReader in, long start, long end) {
    keep(in, start, end);
    entries = true;
  }

  /** Whether there are key-value pairs. */
  boolean hasEntries() {
    return entries;
  }

  /**
   * Keeps a field that lies from {@code start} to {@code end}, whose tag and length may have to be
   * put before it.
   */
  void keepField(WireReader in, int field, long start, long end, boolean withoutTag) {
    if (withoutTag) {
      if (bytes == null) {
        bytes = new ByteArrayOutputStream();
      }
      ByteBuffer head = ByteBuffer.allocate(20);
      WireWriter.putVarint(head, (long) field << 3 | WireReader.BYTES);
      WireWriter.putVarint(head, end - start);
      bytes.write(head.array(), 0, head.position());
    }
    keep(in, start, end);
  }

  /** What was kept. */
  Extras build() {
    return bytes == null ? Extras.NONE : Extras.of(bytes.toByteArray());
  }
}
