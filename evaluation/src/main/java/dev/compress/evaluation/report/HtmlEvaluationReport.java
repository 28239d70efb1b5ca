package dev.compress.evaluation.report;

import dev.compress.evaluation.EvaluationReport;
import dev.compress.evaluation.EvaluationReport.Row;
import dev.compress.evaluation.EvaluationReport.VsBaseline;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A comparison of variants as one web page, for a screen, a phone or paper: no script, nothing from
 * the network, light and dark. Its order: the answer, the charts, the comparison, the tables, where
 * every number comes from.
 */
public final class HtmlEvaluationReport {
  /** More would push the answer off a phone's screen. */
  private static final int MOST_WARNINGS = 5;

  private static final int FIRST_WARNINGS = 3;
  private static final String UNKNOWN = "unknown";

  private final EvaluationReport report;
  private final List<Row> rows;
  private final HtmlPage page = new HtmlPage();

  private HtmlEvaluationReport(EvaluationReport report) {
    this.report = report;
    this.rows = EvaluationCells.labelled(report);
  }

  /**
   * The page.
   *
   * @param report of one machine or of several
   * @return a whole HTML document
   */
  public static String of(EvaluationReport report) {
    return new HtmlEvaluationReport(report).print();
  }

  private String print() {
    String title =
        rows.size() == 1 ? rows.get(0).name() : EvaluationCells.count(report) + " compared";
    header(title);
    facts();
    new EvaluationTables(page, report).gates();
    warnings();
    new EvaluationCharts(page, report).add();
    versus();
    EvaluationTables tables = new EvaluationTables(page, report);
    tables.variants();
    tables.ladder();
    tables.latency();
    tables.accelerator();
    new EnergyTables(page, report).energy();
    LayerTables layers = new LayerTables(page, report);
    layers.kernels();
    layers.layers();
    new ProvenanceTables(page, report).provenance();
    return page.print("compress: " + title, HtmlTransformReport.style());
  }

  private void header(String title) {
    EvaluationReport.Data data = report.dataset();
    page.raw("<header>").element("h1", title);
    page.element(
        "div",
        "soft path",
        data == null
            ? "each machine on data of its own"
            : "on " + data.path() + ", " + Quantity.count(data.samples()) + " samples");
    page.raw("</header>\n");
  }

  private void facts() {
    List<Row> compared = rows.stream().filter(r -> r.vsBaseline() != null).toList();
    page.raw("<div class=\"facts\">");
    if (compared.size() == 1) {
      one(compared.get(0));
    } else {
      best("smallest", r -> (double) r.bytes(), b -> Quantity.bytes(Math.round(b)), false);
      best("fastest", EvaluationCharts::median, Quantity::millis, false);
      if (rows.stream().map(r -> metric(r.accuracy())).distinct().count() == 1) {
        EvaluationReport.Accuracy any = rows.get(0).accuracy();
        boolean higher = any == null || EvaluationCells.higherIsBetter(any.metric());
        best("most accurate", HtmlEvaluationReport::quality, this::accuracy, higher);
      }
    }
    long failed = report.gates().stream().filter(g -> !g.passed()).count();
    if (!report.gates().isEmpty()) {
      fact(
          failed == 0 ? "passed" : failed + " failed",
          failed == 0 ? "good" : "bad",
          report.gates().size() == 1 ? "the gate" : "of " + report.gates().size() + " gates");
    }
    page.raw("</div>\n");
  }

  private static @Nullable String metric(EvaluationReport.@Nullable Accuracy accuracy) {
    return accuracy == null ? null : accuracy.metric();
  }

  private static @Nullable Double quality(Row row) {
    EvaluationReport.Accuracy accuracy = row.accuracy();
    return accuracy == null ? null : (Double) accuracy.value();
  }

  private String accuracy(double value) {
    EvaluationReport.Accuracy any = rows.get(0).accuracy();
    return any != null && EvaluationCells.isRate(any.metric())
        ? Quantity.percent(value, 2)
        : EvaluationCells.number(value);
  }

  /** The tile of whichever is best; none where a value is not known. */
  private void best(
      String what,
      Function<Row, @Nullable Double> value,
      java.util.function.DoubleFunction<String> text,
      boolean higherIsBetter) {
    Comparator<Row> order = Comparator.comparingDouble(r -> Objects.requireNonNull(value.apply(r)));
    Optional<Row> found =
        rows.stream()
            .filter(r -> value.apply(r) != null)
            .min(higherIsBetter ? order.reversed() : order);
    found.ifPresent(
        r -> {
          Double best = value.apply(r);
          fact(text.apply(best == null ? Double.NaN : best), "", what + ": " + r.name());
        });
  }

