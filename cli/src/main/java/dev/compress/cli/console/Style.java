package dev.compress.cli.console;

/**
 * How text is emphasised: by colour on a screen, not at all elsewhere.
 *
 * @param colours whether to use colours
 * @param unicode whether more than ASCII can be shown
 */
public record Style(boolean colours, boolean unicode) {
  /** No colours and ASCII only. */
  public static final Style PLAIN = new Style(false, false);

  /** For headings. */
  public String bold(String text) {
    return in("1", text);
  }

  /** For what matters less. */
  public String faint(String text) {
    return in("2", text);
  }

  /** For what is better than before. */
  public String good(String text) {
    return in("32", text);
  }

  /** For warnings. */
  public String warning(String text) {
    return in("33", text);
  }

  /** For errors. */
  public String bad(String text) {
    return in("31", text);
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

  private String in(String code, String text) {
    return colours && !text.isEmpty() ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
  }

  /** The columns that a text takes on the screen. */
  static int width(String text) {
    int width = 0;
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) == '\u001b') {
        int end = text.indexOf('m', i);
        i = end < 0 ? text.length() : end;
      } else if (!Character.isLowSurrogate(text.charAt(i))
          && Character.getType(text.charAt(i)) != Character.NON_SPACING_MARK) {
        width++;
      }
    }
    return width;
  }
}
