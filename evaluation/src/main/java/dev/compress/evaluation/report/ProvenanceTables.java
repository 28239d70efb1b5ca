package dev.compress.evaluation.report;

import dev.compress.energy.EnergyJson;
import dev.compress.evaluation.EvaluationReport;
import dev.compress.evaluation.EvaluationReport.Environment;
import dev.compress.evaluation.EvaluationReport.Row;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where a page's numbers come from. Not thread-safe. */
final class ProvenanceTables {
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
  ProvenanceTables(HtmlPage page, EvaluationReport report) {
    this.page = page;
    this.report = report;
    this.rows = EvaluationCells.labelled(report);
  }

  void provenance() {
    page.section("Where the numbers come from").raw("<dl>");
    methods();
    page.raw("</dl>").end();
    if (report.hosts().isEmpty()) {
      machine("Machine", report.environment(), null);
    } else {
      report.hosts().forEach(h -> machine("Machine " + h.host(), h.environment(), h.dataset()));
    }
    page.section("Files");
    List<List<String>> cells = new ArrayList<>();
    rows.forEach(
        r ->
            cells.add(
                List.of(r.name(), r.path(), Quantity.count(r.bytes()) + " bytes", r.sha256())));
    page.table(List.of("variant", "=file", ">size", "sha256"), cells);
    EvaluationReport.Data data = report.dataset();
    if (data != null) {
      page.element("p", "soft path", "Data: " + data.path() + ", sha256 " + data.sha256());
    }
    page.end();
  }

  private void methods() {
    term(
        "accuracy",
        "each sample once, in the model's own outputs. Intervals: Wilson's for proportions, the"
            + " bootstrap for F1; of the difference, from the pairs of the same sample.");
    term(
        "latency",
        "each variant alone in a process of its own, in windows by turns after a warm-up. p50, p90"
            + " and p99 are of all runs; the interval of p50 is Student's, by the medians of the"
            + " windows, widened for the rule that ends the measurement.");
    term(
        "time ×",
        "the mean logarithm of the ratio of two medians in one round; so what slows the machine for"
            + " a while slows both.");
    term("memory", "the peak of the variant's own process, the Java machine's share included.");
    for (Row row : rows) {
      EvaluationReport.Accelerator gpu = row.accelerator();
      if (gpu != null) {
        term("GPU of " + row.name(), EvaluationCells.provenance(gpu));
      }
      EnergyJson energy = row.energy();
      if (energy != null) {
        term("energy of " + row.name(), energy(energy));
      }
    }
  }

  private static String energy(EnergyJson energy) {
    List<String> parts = new ArrayList<>();
    parts.add(EnergyWords.origin(energy));
    add(parts, "", energy.scope());
    if (energy.windows() != null) {
      parts.add(
          energy.windows()
              + " windows"
              + (energy.windowS() == null ? "" : " of " + Quantity.seconds(energy.windowS()))
              + (energy.windowsRejected() == null || energy.windowsRejected() == 0
                  ? ""
                  : ", " + energy.windowsRejected() + " disturbed ones repeated"));
    }
    add(parts, "inferences ", energy.inferences());
    if (energy.idleW() != null) {
      parts.add("idle " + Quantity.threeDigits(energy.idleW()) + " W");
    }
    if (energy.updatePeriodS() != null) {
      parts.add("sensor changes every " + Quantity.millis(energy.updatePeriodS() * 1000));
    }
    if (energy.quantumJ() != null) {
      parts.add("by steps of " + Quantity.joules(energy.quantumJ()));
    }
    if (Boolean.FALSE.equals(energy.stable())) {
      parts.add("UNSTABLE: the interval is wider than asked for");
    }
    parts.addAll(energy.warnings());
    return String.join(" · ", parts);
  }

  private static void add(List<String> parts, String before, @Nullable Object value) {
    if (value != null) {
      parts.add(before + value);
    }
  }

  private void machine(
      String title, @Nullable Environment at, EvaluationReport.@Nullable Data data) {
    page.section(title).raw("<dl>");
    if (at == null) {
      term("environment", UNKNOWN);
    } else {
      term("processor", at.cpu() + ", " + at.cores() + " logical cores");
      term("memory", at.memoryBytes() == null ? UNKNOWN : Quantity.memory(at.memoryBytes()));
      term("system", at.os());
      term("Java", at.java());
      term("ONNX Runtime", at.onnxruntime());
      term(
          "settings",
          at.threads() + (at.threads() == 1 ? " thread" : " threads") + ", batch " + at.batch());
      EnergyCells.rates(at.rates()).ifPresent(rates -> term("carbon and cost", rates));
      term("compress", at.version() == null ? UNKNOWN : at.version());
    }
    if (data != null) {
      term("data", data.path() + ", " + Quantity.count(data.samples()) + " samples");
      term("data sha256", data.sha256());
    }
    page.raw("</dl>").end();
  }

  private void term(String name, String value) {
    page.element("dt", "path", name).element("dd", value);
  }
}
