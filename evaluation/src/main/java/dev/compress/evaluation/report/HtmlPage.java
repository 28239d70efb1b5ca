package dev.compress.evaluation.report;

import java.util.List;

/**
 * Builds one HTML page that needs nothing else: no script, no network, every value escaped. Not
 * thread-safe.
 */
final class HtmlPage {
  private final StringBuilder body = new StringBuilder();

  /** Text with its special characters escaped; fit for content and for quoted attributes. */
  static String escape(String text) {
    StringBuilder escaped = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> escaped.append("&amp;");
        case '<' -> escaped.append("&lt;");
        case '>' -> escaped.append("&gt;");
        case '"' -> escaped.append("&quot;");
        case '\'' -> escaped.append("&#39;");
        default -> escaped.append(isFit(text, i) ? c : '\ufffd');
      }
    }
    return escaped.toString();
  }

  /** Whether a character can be shown and written, and does not turn the order of others. */
  private static boolean isFit(String text, int index) {
    char c = text.charAt(index);
    if (Character.isHighSurrogate(c)) {
      return index + 1 < text.length() && Character.isLowSurrogate(text.charAt(index + 1));
    }
    if (Character.isLowSurrogate(c)) {
      return index > 0 && Character.isHighSurrogate(text.charAt(index - 1));
    }
    boolean turnsOrder = (c >= '\u202a' && c <= '\u202e') || (c >= '\u2066' && c <= '\u2069');
    return c == '\n' || c == '\t' || !(Character.isISOControl(c) || turnsOrder);
  }

  /** Adds markup as it is: for what this package writes itself. */
  HtmlPage raw(String markup) {
    body.append(markup);
    return this;
  }

  /** Adds text. */
  HtmlPage text(String text) {
    body.append(escape(text));
    return this;
  }

  /** Adds an element that holds text. */
  HtmlPage element(String tag, String text) {
    return raw("<" + tag + ">").text(text).raw("</" + tag + ">");
  }

  /** Adds an element with a class that holds text. */
  HtmlPage element(String tag, String cssClass, String text) {
    return raw("<" + tag + " class=\"" + cssClass + "\">").text(text).raw("</" + tag + ">");
  }

  /** Begins a section. */
  HtmlPage section(String title) {
    return raw("<section>").element("h2", title);
  }

  /** Ends a section. */
  HtmlPage end() {
    return raw("</section>\n");
  }

  /**
   * Adds a table; a wide one scrolls by itself.
   *
   * @param columns headings; one that begins with ">" is of numbers, to the right; one that begins
   *     with "=" is of sentences and never narrow
   * @param rows cells as text
   */
  HtmlPage table(List<String> columns, List<List<String>> rows) {
    raw("<div class=\"wide\"><table><thead><tr>");
    for (String column : columns) {
      raw("<th" + alignment(column) + ">").text(heading(column)).raw("</th>");
    }
    raw("</tr></thead><tbody>");
    for (List<String> row : rows) {
      raw("<tr>");
      for (int i = 0; i < columns.size(); i++) {
        raw("<td" + alignment(columns.get(i)) + ">").text(row.get(i)).raw("</td>");
      }
      raw("</tr>");
    }
    return raw("</tbody></table></div>");
  }

  /** Adds a number that stands out, with what it is. */
  HtmlPage fact(String value, String cssClass, String text) {
    raw("<div class=\"fact\">").element("b", cssClass, value).element("span", text);
    return raw("</div>");
  }

  /** Adds a name and its value to a list of such. */
  HtmlPage term(String name, String value) {
    return element("dt", name).element("dd", value);
  }

  /** Adds what a user should look at, and then what else there is to say. */
  HtmlPage warningsAndNotes(List<String> warnings, List<String> notes) {
    if (!warnings.isEmpty()) {
      raw("<section class=\"warnings\">").element("h2", "Warnings").raw("<ul>");
      warnings.forEach(w -> element("li", w));
      raw("</ul>").end();
    }
    if (!notes.isEmpty()) {
      section("Notes").raw("<ul>");
      notes.forEach(n -> element("li", n));
      raw("</ul>").end();
    }
    return this;
  }

  /** The name of a file without its folders. */
  static String fileName(String path) {
    return path.substring(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  }

  private static String alignment(String column) {
    return column.startsWith(">")
        ? " class=\"n\""
        : column.startsWith("=") ? " class=\"words\"" : "";
  }

  private static String heading(String column) {
    return column.startsWith(">") || column.startsWith("=") ? column.substring(1) : column;
  }

  /**
   * The whole page.
   *
   * @param title of the window
   * @param style the style sheet
   */
  String print(String title, String style) {
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        + "<meta name=\"color-scheme\" content=\"light dark\">\n"
        + "<meta http-equiv=\"Content-Security-Policy\""
        + " content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        + "<title>"
        + escape(title)
        + "</title>\n<style>\n"
        + style
        + "</style>\n</head>\n<body>\n<main>\n"
        + body
        + "</main>\n</body>\n</html>\n";
  }
}
