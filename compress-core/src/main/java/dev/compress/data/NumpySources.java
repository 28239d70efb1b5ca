package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ByteSource;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.HeapBytes;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

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

  /**
   * The arrays of an {@code .npz} that the descriptor names or, without any named, all; {@code
   * labels} (or {@code label}, or what the descriptor calls so) apart.
   */
  static SampleSource npz(Path file, DataDescriptor descriptor) {
    Map<String, ByteSource> arrays = new LinkedHashMap<>();
    ZipDirectory.open(file).forEach((n, bytes) -> arrays.put(n.replaceFirst("\\.npy$", ""), bytes));
    Optional<String> labelName =
        descriptor.labels().file().isEmpty() ? descriptor.labels().column() : Optional.empty();
    if (labelName.isPresent() && !arrays.containsKey(labelName.get())) {
      throw new InvalidDataException(
          descriptor.where()
              + ": labels: there is no array '"
              + labelName.get()
              + "' in "
              + file
              + " but "
              + Labels.shortList(List.copyOf(arrays.keySet()))
              + ".");
    }
    Set<String> named = new HashSet<>();
    descriptor.inputs().forEach((name, input) -> named.add(input.from().orElse(name)));
    named.retainAll(arrays.keySet());
    List<Column> fields = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    Optional<Column> label = Optional.empty();
    for (Map.Entry<String, ByteSource> entry : arrays.entrySet()) {
      String name = entry.getKey();
      boolean isLabel = labelName.map(name::equals).orElse(CsvTable.isLabelName(name));
      if (!isLabel && !named.isEmpty() && !named.contains(name)) {
        continue;
      }
      Column column = column(name, entry.getValue(), file + " array '" + Labels.shown(name) + "'");
      if (isLabel) {
        label = Optional.of(column);
      } else if (column.count() < 0) {
        notes.add(
            "Array '"
                + Labels.shown(name)
                + "' is a single number and is not used as an input; give it as a constant: "
                + "inputs: {"
                + Labels.shown(name)
                + ": {value: ...}} in a data descriptor.");
      } else {
        fields.add(column);
      }
    }
    if (fields.isEmpty()) {
      throw new InvalidDataException(
          file + " holds no array for an input. Name the arrays as the model's inputs.");
    }
    List<Column> all = new ArrayList<>(fields);
    label.ifPresent(all::add);
    checkCounts(file, all);
    long count = fields.get(0).count();
    Optional<Labels> read = Optional.empty();
    if (label.isPresent() && descriptor.labels().file().isEmpty()) {
      ArraySource labels =
          new ArraySource(
              count, List.of(label.get().column()), Optional.empty(), List.of(), List.of());
      String what = file + " array " + label.get().column().field();
      read = Optional.of(LabelFiles.fromSource(labels, what));
    }
    return new ArraySource(
        count, fields.stream().map(Column::column).toList(), read, notes, List.of(file));
  }

  private static void checkCounts(Path file, List<Column> columns) {
    Column first = columns.get(0);
    for (Column column : columns) {
      if (column.count() != first.count()) {
        throw new InvalidDataException(
            file
                + ": array "
                + first.column().field()
                + " has "
                + first.count()
                + " samples, array "
                + column.column().field()
                + " has "
                + Math.max(0, column.count())
                + ". The first dim must count samples; name the arrays to use with inputs: "
                + "{NAME: {from: ...}} and labels: {column: ...} in a data descriptor.");
      }
    }
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
