package dev.compress.data;

import dev.compress.error.InvalidDataException;
import java.util.ArrayList;
import java.util.List;

/**
 * A choice of CSV columns: numbers from 0 and ranges as in {@code "1-"}, {@code "0,3,5-7"}, or
 * names.
 *
 * @param parts numbers, ranges or names
 */
record ColumnRange(List<String> parts) {
  ColumnRange {
    parts = List.copyOf(parts);
  }

  static ColumnRange of(String text) {
    boolean numeric = text.matches("\\s*\\d+(-\\d*)?(\\s*,\\s*\\d+(-\\d*)?)*\\s*");
    return new ColumnRange(numeric ? List.of(text.strip().split("\\s*,\\s*")) : List.of(text));
  }

  /** The chosen columns, in the order in which they were named. */
  int[] resolve(CsvTable table, String where) {
    List<Integer> columns = new ArrayList<>();
    for (String part : parts) {
      if (table.names().contains(part) || !part.matches("\\d{1,6}(-\\d{0,6})?")) {
        columns.add(find(table, part, where));
        continue;
      }
      int dash = part.indexOf('-');
      int from = Integer.parseInt(dash < 0 ? part : part.substring(0, dash));
      int to = from;
      if (dash >= 0) {
        to =
            dash == part.length() - 1
                ? table.width() - 1
                : Integer.parseInt(part.substring(dash + 1));
      }
      if (from > to || to >= table.width()) {
        throw new InvalidDataException(
            where
                + ": columns '"
                + part
                + "' are not in "
                + table.file()
                + ", which has columns 0 to "
                + (table.width() - 1)
                + ".");
      }
      for (int c = from; c <= to; c++) {
        columns.add(c);
      }
    }
    return columns.stream().mapToInt(c -> c).toArray();
  }

  private static int find(CsvTable table, String name, String where) {
    return table
        .find(name)
        .orElseThrow(
            () ->
                new InvalidDataException(
                    where
                        + ": no column '"
                        + name
                        + "' in "
                        + table.file()
                        + ". It has "
                        + Labels.shortList(table.names())
                        + "."));
  }
}
