package dev.compress.evaluation.report;

import dev.compress.energy.EnergyJson;
import dev.compress.energy.EnergyReading;
import dev.compress.evaluation.EvaluationReport;
import dev.compress.evaluation.EvaluationReport.Row;
import dev.compress.evaluation.report.ParetoChart.Bar;
import dev.compress.evaluation.report.ParetoChart.Point;
import dev.compress.evaluation.report.ParetoChart.Quality;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The charts of accuracy against size, latency and energy. What was measured in different ways, or
 * was not measured but estimated, is never in one chart or series. Not thread-safe.
 */
final class EvaluationCharts {
  private static final int STYLES = 8;

  private final HtmlPage page;
  private final List<Row> rows;
  private final Map<String, String> labels = new LinkedHashMap<>();
  private final Map<String, Integer> styles = new LinkedHashMap<>();
  private int charts;

  /**
   * For a page.
   *
   * @param page to add to
   * @param report what was measured
   */
  EvaluationCharts(HtmlPage page, EvaluationReport report) {
    this.page = page;
    this.rows = EvaluationCells.labelled(report);
    for (int i = 0; i < rows.size(); i++) {
      labels.put(rows.get(i).name(), report.variants().get(i).name());
    }
    rows.forEach(r -> style(place(r)));
  }

  static @Nullable Double median(Row row) {
    EvaluationReport.LatencyMs ms = row.latencyMs();
    return ms == null ? null : (Double) ms.p50();
  }

  private String label(Row row) {
    return labels.getOrDefault(row.name(), row.name());
  }

  private static String place(Row row) {
    return row.host() + ", " + row.device();
  }

  private int style(String series) {
    return styles.computeIfAbsent(series, s -> styles.size() % STYLES);
  }

  /** Adds the section. */
  void add() {
    page.section("Accuracy against what it costs").raw("<div class=\"charts\">");
    Set<String> metrics = new LinkedHashSet<>();
    rows.forEach(
        r -> {
          if (r.accuracy() != null) {
            metrics.add(r.accuracy().metric());
          }
        });
    if (metrics.isEmpty()) {
      page.element("p", "soft", "No accuracy is known of any variant, so there is no chart.");
    }
    for (String metric : metrics) {
      List<Row> scored =
          rows.stream()
              .filter(r -> r.accuracy() != null && r.accuracy().metric().equals(metric))
              .toList();
      size(scored, metric);
      latency(scored, metric);
      energy(scored, metric);
    }
    page.raw("</div>");
    legend();
    page.end();
  }

  private void size(List<Row> scored, String metric) {
    Map<List<Object>, Row> distinct = new LinkedHashMap<>();
    scored.forEach(
        r ->
            distinct.putIfAbsent(
                List.of(r.sha256(), r.bytes(), accuracy(r).value(), accuracy(r).samples()), r));
    List<Point> points = new ArrayList<>();
    for (Row row : distinct.values()) {
      Bar bytes = Bar.of((double) row.bytes(), null);
      points.add(new Point(row.name(), label(row), "all", 0, bytes, quality(row)));
    }
    chart("size of the file", b -> Quantity.bytes(Math.round(b)), metric, points, List.of());
  }

  private void latency(List<Row> scored, String metric) {
    List<Point> points = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    for (Row row : scored) {
      EvaluationReport.LatencyMs ms = row.latencyMs();
      if (ms == null) {
        missing.add(row.name() + (row.error() == null ? "" : " (" + row.error() + ")"));
      } else {
        points.add(
            new Point(
                row.name(),
                label(row),
                place(row),
                style(place(row)),
                Bar.of(ms.p50(), ms.p50Ci95()),
                quality(row)));
      }
    }
    chart("median latency of a run", Quantity::millis, metric, points, missing);
  }

