package dev.compress.evaluation.report;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Variants compared with the baseline in one quantity: a dot each with its interval, and a line
 * where there is no difference. Not thread-safe.
 */
final class RatioBars {
  private static final double WIDTH = 100;
  private static final double ROOM = 1.06;

  private final HtmlPage page;
  private final double none;
  private final double low;
  private final double high;

  /**
   * For values that are drawn together.
   *
   * @param page to add to
   * @param none the value of no difference
   * @param values all that will be drawn, ends of intervals too
   */
  RatioBars(HtmlPage page, double none, List<Double> values) {
    this.page = page;
    this.none = none;
    double least = Math.min(none, values.stream().mapToDouble(v -> v).min().orElse(none));
    double most = Math.max(none, values.stream().mapToDouble(v -> v).max().orElse(none));
    boolean ratio = none > 0;
    double span = Math.max(most - least, 1e-9);
    this.low = ratio ? Math.min(0, least) : least - span * (ROOM - 1);
    this.high = ratio ? most * ROOM : most + span * (ROOM - 1);
  }

  /**
   * A variant.
   *
   * @param label its name
   * @param value of it
   * @param ci95 its interval
   * @param text the numbers
   */
  void add(String label, double value, @Nullable List<Double> ci95, String text) {
    double from = ci95 == null ? value : Math.min(value, ci95.get(0));
    double to = ci95 == null ? value : Math.max(value, ci95.get(1));
    String verdict = from > none ? "worse" : to < none ? "better" : "same";
    page.element("div", "label", label).raw("<div class=\"bar\">");
    page.raw(
        String.format(
            Locale.ROOT,
            "<svg class=\"versus %s\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\""
                + " aria-hidden=\"true\"><path class=\"none\" d=\"M%.2f 0V10\"/>"
                + "<path class=\"span\" d=\"M%.2f 5H%.2f\"/>"
                + "<path class=\"dot\" d=\"M%.2f 5h0.001\"/></svg>",
            verdict,
            x(none),
            x(from),
            x(to),
            x(value)));
    page.element("span", "value", text).raw("</div>");
  }

  private double x(double value) {
    return WIDTH * (value - low) / (high - low);
  }
}
