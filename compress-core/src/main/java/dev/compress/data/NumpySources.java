package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ByteSource;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.HeapBytes;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** NumPy files as samples: the first dim of every array counts them. */
final class NumpySources {
  private static final long LARGEST_FORTRAN_ARRAY = 512L << 20;

  private NumpySources() {}

  /** One array; its only field is called as the file. */
  static SampleSource npy(Path file) {
    String name = DataFiles.plainName(file).replaceFirst("\\.npy$", "");
    Column column = column(name, DataFiles.open(file), file.toString());
    if (column.count() < 0) {
      throw new InvalidDataException(
          file + " holds a single number, no samples. The first dim must count samples.");
    }
    return new ArraySource(
        column.count(), List.of(column.column()), Optional.empty(), List.of(), List.of(file));
  }

  /** All arrays of an {@code .npz}, {@code labels} (or {@code label}) apart. */
  static SampleSource npz(Path file) {
    List<ArraySource.Column> fields = new ArrayList<>();
    List<ArraySource.Column> labels = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    String first = "";
    long count = -1;
    for (Map.Entry<String, ByteSource> entry : ZipDirectory.open(file).entrySet()) {
      String name = entry.getKey().replaceFirst("\\.npy$", "");
      Column column = column(name, entry.getValue(), file + " array '" + name + "'");
      if (column.count() < 0) {
        notes.add(
            "Array '"
                + name
                + "' is a single number and is not used as an input; "
                + "give it as a constant with inputs: {"
                + name
                + ": {value: ...}}.");
        continue;
      }
      if (count >= 0 && column.count() != count) {
        throw new InvalidDataException(
            file
                + ": array '"
                + first
                + "' has "
                + count
                + " samples, array '"
                + name
                + "' has "
                + column.count()
                + ". The first dim of every array must count samples.");
      }
      first = count < 0 ? name : first;
      count = column.count();
      boolean isLabel = name.equals("labels") || name.equals("label");
      (isLabel ? labels : fields).add(column.column());
    }
    if (fields.isEmpty()) {
      throw new InvalidDataException(
          file + " holds no array for an input. Name the arrays as the model's inputs.");
    }
    Optional<Labels> read =
        labels.isEmpty()
            ? Optional.empty()
            : Optional.of(
                LabelFiles.fromSource(
                    new ArraySource(
                        count, labels.subList(0, 1), Optional.empty(), List.of(), List.of()),
                    file + " array 'labels'"));
    return new ArraySource(count, fields, read, notes, List.of(file));
  }

  /** A column and how many samples it has; -1 for a scalar. */
  private record Column(long count, ArraySource.Column column) {}

  private static Column column(String name, ByteSource bytes, String what) {
    NpyHeader header = NpyHeader.read(bytes, what);
    List<Long> dims = header.dims();
    long count = dims.isEmpty() ? -1 : dims.get(0);
    List<Long> sample = dims.isEmpty() ? dims : dims.subList(1, dims.size());
    int sampleBytes = ArraySource.sampleBytes(header.type(), sample, what);
    if (count == 0 || sampleBytes == 0) {
      throw new InvalidDataException(
          what + " holds no samples: its shape is " + InputSpec.dimsText(dims) + ".");
    }
    long samples = Math.max(1, count);
    long available = bytes.size() - header.offset();
    if (samples > available / sampleBytes || samples * sampleBytes != available) {
      throw new InvalidDataException(
          what
              + " has "
              + available
              + " bytes of elements, but its shape "
              + InputSpec.dimsText(dims)
              + " of "
              + DataTypes.name(header.type())
              + " does not. Download or copy it again.");
    }
    SourceField field = new SourceField(name, SourceField.Kind.ARRAY, header.type(), sample);
    if (header.fortran()) {
      ByteSource turned = rowMajor(header, bytes, samples, sampleBytes, what);
      return new Column(
          count, new ArraySource.Column(field, turned, 0, sampleBytes, header.bigEndian()));
    }
    return new Column(
        count,
        new ArraySource.Column(field, bytes, header.offset(), sampleBytes, header.bigEndian()));
  }

  /**
   * The elements with the last dim varying fastest. Samples lie scattered, so all are read once.
   */
  private static ByteSource rowMajor(
      NpyHeader header, ByteSource bytes, long samples, int sampleBytes, String what) {
    long total = samples * sampleBytes;
    if (total > LARGEST_FORTRAN_ARRAY) {
      throw new InvalidDataException(
          what
              + " is a large array in Fortran order, whose samples lie scattered. "
              + "Save it again with numpy.ascontiguousarray.");
    }
    ByteBuffer source = ByteBuffer.allocate((int) total);
    bytes.read(header.offset(), source);
    byte[] in = source.array();
    byte[] out = new byte[(int) total];
    ElementType type = header.type();
    int size = type.bits() / 8;
    int rank = header.dims().size();
    int elements = (int) (total / size);
    int[] index = new int[rank];
    for (int from = 0; from < elements; from++) {
      int to = 0;
      for (int axis = 0; axis < rank; axis++) {
        to = to * (int) (long) header.dims().get(axis) + index[axis];
      }
      System.arraycopy(in, from * size, out, to * size, size);
      for (int axis = 0; axis < rank && ++index[axis] == header.dims().get(axis); axis++) {
        index[axis] = 0;
      }
    }
    return HeapBytes.wrap(out);
  }
}
