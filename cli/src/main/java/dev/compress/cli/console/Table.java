package dev.compress.cli.console;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Rows of cells in aligned columns, without lines around them. The last column takes what is left
 * of the width and goes on in the next line, under itself.
 */
public final class Table {
  private static final int GAP = 2;
  private static final int NARROWEST_LAST = 20;

  private final String indent;
  private final String alignment;
  private final List<String[]> rows = new ArrayList<>();

  /**
   * An empty table.
   *
   * @param indent what stands before each line
   * @param alignment one letter a column: l left, r right
   */
  public Table(String indent, String alignment) {
    this.indent = indent;
    this.alignment = alignment;
  }

  /**
   * Adds a row.
   *
   * @param cells one a column; missing ones are empty
   * @return this
   */
  public Table row(String... cells) {
    String[] row = Arrays.copyOf(cells, alignment.length());
    for (int i = 0; i < row.length; i++) {
      row[i] = row[i] == null ? "" : Style.printable(row[i]);
    }
    rows.add(row);
    return this;
  }

  /** Whether it has no rows. */
  public boolean isEmpty() {
    return rows.isEmpty();
  }

  /**
   * The lines of the table.
   *
   * @param width columns of text that fit
   */
  public List<String> lines(int width) {
    int columns = alignment.length();
    int[] widths = new int[columns];
    for (String[] row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], Style.width(row[i]));
      }
    }
    int start = indent.length();
    for (int i = 0; i < columns - 1; i++) {
      start += widths[i] == 0 ? 0 : widths[i] + GAP;
    }
    int last = Math.max(NARROWEST_LAST, width - start);
    List<String> lines = new ArrayList<>();
    for (String[] row : rows) {
      StringBuilder line = new StringBuilder(indent);
      for (int i = 0; i < columns - 1; i++) {
        if (widths[i] > 0) {
          line.append(aligned(row[i], widths[i], alignment.charAt(i))).append(" ".repeat(GAP));
        }
      }
      boolean first = true;
      for (String piece : Text.wrap(row[columns - 1], last)) {
        if (!first) {
          line = new StringBuilder(" ".repeat(start));
        }
        line.append(
            alignment.charAt(columns - 1) == 'r'
                ? aligned(piece, Math.min(last, widths[columns - 1]), 'r')
                : piece);
        lines.add(line.toString().stripTrailing());
        first = false;
      }
    }
    return lines;
  }

  private static String aligned(String cell, int width, char alignment) {
    String padding = " ".repeat(Math.max(0, width - Style.width(cell)));
    return alignment == 'r' ? padding + cell : cell + padding;
  }
}
