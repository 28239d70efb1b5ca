package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ByteSource;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Samples at regular places in byte sources: IDX, NumPy arrays, raw records and arrays in memory
 * are all this, once their headers are read.
 */
final class ArraySource implements SampleSource {
  /**
   * Where a field lies: sample {@code i} begins at {@code offset + i * stride}.
   *
   * @param field what it is; its dims are fixed
   * @param bytes where it lies
   * @param offset of sample 0
   * @param stride from sample to sample
   * @param bigEndian the byte order of its elements
   */
  record Column(SourceField field, ByteSource bytes, long offset, long stride, boolean bigEndian) {}

  private final long count;
  private final Map<String, Column> columns = new HashMap<>();
  private final List<SourceField> fields;
  private final Optional<Labels> labels;
  private final List<String> notes;
  private final List<Path> files;

  ArraySource(
      long count,
      List<Column> columns,
      Optional<Labels> labels,
      List<String> notes,
      List<Path> files) {
    this.count = count;
    this.fields = columns.stream().map(Column::field).toList();
    this.labels = labels;
    this.notes = List.copyOf(notes);
    this.files = List.copyOf(files);
    columns.forEach(c -> this.columns.put(c.field().name(), c));
  }

  @Override
  public long count() {
    return count;
  }

  @Override
  public List<SourceField> fields() {
    return fields;
  }

  @Override
  public Optional<Labels> labels() {
    return labels;
  }

  @Override
  public List<String> notes() {
    return notes;
  }

  @Override
  public List<Path> files() {
    return files;
  }

  @Override
  public Cursor cursor() {
    Map<ByteSource, WindowReader> readers = new HashMap<>();
    Map<String, Shape> shapes = new HashMap<>();
    return (field, index) -> {
      Column column = columns.get(field.name());
      if (column == null) {
        throw new IllegalArgumentException("No field " + field);
      }
      Shape shape = shapes.computeIfAbsent(field.name(), n -> shape(field));
      int length = (int) field.type().byteSize(shape.elementCount());
      ByteBuffer bytes =
          readers
              .computeIfAbsent(column.bytes(), WindowReader::new)
              .view(column.offset() + index * column.stride(), length);
      if (column.bigEndian()) {
        bytes = reversed(field.type(), bytes);
      }
      int elements = (int) shape.elementCount();
      if (Numbers.hasNan(field.type(), bytes, elements)) {
        throw new InvalidDataException(
            "Sample " + index + " of '" + field.name() + "' holds NaN. Remove or repair it.");
      }
      return new RawValue(field.type(), shape, bytes);
    };
  }

  private static Shape shape(SourceField field) {
    return Shape.of(field.dims().stream().mapToLong(d -> d).toArray());
  }

  /** A copy with the bytes of every element in the other order. */
  static ByteBuffer reversed(ElementType type, ByteBuffer bytes) {
    int size = type.bits() / 8;
    if (size == 1) {
      return bytes;
    }
    ByteBuffer out = ByteBuffer.allocate(bytes.remaining()).order(ByteOrder.LITTLE_ENDIAN);
    int from = bytes.position();
    for (int i = 0; i < out.capacity(); i += size) {
      for (int b = 0; b < size; b++) {
        out.put(i + b, bytes.get(from + i + size - 1 - b));
      }
    }
    return out;
  }

  /**
   * The bytes of one sample.
   *
   * @throws InvalidDataException if they pass what one buffer can hold
   */
  static int sampleBytes(ElementType type, List<Long> dims, String what) {
    long bytes = type.bits() / 8;
    for (long dim : dims) {
      bytes = dim < 0 || dim > Integer.MAX_VALUE ? Long.MAX_VALUE : multiply(bytes, dim);
    }
    if (bytes > Math.min(Integer.MAX_VALUE - 8, Runtime.getRuntime().maxMemory() / 4)) {
      throw new InvalidDataException(
          what
              + ": a sample of "
              + DataTypes.name(type)
              + InputSpec.dimsText(dims)
              + " does not fit into memory. Is the header damaged?");
    }
    return (int) bytes;
  }

  private static long multiply(long a, long b) {
    return Math.multiplyHigh(a, b) != 0 || a * b < 0 ? Long.MAX_VALUE : a * b;
  }

  @Override
  public void close() {
    columns.values().forEach(c -> DataFiles.close(c.bytes()));
  }
}
