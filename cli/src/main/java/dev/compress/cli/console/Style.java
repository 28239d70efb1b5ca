package dev.compress.cli.console;

import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;

/**
 * How text is emphasised: by colour on a screen, not at all elsewhere. An emphasis is a mark in the
 * text, of which the terminal makes an escape sequence: those that come with names in a model or a
 * file stay text.
 *
 * @param colours whether to use colours
 * @param unicode whether more than ASCII can be shown
 */
public record Style(boolean colours, boolean unicode) {
  /** No colours and ASCII only. */
  public static final Style PLAIN = new Style(false, false);

  /** The first of the marks, which ends an emphasis: noncharacters, which no text should hold. */
  private static final int MARKS = 0xfdd0;

  /** The parameter of the escape sequence by mark. */
  private static final List<Integer> CODES = List.of(0, 1, 2, 32, 33, 31);

  /** For headings. */
  public String bold(String text) {
    return in(1, text);
  }

  /** For what matters less. */
  public String faint(String text) {
    return in(2, text);
  }

  /** For what is better than before. */
  public String good(String text) {
    return in(3, text);
  }

  /** For warnings. */
  public String warning(String text) {
    return in(4, text);
  }

  /** For errors. */
  public String bad(String text) {
    return in(5, text);
  }

  /** An arrow from before to after. */
  public String arrow() {
    return unicode ? "→" : "->";
  }

  /** A dot between facts. */
  public String dot() {
    return unicode ? "·" : "-";
  }

  /** Marks a factor. */
  public String times() {
    return unicode ? "×" : "x";
  }

  /** What stands where there is nothing to say. */
  public String none() {
    return unicode ? "–" : "-";
  }

  private String in(int emphasis, String text) {
    return colours && !text.isEmpty() ? (char) (MARKS + emphasis) + text + (char) MARKS : text;
  }

  private static boolean isMark(int c) {
    return c >= MARKS && c < MARKS + CODES.size();
  }

  /**
   * The text with control characters and line breaks spelled out.
   *
   * @param text one line
   */
  public static String printable(String text) {
    return spelled(text, c -> isMark(c) ? Character.toString(c) : escape(c));
  }

  /** A printable line as it goes to a stream, with or without colours. */
  static String onScreen(String line, boolean colours) {
    return spelled(
        line, c -> colours && isMark(c) ? "\u001b[" + CODES.get(c - MARKS) + "m" : escape(c));
  }

  private static String spelled(String text, IntFunction<String> special) {
    if (text.chars().noneMatch(c -> isMark(c) || isControl(c))) {
      return text;
    }
    StringBuilder spelled = new StringBuilder();
    text.chars()
        .forEach(
            c -> {
              if (isMark(c) || isControl(c)) {
                spelled.append(special.apply(c));
              } else {
                spelled.append((char) c);
              }
            });
    return spelled.toString();
  }

  /** What a terminal acts on instead of showing it; the last ones turn the direction of text. */
  private static boolean isControl(int c) {
    return Character.isISOControl(c)
        || c == 0x2028
        || c == 0x2029
        || (c >= 0x202a && c <= 0x202e)
        || (c >= 0x2066 && c <= 0x2069);
  }

  private static String escape(int c) {
    return c == '\n' ? "\\n" : String.format(Locale.ROOT, "\\u%04x", c);
  }

  /** The columns that a text takes on the screen. */
  static int width(String text) {
    int width = 0;
    for (int i = 0; i < text.length(); i++) {
      if (isMark(text.charAt(i))) {
        continue;
      }
      if (!Character.isLowSurrogate(text.charAt(i))
          && Character.getType(text.charAt(i)) != Character.NON_SPACING_MARK) {
        width++;
      }
    }
    return width;
  }
}