  private void one(Row row) {
    VsBaseline versus = Objects.requireNonNull(row.vsBaseline());
    double ratio = versus.bytesRatio();
    fact(
        Quantity.threeDigits(ratio <= 1 ? 1 / ratio : ratio) + "×",
        ratio < 1 ? "good" : "",
        (ratio <= 1 ? "smaller: " : "larger: ") + Quantity.bytes(row.bytes()));
    Double time = versus.latencyRatio();
    if (time != null) {
      fact(
          Quantity.threeDigits(time <= 1 ? 1 / time : time) + "×",
          verdict(1, versus.latencyRatioCi95()),
          time <= 1 ? "faster, by the times in turn" : "slower, by the times in turn");
    }
    Double drop = versus.accuracyDrop();
    EvaluationReport.Accuracy accuracy = row.accuracy();
    if (drop != null && accuracy != null) {
      boolean rate = EvaluationCells.isRate(accuracy.metric());
      fact(
          EvaluationCells.signed(drop == 0 ? 0.0 : -drop) + (rate ? " points" : "%"),
          verdict(0, versus.accuracyDropCi95()),
          accuracy.metric() + ": now " + accuracy(accuracy.value()));
    }
    Double energy = versus.energyRatio();
    if (energy != null) {
      boolean steady = row.energy() == null || !Boolean.FALSE.equals(row.energy().stable());
      fact(
          Quantity.threeDigits(energy <= 1 ? 1 / energy : energy) + "×",
          steady ? verdict(1, versus.energyRatioCi95()) : "",
          (energy <= 1 ? "less" : "more")
              + " energy a sample, measured"
              + (steady ? "" : ", not steadily"));
    }
  }

  /** A colour only where the interval leaves no doubt. */
  private static String verdict(double none, @Nullable List<Double> ci95) {
    return ci95 == null ? "" : ci95.get(1) < none ? "good" : ci95.get(0) > none ? "bad" : "";
  }

  private void fact(String value, String cssClass, String text) {
    page.raw("<div class=\"fact\">").element("b", cssClass, value);
    page.element("span", "path", text).raw("</div>");
  }

  private void warnings() {
    if (!report.warnings().isEmpty()) {
      page.raw("<section class=\"warnings\">").element("h2", "Warnings").raw("<ul>");
      int shown = report.warnings().size() > MOST_WARNINGS ? FIRST_WARNINGS : MOST_WARNINGS;
      report.warnings().stream().limit(shown).forEach(w -> page.element("li", "path", w));
      page.raw("</ul>");
      if (report.warnings().size() > shown) {
        page.raw("<details><summary>").text(report.warnings().size() - shown + " more");
        page.raw("</summary><ul>");
        report.warnings().stream().skip(shown).forEach(w -> page.element("li", "path", w));
        page.raw("</ul></details>");
      }
      page.end();
    }
  }

  /** The comparison, drawn: whatever has a value and, where known, its interval. */
  private void versus() {
    List<Row> compared = rows.stream().filter(r -> r.vsBaseline() != null).toList();
    if (compared.isEmpty()) {
      return;
    }
    page.section("Against " + EvaluationCells.baseline(report)).raw("<div class=\"bars\">");
    group(compared, "Size, variant over baseline", 1, v -> v.bytesRatio(), v -> null);
    group(
        compared,
        "Time, variant over baseline, timed in turn",
        1,
        VsBaseline::latencyRatio,
        VsBaseline::latencyRatioCi95);
    group(
        compared,
        "Energy, variant over baseline, both measured",
        1,
        VsBaseline::energyRatio,
        VsBaseline::energyRatioCi95);
    for (boolean rate : new boolean[] {true, false}) {
      group(
          compared.stream()
              .filter(r -> r.accuracy() != null)
              .filter(r -> EvaluationCells.isRate(String.valueOf(metric(r.accuracy()))) == rate)
              .toList(),
          rate ? "Accuracy lost, points of 100" : "Accuracy lost, per cent of an error, or dB",
          0,
          VsBaseline::accuracyDrop,
          VsBaseline::accuracyDropCi95);
    }
    page.raw("</div>");
    page.element(
        "p",
        "soft",
        "The line is no difference; left of it is better. Bars are 95% intervals: one that"
            + " crosses the line settles nothing.");
    new EvaluationTables(page, report).versus();
    page.end();
  }

  private void group(
      List<Row> compared,
      String title,
      double none,
      Function<VsBaseline, @Nullable Double> value,
      Function<VsBaseline, @Nullable List<Double>> interval) {
    List<Double> values = new ArrayList<>();
    for (Row row : compared) {
      VsBaseline versus = Objects.requireNonNull(row.vsBaseline());
      Double known = value.apply(versus);
      if (known != null) {
        values.add(known);
        List<Double> ci95 = interval.apply(versus);
        values.addAll(ci95 == null ? List.of() : ci95);
      }
    }
    if (values.isEmpty()) {
      return;
    }
    page.element("div", "group", title);
    RatioBars bars = new RatioBars(page, none, values);
    for (Row row : compared) {
      VsBaseline versus = Objects.requireNonNull(row.vsBaseline());
      Double known = value.apply(versus);
      if (known == null) {
        page.element("div", "label", row.name()).element("div", "soft", UNKNOWN);
      } else {
        List<Double> ci95 = interval.apply(versus);
        bars.add(row.name(), known, ci95, EvaluationTables.interval(known, ci95, none == 0));
      }
    }
  }
}
