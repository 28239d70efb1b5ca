package dev.compress.onnx;

import dev.compress.error.UnsupportedModelException;
import dev.compress.tensor.ByteSource;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Builds protobuf's wire form in one array, except for the weights: these stay where they are, and
 * only their place is noted, so that lengths are right and memory holds the graph alone.
 */
final class WireWriter {
  /**
   * A weight's place.
   *
   * @param index before which of this writer's own bytes it comes
   * @param source its bytes
   */
  record Hole(int index, ByteSource source) {}

  private byte[] bytes = new byte[1 << 16];
  private int length;
  private final List<Hole> holes = new ArrayList<>();
  private long holeBytes;

  /** The bytes that a varint takes. */
  static int varintSize(long value) {
    return (70 - Long.numberOfLeadingZeros(value | 1)) / 7;
  }

  /** Puts a varint into a buffer. */
  static void putVarint(ByteBuffer target, long value) {
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      target.put((byte) (rest | 0x80));
      rest >>>= 7;
    }
    target.put((byte) rest);
  }

  /** All bytes so far, those of weights included. */
  long size() {
    return length + holeBytes;
  }

  /** Its own bytes: those of the weights are left out. */
  ByteBuffer ownBytes(int from, int to) {
    return ByteBuffer.wrap(bytes, from, to - from);
  }

  /** How many own bytes there are. */
  int ownLength() {
    return length;
  }

  /** Where the weights go, in order. */
  List<Hole> holes() {
    return holes;
  }

  private void reserve(int more) {
    if (more > Integer.MAX_VALUE - 8 - length) {
      throw new UnsupportedModelException(
          "The graph without its weights takes more than 2 GiB, which no ONNX file can hold.");
    }
    if (length + more > bytes.length) {
      long grown =
          Math.min(Math.max(2L * bytes.length, length + (long) more), Integer.MAX_VALUE - 8);
      bytes = Arrays.copyOf(bytes, (int) grown);
    }
  }

  private void varint(long value) {
    reserve(10);
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      bytes[length++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    bytes[length++] = (byte) rest;
  }

  private void tag(int field, int wireType) {
    varint((long) field << 3 | wireType);
  }

  /** An integer field. */
  void integer(int field, long value) {
    tag(field, WireReader.VARINT);
    varint(value);
  }

  /** An integer field, left out where it has its default. */
  void integerUnlessZero(int field, long value) {
    if (value != 0) {
      integer(field, value);
    }
  }

  /** A float field. */
  void floating(int field, float value) {
    tag(field, WireReader.FIXED32);
    reserve(4);
    int bits = Float.floatToRawIntBits(value);
    for (int shift = 0; shift < 32; shift += 8) {
      bytes[length++] = (byte) (bits >>> shift);
    }
  }

  /** A field of bytes. */
  void bytes(int field, byte[] value) {
    tag(field, WireReader.BYTES);
    varint(value.length);
    raw(value);
  }

  /** A text field. */
  void text(int field, String value) {
    bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  /** A text field, left out where it is empty. */
  void textUnlessEmpty(int field, String value) {
    if (!value.isEmpty()) {
      text(field, value);
    }
  }

  /** Fields in wire form. */
  void raw(byte[] wire) {
    reserve(wire.length);
    System.arraycopy(wire, 0, bytes, length, wire.length);
    length += wire.length;
  }

  /** A field of bytes that stay where they are. */
  void weight(int field, ByteSource source) {
    tag(field, WireReader.BYTES);
    varint(source.size());
    holes.add(new Hole(length, source));
    holeBytes = Math.addExact(holeBytes, source.size());
  }

  /** A message that was begun. */
  record Mark(int start, int firstHole, long holeBytes) {}

  /** Begins a sub-message; what is written until {@link #end} is its content. */
  Mark begin(int field) {
    tag(field, WireReader.BYTES);
    reserve(1);
    length++; // most messages are short: their length takes one byte
    return new Mark(length, holes.size(), holeBytes);
  }

  /** Ends a sub-message. */
  void end(Mark mark) {
    long size = length - mark.start() + (holeBytes - mark.holeBytes());
    int more = varintSize(size) - 1;
    if (more > 0) {
      reserve(more);
      System.arraycopy(bytes, mark.start(), bytes, mark.start() + more, length - mark.start());
      for (int i = mark.firstHole(); i < holes.size(); i++) {
        holes.set(i, new Hole(holes.get(i).index() + more, holes.get(i).source()));
      }
    }
    int end = length + more;
    length = mark.start() - 1;
    varint(size);
    length = end;
  }
}