  private void energy(List<Row> scored, String metric) {
    List<Point> measured = new ArrayList<>();
    List<Point> estimated = new ArrayList<>();
    Map<String, List<String>> unknown = new LinkedHashMap<>();
    for (Row row : scored) {
      EnergyJson energy = row.energy();
      Double joules = energy == null ? null : energy.energyJ();
      Double guess = energy == null ? null : energy.energyEstimatedJ();
      if (energy != null && energy.kind() == EnergyReading.Kind.MEASURED && joules != null) {
        String series = place(row) + ", " + energy.source() + " " + energy.domains();
        measured.add(
            new Point(
                row.name(),
                label(row),
                series,
                style(place(row)),
                Bar.of(joules, energy.ci95()),
                quality(row)));
      } else if (energy != null && energy.kind() == EnergyReading.Kind.ESTIMATED && guess != null) {
        String series = place(row) + ", " + energy.model();
        estimated.add(
            new Point(
                row.name(),
                label(row),
                series,
                style(place(row)),
                Bar.of(guess, energy.estimatedRangeJ()),
                quality(row)));
      } else {
        unknown.computeIfAbsent(EnergyWords.origin(energy), o -> new ArrayList<>()).add(row.name());
      }
    }
    List<String> missing =
        unknown.entrySet().stream()
            .map(e -> String.join(", ", e.getValue()) + " (" + e.getKey() + ")")
            .toList();
    if (measured.isEmpty() && estimated.isEmpty()) {
      page.raw("<figure><figcaption>energy of a sample: unknown</figcaption>");
      unknown.keySet().forEach(why -> page.element("p", "soft path", why));
      page.raw("</figure>");
      return;
    }
    if (!measured.isEmpty()) {
      chart("measured energy of a sample", Quantity::joules, metric, measured, missing);
    }
    if (!estimated.isEmpty()) {
      chart(
          "estimated energy of a sample",
          j -> j == 0 ? "0" : "~" + EnergyWords.joulesOfEstimate(j),
          metric,
          estimated,
          measured.isEmpty() ? missing : List.of());
    }
  }

  private void chart(
      String title,
      DoubleFunction<String> text,
      String metric,
      List<Point> points,
      List<String> missing) {
    page.raw("<figure>");
    if (points.isEmpty()) {
      page.element("figcaption", title + ": unknown");
    } else {
      boolean rate = EvaluationCells.isRate(metric);
      Quality quality =
          rate
              ? new Quality("accuracy (" + metric + ")", 100, "%", true, 0.002, 0, 1)
              : new Quality(
                  metric,
                  1,
                  "",
                  EvaluationCells.higherIsBetter(metric),
                  1e-3 * largest(points),
                  Double.NEGATIVE_INFINITY,
                  Double.POSITIVE_INFINITY);
      page.raw(new ParetoChart("chart-" + ++charts, title, text, quality, points).print());
    }
    if (!missing.isEmpty()) {
      page.element("p", "soft path", "Not drawn, unknown: " + String.join("; ", missing));
    }
    page.raw("</figure>");
  }

  private static double largest(List<Point> points) {
    double largest =
        points.stream().mapToDouble(p -> Math.abs(p.quality().value())).max().orElse(1);
    return largest > 0 ? largest : 1;
  }

  private static EvaluationReport.Accuracy accuracy(Row row) {
    return java.util.Objects.requireNonNull(row.accuracy());
  }

  private static Bar quality(Row row) {
    return Bar.of(accuracy(row).value(), accuracy(row).ci95());
  }

  private void legend() {
    if (styles.size() > 1) {
      page.raw("<ul class=\"legend\">");
      styles.forEach(
          (series, style) ->
              page.raw("<li><svg class=\"key\" viewBox=\"-7 -7 14 14\" aria-hidden=\"true\">")
                  .raw("<g class=\"point best s" + style + "\">" + ParetoChart.shape(style))
                  .raw("</g></svg>")
                  .text(series)
                  .raw("</li>"));
      page.raw("</ul>");
    }
    page.element(
        "p",
        "soft",
        "Filled and joined: the Pareto front "
            + (styles.size() > 1 ? "of each machine and device " : "")
            + "by the values; a hollow one is beaten in both. Error bars are 95% intervals; where"
            + " they overlap, the order is not settled. Those of estimates are ranges of what is"
            + " not known.");
  }
}
