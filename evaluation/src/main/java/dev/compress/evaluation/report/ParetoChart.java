package dev.compress.evaluation.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Variants by what they cost and how good they are, as SVG: intervals as error bars, the Pareto
 * front of every series (those that no other of the series beats in both) filled and joined by
 * steps. Not thread-safe.
 */
final class ParetoChart {
  private static final double WIDTH = 340;
  private static final double HEIGHT = 262;
  private static final double LEFT = 50;
  private static final double RIGHT = 326;
  private static final double TOP = 30;
  private static final double BOTTOM = 212;
  private static final double CAP = 3.5;
  private static final int MOST_LABELS = 16;
  private static final int LABEL_LENGTH = 18;
  private static final double LETTER = 6.7;
  private static final double LINE = 12;
  private static final double NEAR_ANOTHER = 60;

  /** A number with the ends of its interval; the ends are the number where none is known. */
  record Bar(double value, double low, double high) {
    static Bar of(double value, @Nullable List<Double> ci95) {
      return ci95 == null
          ? new Bar(value, value, value)
          : new Bar(value, Math.min(ci95.get(0), value), Math.max(ci95.get(1), value));
    }
  }

  /**
   * A variant.
   *
   * @param name in full
   * @param label to stand beside it; colour and shape tell the series
   * @param series what it can be compared with: what was measured in one way on one machine
   * @param style number of the series' colour and shape
   * @param cost lower is better
   * @param quality see {@link Quality}
   */
  record Point(String name, String label, String series, int style, Bar cost, Bar quality) {}

  /**
   * What quality is.
   *
   * @param title of the axis
   * @param unit factor to what is shown
   * @param suffix of the numbers
   * @param higherIsBetter false for errors
   * @param shortest length of the axis
   * @param least it can be
   * @param most it can be
   */
  record Quality(
      String title,
      double unit,
      String suffix,
      boolean higherIsBetter,
      double shortest,
      double least,
      double most) {}

  private final String id;
  private final String title;
  private final DoubleFunction<String> costText;
  private final Quality quality;
  private final List<Point> points;
  private final Axis x;
  private final Axis y;
  private final StringBuilder svg = new StringBuilder();
  private final List<double[]> taken = new ArrayList<>();

  /**
   * A chart.
   *
   * @param id unique on the page
   * @param title what the costs are
   * @param costText prints a cost with its unit
   * @param quality what the other axis is
   * @param points at least one
   */
  ParetoChart(
      String id,
      String title,
      DoubleFunction<String> costText,
      Quality quality,
      List<Point> points) {
    this.id = id;
    this.title = title;
    this.costText = costText;
    this.quality = quality;
    this.points = points;
    this.x =
        Axis.fromZero(
            points.stream().mapToDouble(p -> p.cost().low()).min().orElse(0),
            points.stream().mapToDouble(p -> p.cost().high()).max().orElse(1));
    this.y =
        Axis.around(
                points.stream().mapToDouble(p -> p.quality().low()).min().orElse(0),
                points.stream().mapToDouble(p -> p.quality().high()).max().orElse(1),
                quality.shortest())
            .within(quality.least(), quality.most());
  }

  /** Those of a series that none of the series beats: the front, by rising cost. */
  static List<Point> front(List<Point> series, boolean higherIsBetter) {
    double sign = higherIsBetter ? 1 : -1;
    List<Point> sorted =
        series.stream()
            .sorted(
                Comparator.comparingDouble((Point p) -> p.cost().value())
                    .thenComparing(Comparator.comparingDouble(p -> -sign * p.quality().value())))
            .toList();
    List<Point> front = new ArrayList<>();
    for (Point point : sorted) {
      Point last = front.isEmpty() ? null : front.get(front.size() - 1);
      boolean better =
          last == null || sign * point.quality().value() > sign * last.quality().value();
      boolean equal =
          last != null
              && point.quality().value() == last.quality().value()
              && point.cost().value() == last.cost().value();
      if (better || equal) {
        front.add(point);
      }
    }
    return front;
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
    Map<String, List<Point>> series = new LinkedHashMap<>();
    points.forEach(p -> series.computeIfAbsent(p.series(), s -> new ArrayList<>()).add(p));
    List<Point> best = new ArrayList<>();
    series
        .values()
        .forEach(
            of -> {
              List<Point> front = front(of, quality.higherIsBetter());
              best.addAll(front);
              steps(front);
            });
    points.forEach(this::bars);
    for (Point point : points) {
      marker(point, best.contains(point));
    }
    if (points.size() <= MOST_LABELS) {
      points.forEach(this::label);
    }
    return svg.append("</svg>").toString();
  }

