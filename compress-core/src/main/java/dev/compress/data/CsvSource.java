package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Rows of a CSV file as samples. Fields are the descriptor's choices of columns or, without any,
 * one field of all columns but the label. Every column can also be had by its name.
 */
final class CsvSource implements SampleSource {
  private static final String ALL = "features";

  private final CsvTable table;
  private final Map<String, int[]> columns = new LinkedHashMap<>();
  private final List<SourceField> fields = new ArrayList<>();
  private final Optional<Labels> labels;
  private final List<String> notes = new ArrayList<>();

  CsvSource(Path file, DataDescriptor descriptor) {
    this.table = CsvTable.open(file, descriptor.source().csv());
    String where = descriptor.where();
    LabelSpec spec = descriptor.labels();
    int label = labelColumn(spec, where);
    descriptor
        .inputs()
        .forEach(
            (name, input) ->
                input.columns().ifPresent(range -> add(name, range.resolve(table, where))));
    if (fields.isEmpty()) {
      add(ALL, IntStream.range(0, table.width()).filter(c -> c != label).toArray());
    }
    this.labels =
        label < 0
            ? Optional.empty()
            : Optional.of(Labels.ofTexts(table.texts(label), spec.classes(), file.toString()));
    if (label < 0 && spec.file().isEmpty()) {
      notes.add(
          file
              + " has no column 'label', so all "
              + table.width()
              + " columns are features. "
              + "Name the label's column with labels: {column: ...} in a descriptor.");
    }
  }

  private int labelColumn(LabelSpec spec, String where) {
    if (spec.file().isPresent()) {
      return -1;
    }
    if (spec.column().isPresent()) {
      return ColumnRange.of(spec.column().get()).resolve(table, where)[0];
    }
    if (!table.hasHeader()) {
      return -1;
    }
    return IntStream.range(0, table.width())
        .filter(c -> CsvTable.isLabelName(table.names().get(c)))
        .findFirst()
        .orElse(-1);
  }

  private void add(String name, int[] chosen) {
    if (chosen.length == 0) {
      throw new InvalidDataException(
          table.file()
              + " has no columns but the label. Is its delimiter another one? "
              + "Say csv: {delimiter: ...}.");
    }
    columns.put(name, chosen);
    fields.add(field(name, chosen.length));
  }

  private static SourceField field(String name, int width) {
    return new SourceField(name, SourceField.Kind.TEXT, ElementType.DOUBLE, List.of((long) width));
  }

  @Override
  public long count() {
    return table.count();
  }

  @Override
  public List<SourceField> fields() {
    return List.copyOf(fields);
  }

  @Override
  public Optional<SourceField> field(String name) {
    if (columns.containsKey(name)) {
      return SampleSource.super.field(name);
    }
    return table.names().contains(name) ? Optional.of(field(name, 1)) : Optional.empty();
  }

  @Override
  public Optional<Labels> labels() {
    return labels;
  }

  @Override
  public List<String> notes() {
    return List.copyOf(notes);
  }

  @Override
  public List<Path> files() {
    return List.of(table.file());
  }

  @Override
  public Cursor cursor() {
    CsvTable.Rows rows = table.rows();
    return (field, index) -> {
      int[] chosen = columns.get(field.name());
      if (chosen == null) {
        chosen = new int[] {table.names().indexOf(field.name())};
      }
      List<String> cells = rows.cells(index);
      ByteBuffer bytes =
          ByteBuffer.allocate(chosen.length * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      for (int column : chosen) {
        bytes.putDouble(number(cells.get(column).strip(), index, column));
      }
      return new RawValue(field.type(), Shape.of(chosen.length), bytes.flip());
    };
  }

  private double number(String cell, long index, int column) {
    try {
      double value = Double.parseDouble(cell);
      if (Double.isFinite(value)) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Said below, together with what parses but is no number to compute with.
    }
    throw new InvalidDataException(
        table.file()
            + ": row "
            + (index + 1)
            + ", column '"
            + Labels.shown(table.names().get(column))
            + "' holds "
            + (cell.isEmpty() ? "nothing" : "'" + Labels.shown(cell) + "'")
            + ", not a finite number. Repair it, or choose columns with inputs: {NAME: {columns: ...}}.");
  }

  @Override
  public void close() {
    table.close();
  }
}
