package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ByteSource;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Reads labels that lie in a file of their own: IDX, NumPy, CSV or text, or plain bytes. */
final class LabelFiles {
  private LabelFiles() {}

  /**
   * Reads a label file.
   *
   * @param file any of the kinds above, gzipped or not
   * @param spec the column and the classes
   * @param count how many samples there are; a file of just so many bytes that is nothing else
   *     holds one label a byte
   */
  static Labels read(Path file, LabelSpec spec, long count) {
    byte[] head = DataFiles.head(file, 8);
    if (IdxFile.hasMagic(head)) {
      return IdxFile.open(file).labels().named(spec.classes(), file.toString());
    }
    if (NpyHeader.hasMagic(head)) {
      try (SampleSource source = NumpySources.npy(file)) {
        return fromSource(source, file.toString()).named(spec.classes(), file.toString());
      }
    }
    String name = DataFiles.plainName(file);
    if (name.endsWith(".csv") || name.endsWith(".tsv") || name.endsWith(".txt")) {
      return fromText(file, spec);
    }
    ByteSource content = DataFiles.open(file);
    try {
      if (content.size() != count) {
        throw new InvalidDataException(
            file
                + " has "
                + content.size()
                + " bytes: labels as plain bytes need one for each of the "
                + count
                + " samples. Other label files are IDX, .npy, .csv, .tsv and .txt.");
      }
      ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(count));
      content.read(0, bytes);
      long[] ids = new long[bytes.capacity()];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = bytes.get(i) & 0xff;
      }
      return Labels.ofIds(ids, spec.classes(), file.toString());
    } finally {
      DataFiles.close(content);
    }
  }

  private static Labels fromText(Path file, LabelSpec spec) {
    // A list of labels, one a line, has no header, whatever its first line looks like.
    boolean list = spec.column().isEmpty() && DataFiles.plainName(file).endsWith(".txt");
    CsvOptions options =
        list ? new CsvOptions(Optional.of(false), Optional.of('\n')) : CsvOptions.DETECT;
    try (CsvTable table = CsvTable.open(file, options)) {
      String column = spec.column().orElse("label");
      Optional<Integer> found = table.find(column);
      if (found.isEmpty() && spec.column().isEmpty() && table.width() == 1) {
        found = Optional.of(0);
      }
      if (found.isEmpty()) {
        throw new InvalidDataException(
            file
                + " has no column '"
                + column
                + "' but "
                + Labels.shortList(table.names())
                + ". Name it with labels: {column: ...}.");
      }
      return Labels.ofTexts(table.texts(found.get()), spec.classes(), file.toString());
    }
  }

  /** The values of a source's only field as labels: integers are class ids, floats are targets. */
  static Labels fromSource(SampleSource source, String where) {
    SourceField field = source.fields().get(0);
    SampleSource.Cursor cursor = source.cursor();
    int count = Math.toIntExact(source.count());
    int width = 1;
    for (long dim : field.dims()) {
      width = Math.multiplyExact(width, Math.toIntExact(dim));
    }
    if (width != 1 || !DataTypes.isInteger(field.type())) {
      return values(field, cursor, count, width, where);
    }
    long[] ids = new long[count];
    for (int i = 0; i < count; i++) {
      ids[i] = Numbers.integer(field.type(), cursor.read(field, i).bytes());
    }
    return Labels.ofIds(ids, List.of(), where);
  }

  private static Labels values(
      SourceField field, SampleSource.Cursor cursor, int count, int width, String where) {
    long total = (long) count * width;
    if (total > Integer.MAX_VALUE / 4) {
      throw new InvalidDataException(
          where + ": " + total + " target values do not fit into memory. Use fewer samples.");
    }
    float[] values = new float[(int) total];
    for (int i = 0; i < count; i++) {
      RawValue raw = cursor.read(field, i);
      double[] numbers = Numbers.toDoubles(field.type(), raw.bytes(), width, where);
      for (int k = 0; k < width; k++) {
        values[i * width + k] = (float) numbers[k];
      }
    }
    return Labels.ofValues(values, width);
  }

  /**
   * Finds a label file: relative to the data's folder, then to the descriptor's.
   *
   * @throws InvalidDataException if there is none
   */
  static Path find(String name, Path dataFolder, Optional<Path> descriptorFolder) {
    Path beside = dataFolder.resolve(name);
    if (Files.isRegularFile(beside)) {
      return beside;
    }
    Optional<Path> other = descriptorFolder.map(f -> f.resolve(name)).filter(Files::isRegularFile);
    return other.orElseThrow(
        () ->
            new InvalidDataException(
                "The label file '"
                    + name
                    + "' is not in "
                    + dataFolder
                    + descriptorFolder.map(f -> " nor in " + f).orElse("")
                    + ". Correct labels: {file: ...} in the descriptor."));
  }
}