  private String description() {
    StringBuilder text = new StringBuilder();
    for (Point point : points) {
      text.append(text.isEmpty() ? "" : "; ").append(tip(point));
    }
    return text.append(". The same numbers are in the tables.").toString();
  }

  private String tip(Point point) {
    return point.name()
        + ": "
        + costText.apply(point.cost().value())
        + ", "
        + qualityText(point.quality().value(), 2)
        + " "
        + quality.title();
  }

  private String qualityText(double value, int decimals) {
    return quality.suffix().isEmpty()
        ? shortest(EvaluationCells.number(value))
        : Quantity.fixed(value * quality.unit(), decimals) + quality.suffix();
  }

  private double px(double value) {
    return LEFT + (RIGHT - LEFT) * x.share(value);
  }

  private double py(double value) {
    return BOTTOM - (BOTTOM - TOP) * y.share(value);
  }

  private void axes() {
    List<Double> ticks = y.ticks();
    double step = ticks.size() > 1 ? (ticks.get(1) - ticks.get(0)) * quality.unit() : 1;
    int decimals = (int) Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9)));
    if (Math.abs(step * Math.pow(10, decimals) % 1) > 1e-6) {
      decimals++;
    }
    for (double tick : ticks) {
      add("<line class=\"grid\" x1=\"%.2f\" x2=\"%.2f\"", LEFT, RIGHT);
      add(" y1=\"%.2f\" y2=\"%.2f\"/>", py(tick), py(tick));
      add("<text class=\"ytick\" x=\"%.2f\" y=\"%.2f\">", LEFT - 6, py(tick) + 4);
      svg.append(HtmlPage.escape(qualityText(tick, decimals))).append("</text>");
    }
    for (double tick : x.ticks()) {
      add("<line class=\"tick\" x1=\"%.2f\" x2=\"%.2f\"", px(tick), px(tick));
      add(" y1=\"%.2f\" y2=\"%.2f\"/>", BOTTOM, BOTTOM + 4);
      add("<text class=\"xtick\" x=\"%.2f\" y=\"%.2f\">", px(tick), BOTTOM + 17);
      svg.append(HtmlPage.escape(tick == 0 ? "0" : tickText(tick))).append("</text>");
    }
    add("<line class=\"axis\" x1=\"%.2f\" x2=\"%.2f\"", LEFT, RIGHT);
    add(" y1=\"%.2f\" y2=\"%.2f\"/>", BOTTOM, BOTTOM);
    add("<text class=\"axis-title\" x=\"%.2f\" y=\"14\">", 4.0);
    svg.append(HtmlPage.escape(quality.title()))
        .append(quality.higherIsBetter() ? "" : " (lower is better)")
        .append("</text>");
    add("<text class=\"axis-title end\" x=\"%.2f\" y=\"%.2f\">", RIGHT, HEIGHT - 8);
    svg.append(HtmlPage.escape(title)).append(x.logarithmic() ? ", logarithmic" : "");
    svg.append("</text>");
  }

  /** Shorter than a value of a table: "200 kB" and not "200. kB", "0.5 ms" and not "0.500 ms". */
  private String tickText(double tick) {
    return shortest(costText.apply(tick));
  }

  static String shortest(String number) {
    return number.replaceFirst("(\\.\\d*?)0+(?=[^\\d]|$)", "$1").replaceFirst("\\.(?=\\D|$)", "");
  }

  private void steps(List<Point> front) {
    StringBuilder path = new StringBuilder();
    double lastY = 0;
    for (Point point : front) {
      double toX = px(point.cost().value());
      double toY = py(point.quality().value());
      if (path.isEmpty()) {
        path.append(String.format(Locale.ROOT, "M%.2f %.2f", toX, toY));
      } else {
        path.append(String.format(Locale.ROOT, "L%.2f %.2fL%.2f %.2f", toX, lastY, toX, toY));
      }
      lastY = toY;
    }
    if (front.size() > 1) {
      add("<path class=\"front s%d\" d=\"%s\"/>", front.get(0).style(), path);
    }
  }

  private void bars(Point point) {
    Bar cost = point.cost();
    Bar good = point.quality();
    double atX = px(cost.value());
    double atY = py(good.value());
    StringBuilder path = new StringBuilder();
    if (good.high() > good.low()) {
      double up = py(Math.min(good.high(), y.high()));
      double down = py(Math.max(good.low(), y.low()));
      vertical(path, atX, up, down);
      horizontal(path, up, atX - CAP, atX + CAP);
      horizontal(path, down, atX - CAP, atX + CAP);
    }
    if (cost.high() > cost.low()) {
      double from = px(Math.max(cost.low(), x.low()));
      double to = px(cost.high());
      horizontal(path, atY, from, to);
      vertical(path, from, atY - CAP, atY + CAP);
      vertical(path, to, atY - CAP, atY + CAP);
    }
    if (!path.isEmpty()) {
      add("<path class=\"whisker s%d\" d=\"%s\"/>", point.style(), path);
    }
  }

  private static void vertical(StringBuilder path, double x, double from, double to) {
    path.append(String.format(Locale.ROOT, "M%.2f %.2fV%.2f", x, from, to));
  }

  private static void horizontal(StringBuilder path, double y, double from, double to) {
    path.append(String.format(Locale.ROOT, "M%.2f %.2fH%.2f", from, y, to));
  }

  private void marker(Point point, boolean best) {
    double atX = px(point.cost().value());
    double atY = py(point.quality().value());
    taken.add(new double[] {atX - 6, atY - 6, atX + 6, atY + 6});
    add(
        "<g class=\"point s%d%s\" transform=\"translate(%.2f %.2f)\"><title>",
        point.style(), best ? " best" : "", atX, atY);
    svg.append(HtmlPage.escape(tip(point))).append("</title>");
    svg.append(shape(point.style())).append("</g>");
  }

  /** Series differ by shape too, for those who do not see colours. */
  static String shape(int style) {
    return switch (style % 4) {
      case 0 -> "<circle r=\"4.6\"/>";
      case 1 -> "<rect x=\"-4.2\" y=\"-4.2\" width=\"8.4\" height=\"8.4\"/>";
      case 2 -> "<path d=\"M0 -5.6L5.4 4H-5.4Z\"/>";
      default -> "<path d=\"M0 -5.8L5.8 0L0 5.8L-5.8 0Z\"/>";
    };
  }

  /** Beside its point where it hides least of what is there already. */
  private void label(Point point) {
    String text = shortened(point.label());
    double wide = text.length() * LETTER;
    double atX = px(point.cost().value());
    double atY = py(point.quality().value());
    double[][] places = {
      {atX + 9, atY - 6}, {atX + 9, atY + 14}, {atX - 9 - wide, atY - 6},
      {atX - 9 - wide, atY + 14}, {atX - wide / 2, atY - 11}, {atX - wide / 2, atY + 19},
      {atX + 9, atY - 20}, {atX + 9, atY + 28}, {atX - 9 - wide, atY - 20}
    };
    double[] bestBox = null;
    double least = Double.POSITIVE_INFINITY;
    for (double[] place : places) {
      double[] box = {place[0], place[1] - LINE + 2, place[0] + wide, place[1] + 2};
      double outside =
          Math.max(0, LEFT - 2 - box[0])
              + Math.max(0, box[2] - WIDTH)
              + Math.max(0, TOP - 12 - box[1])
              + Math.max(0, box[3] - BOTTOM);
      double hidden = 20 * outside;
      for (double[] other : taken) {
        hidden += overlap(box, other);
      }
      hidden += nearOthers(box, atX, atY);
      if (hidden < least) {
        least = hidden;
        bestBox = box;
      }
    }
    if (bestBox != null && least < wide * LINE / 8) {
      taken.add(bestBox);
      add("<text class=\"name\" x=\"%.2f\" y=\"%.2f\">", bestBox[0], bestBox[3] - 2);
      svg.append(HtmlPage.escape(text)).append("</text>");
    }
  }

  /** A label beside another's marker would be taken for its name. */
  private double nearOthers(double[] box, double ownX, double ownY) {
    double[] around = {box[0] - 8, box[1] - 9, box[2] + 8, box[3] + 9};
    double penalty = 0;
    for (Point point : points) {
      double otherX = px(point.cost().value());
      double otherY = py(point.quality().value());
      boolean own = Math.hypot(otherX - ownX, otherY - ownY) < 6;
      boolean inside =
          otherX > around[0] && otherX < around[2] && otherY > around[1] && otherY < around[3];
      penalty += !own && inside ? NEAR_ANOTHER : 0;
    }
    return penalty;
  }

  private static double overlap(double[] a, double[] b) {
    double wide = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
    double high = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
    return wide > 0 && high > 0 ? wide * high : 0;
  }

  private static String shortened(String text) {
    int length = text.codePointCount(0, text.length());
    return length <= LABEL_LENGTH
        ? text
        : text.substring(0, text.offsetByCodePoints(0, LABEL_LENGTH - 1)) + "…";
  }

  private void add(String format, Object... values) {
    svg.append(String.format(Locale.ROOT, format, values));
  }
}
