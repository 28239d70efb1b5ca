package dev.compress.evaluation.report;

import dev.compress.evaluation.EvaluationReport;
import dev.compress.evaluation.EvaluationReport.Row;
import dev.compress.evaluation.EvaluationReport.VsBaseline;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The tables of a comparison's page: what was compared and timed. Not thread-safe. */
final class EvaluationTables {
  private static final String UNKNOWN = "unknown";

  private final HtmlPage page;
  private final EvaluationReport report;
  private final List<Row> rows;

  /**
   * For a page.
   *
   * @param page to add to
   * @param report what was measured
   */
  EvaluationTables(HtmlPage page, EvaluationReport report) {
    this.page = page;
    this.report = report;
    this.rows = EvaluationCells.labelled(report);
  }

  /** A number with its interval. */
  static String interval(double value, @Nullable List<Double> ci95, boolean signed) {
    String format = signed ? "%+.2f" : "%.3f";
    String text = String.format(Locale.ROOT, format, value == 0 ? 0.0 : value);
    return ci95 == null
        ? text
        : text
            + String.format(
                Locale.ROOT, " (" + format + " to " + format + ")", ci95.get(0), ci95.get(1));
  }

  void gates() {
    if (report.gates().isEmpty()) {
      return;
    }
    page.section("Gates").raw("<div class=\"wide\"><table><thead><tr><th>result</th>");
    page.raw("<th>gate</th><th>variant</th><th class=\"n\">value (95% interval)</th>");
    page.raw("<th class=\"n\">limit</th></tr></thead><tbody>");
    for (EvaluationReport.Gate gate : report.gates()) {
      Double value = gate.value();
      page.raw("<tr>");
      page.element(
          "td",
          gate.passed() ? (gate.certain() ? "good" : "") : "bad",
          gate.passed() ? (gate.certain() ? "passed" : "passed, not certain") : "failed");
      page.element("td", gate.name()).element("td", gate.variant());
      page.element(
          "td",
          "n",
          value == null
              ? UNKNOWN + ": " + gate.reason()
              : interval(value, gate.ci95(), gate.name().equals("max-drop")));
      page.element("td", "n", EvaluationCells.number(gate.limit())).raw("</tr>");
    }
    page.raw("</tbody></table></div>").end();
  }

  void versus() {
    List<List<String>> cells = new ArrayList<>();
    for (Row row : rows) {
      VsBaseline versus = row.vsBaseline();
      if (versus != null) {
        EvaluationReport.Fidelity fidelity = row.fidelity();
        Double drop = versus.accuracyDrop();
        cells.add(
            List.of(
                row.name(),
                Quantity.fixed(versus.bytesRatio(), 3),
                ratio(versus.latencyRatio(), versus.latencyRatioCi95()),
                ratio(versus.energyRatio(), versus.energyRatioCi95()),
                drop == null ? UNKNOWN : interval(drop, versus.accuracyDropCi95(), true),
                fidelity == null ? UNKNOWN : fidelity(fidelity)));
      }
    }
    page.table(
        List.of("variant", ">size ×", ">time ×", ">energy ×", ">accuracy lost", "=its outputs"),
        cells);
  }

  private static String ratio(@Nullable Double ratio, @Nullable List<Double> ci95) {
    return ratio == null ? UNKNOWN : interval(ratio, ci95, false);
  }

  private static String fidelity(EvaluationReport.Fidelity fidelity) {
    List<String> parts = new ArrayList<>();
    if (EvaluationCells.isExact(fidelity)) {
      parts.add("exact");
    } else if (fidelity.sqnrDb() != null) {
      parts.add("SQNR " + Quantity.fixed(fidelity.sqnrDb(), 1) + " dB");
    }
    if (fidelity.agreement() != null) {
      parts.add(Quantity.percent(fidelity.agreement(), 2) + " agree");
    }
    if (fidelity.cosine() != null) {
      parts.add("cosine " + Quantity.fixed(fidelity.cosine(), 5));
    }
    return parts.isEmpty() ? UNKNOWN : String.join(", ", parts);
  }

