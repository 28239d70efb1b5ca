package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ByteSource;
import dev.compress.tensor.ElementType;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An IDX file: {@code 0 0 type rank}, then the dims as big-endian 32-bit numbers, then the
 * elements, big-endian.
 *
 * @param file the file
 * @param type its element type
 * @param dims its dims, the first counting samples
 * @param content the whole content
 * @param offset where the elements begin
 */
record IdxFile(Path file, ElementType type, List<Long> dims, ByteSource content, long offset) {

  static boolean hasMagic(byte[] head) {
    return head.length >= 4
        && head[0] == 0
        && head[1] == 0
        && type(head[2]) != null
        && head[3] > 0
        && head[3] <= 8;
  }

  private static @Nullable ElementType type(int code) {
    return switch (code) {
      case 0x08 -> ElementType.UINT8;
      case 0x09 -> ElementType.INT8;
      case 0x0b -> ElementType.INT16;
      case 0x0c -> ElementType.INT32;
      case 0x0d -> ElementType.FLOAT;
      case 0x0e -> ElementType.DOUBLE;
      default -> null;
    };
  }

  static IdxFile open(Path file) {
    byte[] head = DataFiles.head(file, 4 + 8 * 4);
    if (!hasMagic(head)) {
      throw new InvalidDataException(
          file
              + " is no IDX file: it should begin with 00 00, a type and a rank, but begins with "
              + hex(head)
              + ".");
    }
    ElementType type = type(head[2]);
    int rank = head[3];
    if (type == null || head.length < 4 + 4 * rank) {
      throw new InvalidDataException(file + " ends within its header. Download or copy it again.");
    }
    List<Long> dims = new ArrayList<>();
    ByteBuffer header = ByteBuffer.wrap(head, 4, 4 * rank);
    for (int i = 0; i < rank; i++) {
      dims.add(header.getInt() & 0xffffffffL);
    }
    long offset = 4 + 4L * rank;
    int sampleBytes = ArraySource.sampleBytes(type, dims.subList(1, rank), file.toString());
    if (dims.get(0) == 0 || sampleBytes == 0) {
      throw new InvalidDataException(
          file + " holds no samples: its dims are " + InputSpec.dimsText(dims) + ".");
    }
    long expected = offset + dims.get(0) * sampleBytes;
    ByteSource content = DataFiles.open(file);
    if (content instanceof InflatingBytes inflating) {
      inflating.expect(expected);
    } else if (content.size() != expected) {
      throw new InvalidDataException(
          file
              + " has "
              + content.size()
              + " bytes, but its header "
              + InputSpec.dimsText(dims)
              + " of "
              + DataTypes.name(type)
              + " makes "
              + expected
              + ". Download or copy it again.");
    }
    return new IdxFile(file, type, dims, content, offset);
  }

  private static String hex(byte[] head) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < Math.min(4, head.length); i++) {
      text.append(String.format("%02x ", head[i] & 0xff));
    }
    return text.toString().strip();
  }

  ArraySource.Column column(String name) {
    List<Long> sample = dims.subList(1, dims.size());
    int bytes = ArraySource.sampleBytes(type, sample, file.toString());
    SourceField field = new SourceField(name, SourceField.Kind.ARRAY, type, sample);
    return new ArraySource.Column(field, content, offset, bytes, true);
  }

  /** The labels in it: one integer or number a sample. */
  Labels labels() {
    if (dims.size() != 1) {
      throw new InvalidDataException(
          file + " holds " + InputSpec.dimsText(dims) + ", no labels: these have one dim.");
    }
    ArraySource source =
        new ArraySource(
            dims.get(0), List.of(column("label")), Optional.empty(), List.of(), List.of(file));
    try {
      return LabelFiles.fromSource(source, file.toString());
    } finally {
      source.close();
    }
  }
}
