package dev.compress.onnx;

import dev.compress.error.InvalidModelException;
import dev.compress.tensor.ByteSource;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.HeapBytes;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One of a tensor's typed data fields ({@code float_data}, {@code int32_data}, ...). While the
 * message is scanned only where the elements lie is noted, since the tensor's type may come later.
 */
final class TypedData {
  static final int FLOAT_DATA = 4;
  static final int INT32_DATA = 5;
  static final int STRING_DATA = 6;
  static final int INT64_DATA = 7;
  static final int DOUBLE_DATA = 10;
  static final int UINT64_DATA = 11;

  /**
   * Where elements lie.
   *
   * @param tagged how many fields of one element each; 0 if packed, one after the other without
   *     tags
   */
  private record Span(long start, long end, long tagged) {
    boolean packed() {
      return tagged == 0;
    }

    long length() {
      return end - start;
    }
  }

  private final int field;
  private final List<Span> spans = new ArrayList<>();

  TypedData(int field) {
    this.field = field;
  }

  /** The typed field that elements of a type belong into; 0 if there is none. */
  static int fieldOf(ElementType type) {
    return switch (type.code()) {
      case 1, 14 -> FLOAT_DATA;
      case 8 -> STRING_DATA;
      case 7 -> INT64_DATA;
      case 11, 15 -> DOUBLE_DATA;
      case 12, 13 -> UINT64_DATA;
      case 0 -> 0;
      default -> type.isFixedSize() ? INT32_DATA : 0;
    };
  }

  /** The field number. */
  int field() {
    return field;
  }

  /** Whether there are no elements. */
  boolean isEmpty() {
    return spans.isEmpty();
  }

  /**
   * Passes over the field whose tag was read.
   *
   * @param start where its tag lies
   */
  void add(WireReader in, long start, int tag) {
    boolean packed = (tag & 7) == WireReader.BYTES && field != STRING_DATA;
    if (packed) {
      long length = in.length();
      long from = in.position();
      in.pass(length);
      if (length > 0) {
        put(in, new Span(from, from + length, 0));
      }
      return;
    }
    in.skip(tag);
    int last = spans.size() - 1;
    Span before = last < 0 ? null : spans.get(last);
    if (before != null && !before.packed() && before.end() == start) {
      spans.set(last, new Span(before.start(), in.position(), before.tagged() + 1));
    } else {
      put(in, new Span(start, in.position(), 1));
    }
  }

  private void put(WireReader in, Span span) {
    in.budget().take(HeapBudget.NUMBER * 2L);
    spans.add(span);
  }

  /**
   * The elements as the tensor's little-endian bytes.
   *
   * @param type a type whose field this is
   * @param tensor what to call the tensor in messages
   * @param elements how many there must be
   * @throws InvalidModelException if there are more or fewer
   */
  ByteSource elements(WireReader in, ElementType type, TensorName tensor, long elements) {
    long position = in.position();
    long limit = in.limit();
    try {
      if (field == STRING_DATA) {
        return strings(in, tensor, elements);
      }
      long bytes = type.byteSize(elements);
      return field == FLOAT_DATA || field == DOUBLE_DATA
          ? fixed(in, tensor, bytes)
          : varints(in, type, tensor, bytes);
    } finally {
      in.seek(position, limit);
    }
  }

  private ByteSource fixed(WireReader in, TensorName tensor, long bytes) {
    int width = field == FLOAT_DATA ? 4 : 8;
    long stored = 0;
    for (Span span : spans) {
      stored += span.packed() ? span.length() : span.tagged() * width;
    }
    if (stored != bytes) {
      throw disagree(tensor, stored + " bytes", bytes + " bytes");
    }
    if (spans.size() == 1 && spans.get(0).packed()) {
      in.seek(spans.get(0).start(), spans.get(0).end());
      return in.take(bytes);
    }
    byte[] array = allocate(in, tensor, bytes);
    ByteBuffer data = ByteBuffer.wrap(array).order(ByteOrder.LITTLE_ENDIAN);
    for (Span span : spans) {
      in.seek(span.start(), span.end());
      while (!in.atEnd()) {
        if (!span.packed()) {
          in.tag();
        }
        if (width == 4) {
          data.putInt(in.fixed32());
        } else {
          data.putLong(in.fixed64());
        }
      }
    }
    return HeapBytes.wrap(array);
  }