  void variants() {
    page.section("Variants");
    List<List<String>> cells = new ArrayList<>();
    for (Row row : rows) {
      Double median = EvaluationCharts.median(row);
      cells.add(
          List.of(
              row.name(),
              Quantity.bytes(row.bytes()),
              row.accuracy() == null ? UNKNOWN : accuracy(row.accuracy()),
              median == null ? UNKNOWN : Quantity.millis(median),
              row.energy() == null ? UNKNOWN : EnergyWords.total(row.energy())));
    }
    page.table(
        List.of("variant", ">size", ">accuracy (95% interval)", ">median", ">energy a sample"),
        cells);
    for (Row row : rows) {
      if (row.error() != null) {
        page.element("p", "bad path", row.name() + " ended early: " + row.error());
      }
    }
    page.end();
  }

  private static String accuracy(EvaluationReport.Accuracy accuracy) {
    boolean rate = EvaluationCells.isRate(accuracy.metric());
    List<Double> ci95 = accuracy.ci95();
    String value =
        rate ? Quantity.percent(accuracy.value(), 2) : EvaluationCells.number(accuracy.value());
    String ends =
        ci95 == null
            ? ""
            : rate
                ? String.format(
                    Locale.ROOT, " (%.2f to %.2f)", 100 * ci95.get(0), 100 * ci95.get(1))
                : " ("
                    + EvaluationCells.number(ci95.get(0))
                    + " to "
                    + EvaluationCells.number(ci95.get(1))
                    + ")";
    return value + ends + " " + accuracy.metric();
  }

  /** What pruning, clustering, quantizing and packing left in the files. */
  void ladder() {
    if (!LadderCells.anyIn(report)) {
      return;
    }
    page.section("Weights, measured in the files");
    List<String> heads = new ArrayList<>();
    for (String heading : LadderCells.HEADINGS) {
      heads.add((heads.isEmpty() ? "" : heads.size() == 1 ? "=" : ">") + heading);
    }
    page.table(heads, rows.stream().map(LadderCells::of).toList());
    page.element(
        "p",
        "soft",
        "Zeros and values are counted in the file's weights in their dense form, values as the most"
            + " in one weight, but for the tensors that are named; steps are told by the reports"
            + " of the transformations where those are found, else by the model's metadata, which"
            + " know the last one only. Zeros and few values make a file smaller, not a model faster.");
    page.end();
  }

  /** What ran on a GPU, and what did not. */
  void accelerator() {
    List<Row> accelerated = EvaluationCells.accelerated(report);
    if (accelerated.isEmpty()) {
      return;
    }
    page.section("On the GPU");
    page.table(
        List.of(
            "variant",
            ">median with copies",
            ">median held there",
            "=nodes on the processor",
            ">copies inside"),
        accelerated.stream().map(EvaluationCells::accelerator).toList());
    page.element(
        "p",
        "soft",
        "With copies: inputs come from the processor's memory and outputs go back there. Held there:"
            + " both stay on the GPU.");
    page.end();
  }

  void latency() {
    page.section("Latency of a run, throughput, load, memory");
    List<List<String>> cells = new ArrayList<>();
    for (Row row : rows) {
      EvaluationReport.LatencyMs ms = row.latencyMs();
      List<Double> ci95 = ms == null ? null : ms.p50Ci95();
      Double throughput = row.throughputPerSecond();
      Double load = row.loadMs();
      Long memory = row.peakRssBytes();
      cells.add(
          List.of(
              row.name(),
              ms == null ? UNKNOWN : Quantity.millis(ms.p50()),
              ci95 == null
                  ? UNKNOWN
                  : Quantity.millis(ci95.get(0)) + " to " + Quantity.millis(ci95.get(1)),
              ms == null ? UNKNOWN : Quantity.millis(ms.mean()),
              ms == null ? UNKNOWN : Quantity.millis(ms.p90()),
              ms == null ? UNKNOWN : Quantity.millis(ms.p99()),
              ms == null ? UNKNOWN : Quantity.count(ms.samples()),
              throughput == null ? UNKNOWN : Quantity.threeDigits(throughput),
              load == null ? UNKNOWN : Quantity.millis(load),
              memory == null ? UNKNOWN : Quantity.memory(memory)));
    }
    page.table(
        List.of(
            "variant",
            ">p50",
            ">its 95% interval",
            ">mean",
            ">p90",
            ">p99",
            ">runs",
            ">samples/s",
            ">load",
            ">peak memory"),
        cells);
    page.end();
  }
}
