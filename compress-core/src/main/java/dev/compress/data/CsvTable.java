package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ByteSource;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Rows of separated text (RFC 4180: cells may be quoted, quotes within are doubled, quoted cells
 * may hold line breaks). The file is scanned once for where rows begin; eight bytes a row are kept,
 * and cells are parsed when they are read. Thread-safe but for its {@link #rows()}.
 */
final class CsvTable implements AutoCloseable {
  private static final int LONGEST_ROW = 1 << 24;
  private static final char[] DELIMITERS = {'\t', ';', ','};

  private final Path file;
  private final ByteSource content;
  private final long[] starts;
  private final char delimiter;
  private final boolean header;
  private final List<String> names;

  private CsvTable(
      Path file,
      ByteSource content,
      long[] starts,
      char delimiter,
      boolean header,
      List<String> names) {
    this.file = file;
    this.content = content;
    this.starts = starts;
    this.delimiter = delimiter;
    this.header = header;
    this.names = names;
  }

  /**
   * Scans a file.
   *
   * @throws InvalidDataException if it has no row of data
   */
  static CsvTable open(Path file, CsvOptions options) {
    ByteSource content = DataFiles.open(file);
    long[] starts = scan(file, content, options.delimiter());
    if (starts.length < 2) {
      throw new InvalidDataException(file + " holds no rows.");
    }
    Rows rows = new Rows(file, content, starts, ',');
    List<String> sample =
        IntStream.range(0, Math.min(10, starts.length - 1)).mapToObj(rows::rowText).toList();
    char delimiter = options.delimiter().orElseGet(() -> detect(sample));
    List<String> first = split(sample.get(0), delimiter);
    boolean header =
        options
            .header()
            .orElseGet(
                () ->
                    isHeader(
                        first, sample.size() < 2 ? List.of() : split(sample.get(1), delimiter)));
    if (header && starts.length < 3) {
      throw new InvalidDataException(
          file + " holds a header and no rows. If it has no header, say csv: {header: false}.");
    }
    List<String> names =
        header
            ? first.stream().map(String::strip).toList()
            : IntStream.range(0, first.size()).mapToObj(Integer::toString).toList();
    if (header && new HashSet<>(names).size() < names.size()) {
      throw new InvalidDataException(
          file + " has two columns of one name: " + Labels.shortList(names) + ".");
    }
    return new CsvTable(file, content, starts, delimiter, header, names);
  }

  /**
   * Whether the first row names columns: it says "label", holds no number, or holds a word where
   * the second row has a number.
   */
  private static boolean isHeader(List<String> first, List<String> second) {
    boolean numbers = false;
    boolean words = false;
    for (int i = 0; i < first.size(); i++) {
      String cell = first.get(i).strip();
      boolean numeric = looksNumeric(cell);
      if (isLabelName(cell)
          || (!numeric && !cell.isEmpty() && i < second.size() && looksNumeric(second.get(i)))) {
        return true;
      }
      numbers |= numeric;
      words |= !numeric && !cell.isEmpty();
    }
    return words && !numbers;
  }

  static boolean isLabelName(String name) {
    return name.equalsIgnoreCase("label") || name.equalsIgnoreCase("labels");
  }

  private static boolean looksNumeric(String cell) {
    String text = cell.strip();
    return Labels.isNumber(text) || text.equalsIgnoreCase("nan");
  }

  /**
   * The delimiter that cuts every one of the first rows into the same number of cells, the most.
   */
  private static char detect(List<String> rows) {
    char best = ',';
    int most = 1;
    for (char candidate : DELIMITERS) {
      int cells = split(rows.get(0), candidate).size();
      boolean same = rows.stream().allMatch(r -> split(r, candidate).size() == cells);
      if (same && cells > most) {
        best = candidate;
        most = cells;
      }
    }
    return best;
  }

  /** Where every row that is not blank begins, and where the last one ends. */
  private static long[] scan(Path file, ByteSource content, Optional<Character> delimiter) {
    long size = content.size();
    long[] starts = new long[1024];
    int count = 0;
    boolean quoted = false;
    boolean closed = false;
    boolean blank = true;
    byte before = '\n';
    long start = bomLength(content, size);
    WindowReader reader = new WindowReader(content);
    long last = start;
    for (long from = start; from < size; from += 1 << 16) {
      int length = (int) Math.min(1 << 16, size - from);
      ByteBuffer bytes = reader.view(from, length);
      for (int i = 0; i < length; i++) {
        byte b = bytes.get(i);
        if (b == '"' && (quoted || closed || beginsCell(before, delimiter))) {
          // A doubled quote closes the cell and opens it again.
          closed = quoted;
          quoted = !quoted;
          blank = false;
        } else {
          closed = false;
          if (b == '\n' && !quoted) {
            if (!blank) {
              starts = append(starts, count++, start);
              last = from + i + 1;
            }
            start = from + i + 1;
            blank = true;
          } else if (b != ' ' && b != '\r') {
            blank = false;
          }
        }
        before = b;
        if (from + i - start > LONGEST_ROW) {
          throw new InvalidDataException(
              file
                  + " has a row of more than "
                  + LONGEST_ROW
                  + " bytes at byte "
                  + start
                  + ". Is a quote not closed, or is it no text?");
        }
      }
    }
    if (quoted) {
      throw new InvalidDataException(
          file + ": a quote is not closed in the row that begins at byte " + start + ".");
    }
    if (!blank) {
      starts = append(starts, count++, start);
      last = size;
    }
    starts = append(starts, count, last);
    return Arrays.copyOf(starts, count + 1);
  }

  /** A quote within a cell, as in free text with tabs, is a quote and nothing more. */
  private static boolean beginsCell(byte before, Optional<Character> delimiter) {
    if (before == '\n') {
      return true;
    }
    return delimiter.map(d -> before == d).orElse(before == ',' || before == ';' || before == '\t');
  }

  private static long bomLength(ByteSource content, long size) {
    if (size < 3) {
      return 0;
    }
    ByteBuffer head = ByteBuffer.allocate(3);
    content.read(0, head);
    byte[] b = head.array();
    return b[0] == (byte) 0xef && b[1] == (byte) 0xbb && b[2] == (byte) 0xbf ? 3 : 0;
  }

  private static long[] append(long[] values, int count, long value) {
    long[] target = count < values.length ? values : Arrays.copyOf(values, count * 2);
    target[count] = value;
    return target;
  }

  /** The cells of a row, unquoted. */
  static List<String> split(String row, char delimiter) {
    List<String> cells = new ArrayList<>();
    int at = 0;
    while (true) {
      if (at < row.length() && row.charAt(at) == '"') {
        StringBuilder cell = new StringBuilder();
        at = unquote(row, at + 1, cell);
        int end = row.indexOf(delimiter, at);
        cells.add(cell.toString());
        if (end < 0) {
          return cells;
        }
        at = end + 1;
      } else {
        int end = row.indexOf(delimiter, at);
        cells.add(row.substring(at, end < 0 ? row.length() : end));
        if (end < 0) {
          return cells;
        }
        at = end + 1;
      }
    }
  }

  private static int unquote(String row, int from, StringBuilder cell) {
    int at = from;
    while (at < row.length()) {
      char c = row.charAt(at);
      if (c == '"') {
        if (at + 1 >= row.length() || row.charAt(at + 1) != '"') {
          return at + 1;
        }
        at++;
      }
      cell.append(c);
      at++;
    }
    return at;
  }

  int width() {
    return names.size();
  }

  List<String> names() {
    return names;
  }

  boolean hasHeader() {
    return header;
  }

  Path file() {
    return file;
  }

  long count() {
    return starts.length - 1L - (header ? 1 : 0);
  }

  /** A column by its name or, where no column is called so, by its number from 0. */
  Optional<Integer> find(String column) {
    int index = names.indexOf(column);
    if (index < 0 && column.matches("\\d{1,6}") && Integer.parseInt(column) < names.size()) {
      index = Integer.parseInt(column);
    }
    return index < 0 ? Optional.empty() : Optional.of(index);
  }

  /** All cells of a column. */
  List<String> texts(int column) {
    Rows rows = rows();
    List<String> texts = new ArrayList<>();
    for (long i = 0; i < count(); i++) {
      texts.add(rows.cells(i).get(column).strip());
    }
    return texts;
  }

  /** A reader of rows, for one thread. */
  Rows rows() {
    Rows rows = new Rows(file, content, starts, delimiter);
    rows.first = header ? 1 : 0;
    rows.width = width();
    return rows;
  }

  @Override
  public void close() {
    DataFiles.close(content);
  }

  /** Reads rows; remembers the last one. Not thread-safe. */
  static final class Rows {
    private final Path file;
    private final WindowReader reader;
    private final long[] starts;
    private final char delimiter;
    private int first;
    private int width = -1;
    private long current = -1;
    private List<String> cells = List.of();

    private Rows(Path file, ByteSource content, long[] starts, char delimiter) {
      this.file = file;
      this.reader = new WindowReader(content);
      this.starts = starts;
      this.delimiter = delimiter;
    }

    /** The cells of a row of data. */
    List<String> cells(long index) {
      if (index != current) {
        cells = split(rowText((int) index + first), delimiter);
        current = index;
        if (cells.size() != width) {
          throw new InvalidDataException(
              file
                  + ": row "
                  + (index + 1)
                  + " has "
                  + cells.size()
                  + " cells, the first row has "
                  + width
                  + ". Every row must have the same number.");
        }
      }
      return cells;
    }

    /** The text of a row; trailing tabs and spaces may be empty cells, so only line ends go. */
    private String rowText(int row) {
      int length = (int) (starts[row + 1] - starts[row]);
      byte[] bytes = new byte[length];
      reader.view(starts[row], length).get(bytes);
      int end = length;
      while (end > 0 && (bytes[end - 1] == '\n' || bytes[end - 1] == '\r')) {
        end--;
      }
      return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }
  }
}