  private ByteSource varints(WireReader in, ElementType type, TensorName tensor, long bytes) {
    int width = Math.max(type.bits(), 8) / 8; // 4- and 2-bit elements come packed by the byte
    long entries = bytes / width;
    long atMost = 0;
    for (Span span : spans) {
      atMost += span.length();
    }
    if (entries > atMost) {
      throw disagree(tensor, "at most " + atMost + " entries", entries + " entries");
    }
    byte[] array = allocate(in, tensor, bytes);
    ByteBuffer data = ByteBuffer.wrap(array).order(ByteOrder.LITTLE_ENDIAN);
    for (Span span : spans) {
      in.seek(span.start(), span.end());
      while (!in.atEnd()) {
        if (!span.packed()) {
          in.tag();
        }
        long value = in.varint();
        if (data.remaining() < width) {
          throw disagree(tensor, "more than " + entries + " entries", entries + " entries");
        }
        switch (width) {
          case 1 -> data.put((byte) value);
          case 2 -> data.putShort((short) value);
          case 4 -> data.putInt((int) value);
          default -> data.putLong(value);
        }
      }
    }
    if (data.hasRemaining()) {
      throw disagree(tensor, data.position() / width + " entries", entries + " entries");
    }
    return HeapBytes.wrap(array);
  }

  // The tensor's form of strings is that of the file without the tags: length, bytes.
  private ByteSource strings(WireReader in, TensorName tensor, long elements) {
    long stored = 0;
    long bytes = 0;
    for (Span span : spans) {
      in.seek(span.start(), span.end());
      while (!in.atEnd()) {
        in.tag();
        long length = in.length();
        in.pass(length);
        stored++;
        bytes += WireWriter.varintSize(length) + length;
      }
    }
    if (stored != elements) {
      throw disagree(tensor, stored + " strings", elements + " strings");
    }
    byte[] array = allocate(in, tensor, bytes);
    ByteBuffer data = ByteBuffer.wrap(array).order(ByteOrder.LITTLE_ENDIAN);
    for (Span span : spans) {
      in.seek(span.start(), span.end());
      while (!in.atEnd()) {
        in.tag();
        byte[] text = in.bytes();
        WireWriter.putVarint(data, text.length);
        data.put(text);
      }
    }
    return HeapBytes.wrap(array);
  }

  private static byte[] allocate(WireReader in, TensorName tensor, long bytes) {
    if (bytes > Integer.MAX_VALUE - 8) {
      throw in.malformed(tensor + " of " + bytes + " bytes in typed fields");
    }
    in.budget().take(bytes);
    return new byte[(int) bytes];
  }

  private static InvalidModelException disagree(TensorName tensor, String stored, String needed) {
    return new InvalidModelException(
        tensor
            + " holds "
            + stored
            + " of data, but its type and shape take "
            + needed
            + ". The file is damaged: fetch or export it again.");
  }

  /** Keeps the elements as they stand in the file. */
  void keep(WireReader in, ExtraFields extras) {
    for (Span span : spans) {
      extras.keepField(in, field, span.start(), span.end(), span.packed());
    }
  }

  /** The one of several fields that has elements. */
  static @Nullable TypedData only(WireReader in, TensorName tensor, @Nullable TypedData... all) {
    TypedData found = null;
    for (TypedData data : all) {
      if (data != null && !data.isEmpty()) {
        if (found != null) {
          throw in.malformed(tensor + " that holds its data twice,");
        }
        found = data;
      }
    }
    return found;
  }
}
