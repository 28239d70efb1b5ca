package dev.compress.cli.console;

import java.util.ArrayList;
import java.util.List;

/** Text cut into lines that fit. */
public final class Text {
  private Text() {}

  /**
   * Breaks a text at spaces. A word longer than a line stays whole: a path or a name that is cut
   * cannot be copied.
   *
   * @param text one paragraph
   * @param width columns that fit
   * @return at least one line
   */
  public static List<String> wrap(String text, int width) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : Style.printable(text).split(" ", -1)) {
      if (line.length() > 0 && Style.width(line.toString()) + 1 + Style.width(word) > width) {
        lines.add(line.toString());
        line = new StringBuilder();
      } else if (line.length() > 0) {
        line.append(' ');
      }
      line.append(word);
    }
    lines.add(line.toString());
    return lines;
  }

  /**
   * One line of at most {@code width} columns; what is too long loses its middle.
   *
   * @param full one line
   * @param width columns that fit, at least 5
   * @param style of the terminal
   */
  public static String shorten(String full, int width, Style style) {
    String text = Style.printable(full);
    if (Style.width(text) <= width) {
      return text;
    }
    String gap = style.unicode() ? "…" : "...";
    int keep = width - gap.length();
    int head = keep / 2;
    return text.substring(0, head) + gap + text.substring(text.length() - (keep - head));
  }
}
