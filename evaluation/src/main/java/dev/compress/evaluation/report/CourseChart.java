package dev.compress.evaluation.report;

import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * A number over the epochs of a training, as SVG, with the epoch that was kept filled. Not
 * thread-safe.
 */
final class CourseChart {
  private static final double WIDTH = 340;
  private static final double HEIGHT = 232;
  private static final double LEFT = 50;
  private static final double RIGHT = 326;
  private static final double TOP = 30;
  private static final double BOTTOM = 186;
  private static final int MOST_MARKERS = 60;
  private static final double SHORTEST_SHARE = 0.02;

  private final String id;
  private final String title;
  private final DoubleFunction<String> text;
  private final List<Double> values;
  private final int best;
  private final Axis x;
  private final Axis y;
  private final StringBuilder svg = new StringBuilder();

  /**
   * A chart.
   *
   * @param id unique on the page
   * @param title what the numbers are
   * @param text prints one
   * @param values one an epoch; those that are no finite numbers are left out
   * @param best the epoch that was kept, counted from 1; 0: none
   */
  CourseChart(String id, String title, DoubleFunction<String> text, List<Double> values, int best) {
    this.id = id;
    this.title = title;
    this.text = text;
    this.values = List.copyOf(values);
    this.best = best;
    this.x = new Axis(values.size() > 1 ? 1 : 0.5, Math.max(1.5, values.size()), false);
    double least = finite().min().orElse(0);
    double most = finite().max().orElse(1);
    double shortest = SHORTEST_SHARE * Math.max(Math.abs(least), Math.abs(most));
    this.y = Axis.around(least, most, shortest > 0 ? shortest : 1);
  }

  private DoubleStream finite() {
    return values.stream().mapToDouble(Double::doubleValue).filter(Double::isFinite);
  }

  /** The markup. */
  String print() {
    add(
        "<svg class=\"chart\" id=\"%s\" role=\"img\" aria-labelledby=\"%s-t %s-d\""
            + " viewBox=\"0 0 %.0f %.0f\">",
        id, id, id, WIDTH, HEIGHT);
    svg.append("<title id=\"").append(id).append("-t\">").append(HtmlPage.escape(title));
    svg.append("</title><desc id=\"").append(id).append("-d\">");
    svg.append(HtmlPage.escape(description())).append("</desc>");
    axes();
    line();
    markers();
    return svg.append("</svg>").toString();
  }

  private String description() {
    if (values.isEmpty()) {
      return "No epoch was finished.";
    }
    String last = text.apply(values.get(values.size() - 1));
    return "From "
        + text.apply(values.get(0))
        + " in the first epoch to "
        + last
        + " in the last of "
        + values.size()
        + (best > 0 && best <= values.size()
            ? "; " + text.apply(values.get(best - 1)) + " in epoch " + best + ", which was kept"
            : "")
        + ". The same numbers are in the table.";
  }

  private double px(double epoch) {
    return LEFT + (RIGHT - LEFT) * x.share(epoch);
  }

  private double py(double value) {
    return BOTTOM - (BOTTOM - TOP) * y.share(value);
  }

  private void axes() {
    for (double tick : y.ticks()) {
      add("<line class=\"grid\" x1=\"%.2f\" x2=\"%.2f\"", LEFT, RIGHT);
      add(" y1=\"%.2f\" y2=\"%.2f\"/>", py(tick), py(tick));
      add("<text class=\"ytick\" x=\"%.2f\" y=\"%.2f\">", LEFT - 6, py(tick) + 4);
      svg.append(HtmlPage.escape(ParetoChart.shortest(text.apply(tick)))).append("</text>");
    }
    for (double tick : x.ticks()) {
      if (tick == Math.rint(tick) && tick >= 1) {
        add("<line class=\"tick\" x1=\"%.2f\" x2=\"%.2f\"", px(tick), px(tick));
        add(" y1=\"%.2f\" y2=\"%.2f\"/>", BOTTOM, BOTTOM + 4);
        add("<text class=\"xtick\" x=\"%.2f\" y=\"%.2f\">%.0f</text>", px(tick), BOTTOM + 17, tick);
      }
    }
    add("<line class=\"axis\" x1=\"%.2f\" x2=\"%.2f\"", LEFT, RIGHT);
    add(" y1=\"%.2f\" y2=\"%.2f\"/>", BOTTOM, BOTTOM);
    svg.append("<text class=\"axis-title\" x=\"4\" y=\"14\">").append(HtmlPage.escape(title));
    add("</text><text class=\"axis-title end\" x=\"%.2f\" y=\"%.2f\">", RIGHT, HEIGHT - 8);
    svg.append("epoch</text>");
  }

  /** Broken where a number is missing. */
  private void line() {
    StringBuilder path = new StringBuilder();
    boolean on = false;
    for (int i = 0; i < values.size(); i++) {
      if (!Double.isFinite(values.get(i))) {
        on = false;
        continue;
      }
      path.append(on ? 'L' : 'M')
          .append(String.format(Locale.ROOT, "%.2f %.2f", px(i + 1), py(values.get(i))));
      on = true;
    }
    if (!path.isEmpty()) {
      add("<path class=\"course s0\" d=\"%s\"/>", path);
    }
  }

  private void markers() {
    IntStream.range(0, values.size())
        .filter(i -> Double.isFinite(values.get(i)))
        .filter(i -> values.size() <= MOST_MARKERS || i + 1 == best)
        .forEach(
            i -> {
              boolean kept = i + 1 == best;
              add(
                  "<g class=\"point s0%s\" transform=\"translate(%.2f %.2f)\"><title>",
                  kept ? " best" : "", px(i + 1), py(values.get(i)));
              svg.append("epoch ").append(i + 1).append(": ");
              svg.append(HtmlPage.escape(text.apply(values.get(i))));
              add("%s</title><circle r=\"%.1f\"/></g>", kept ? ", kept" : "", kept ? 4.6 : 2.8);
            });
  }

  private void add(String format, Object... parts) {
    svg.append(String.format(Locale.ROOT, format, parts));
  }
}
