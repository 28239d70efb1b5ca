package dev.compress.evaluation.report;

import dev.compress.energy.EnergyJson;
import dev.compress.energy.EnergyReading;
import dev.compress.evaluation.EvaluationReport;
import dev.compress.evaluation.EvaluationReport.Environment;
import dev.compress.evaluation.EvaluationReport.Row;
import dev.compress.evaluation.EvaluationReport.VsBaseline;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The tables of a comparison's page: every number of the charts and more. Not thread-safe. */
final class EvaluationTables {
  private static final String UNKNOWN = "unknown";
  private static final int LAYERS_SHOWN = 12;

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
          value == null ? UNKNOWN : interval(value, gate.ci95(), gate.name().equals("max-drop")));
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
    if (fidelity.sqnrDb() != null) {
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

  void energy() {
    page.section("Energy of a sample, carbon, cost");
    Map<String, List<String>> unknown = new LinkedHashMap<>();
    List<List<String>> cells = new ArrayList<>();
    for (Row row : rows) {
      EnergyJson energy = row.energy();
      boolean known = energy != null && energy.kind() != EnergyReading.Kind.UNAVAILABLE;
      if (!known) {
        unknown.computeIfAbsent(EnergyWords.origin(energy), o -> new ArrayList<>()).add(row.name());
      }
      if (known || row.carbonG() != null || row.cost() != null) {
        cells.add(energyCells(row, energy));
      }
    }
    if (!cells.isEmpty()) {
      page.table(
          List.of(
              "variant",
              ">total",
              ">net of idle",
              ">CO₂e",
              ">cost",
              ">pays back after",
              "=where it comes from"),
          cells);
    }
    unknown.forEach(
        (why, names) ->
            page.element(
                "p",
                "soft path",
                "Unknown"
                    + (names.size() == rows.size() ? "" : " of " + String.join(", ", names))
                    + ": "
                    + why));
    page.end();
  }

  private static List<String> energyCells(Row row, @Nullable EnergyJson energy) {
    Double carbon = row.carbonG() == null ? row.carbonEstimatedG() : row.carbonG();
    Double cost = row.cost() == null ? row.costEstimated() : row.cost();
    Long even = row.breakEvenInferences();
    String mark = energy != null && energy.energyEstimatedJ() != null ? "~" : "";
    return List.of(
        row.name(),
        EnergyWords.total(energy),
        EnergyWords.net(energy),
        carbon == null ? UNKNOWN : mark + shortened(mark, Quantity.grams(carbon)),
        cost == null
            ? UNKNOWN
            : mark + (mark.isEmpty() ? EvaluationCells.number(cost) : Double.toString(cost)),
        even == null ? UNKNOWN : mark + Quantity.count(even) + " inferences",
        EnergyWords.origin(energy));
  }

  /** An estimate has two figures: zeros behind them would claim more. */
  private static String shortened(String mark, String number) {
    return mark.isEmpty()
        ? number
        : number.replaceAll("(\\.\\d*?)0+(?= )", "$1").replaceAll("\\.(?= )", "");
  }

  void kernels() {
    List<Row> known = rows.stream().filter(r -> r.kernels() != null).toList();
    if (known.isEmpty()) {
      return;
    }
    page.section("What ran in integers").raw("<div class=\"bars\">");
    for (Row row : known) {
      Double share = kernels(row).integerMacShare();
      page.element("div", "label", row.name());
      if (share == null) {
        page.element("div", "soft", "share of the multiplications unknown");
      } else {
        page.raw(
            String.format(
                Locale.ROOT,
                "<div class=\"bar\"><svg class=\"kernel\" viewBox=\"0 0 100 10\""
                    + " preserveAspectRatio=\"none\" aria-hidden=\"true\">"
                    + "<rect class=\"before\" width=\"100\" height=\"10\"/>"
                    + "<rect class=\"after\" width=\"%.2f\" height=\"10\"/></svg>",
                100 * Math.max(0, Math.min(1, share))));
        page.element("span", "value", Quantity.percent(share, 1) + " of MACs").raw("</div>");
      }
    }
    page.raw("</div>");
    List<List<String>> cells = new ArrayList<>();
    for (Row row : known) {
      cells.add(
          List.of(row.name(), counts(kernels(row).integer()), counts(kernels(row).floating())));
    }
    page.table(List.of("variant", "=kernels in integers", "=kernels in float"), cells).end();
  }

  private static EvaluationReport.Kernels kernels(Row row) {
    return Objects.requireNonNull(row.kernels());
  }

  private static String counts(Map<String, Integer> counts) {
    List<String> parts = new ArrayList<>();
    counts.entrySet().stream()
        .sorted(
            Map.Entry.<String, Integer>comparingByValue()
                .reversed()
                .thenComparing(Map.Entry.comparingByKey()))
        .forEach(e -> parts.add(e.getValue() + " " + e.getKey()));
    return parts.isEmpty() ? "none" : String.join(", ", parts);
  }

  /** What a transformation told of its layers, in the open; mere sizes behind a fold. */
  void layers() {
    Map<String, Row> files = new LinkedHashMap<>();
    rows.stream()
        .filter(row -> !row.layers().isEmpty())
        .forEach(row -> files.putIfAbsent(row.sha256(), row));
    for (Row row : files.values()) {
      if (isTold(row)) {
        page.section("Layers of " + row.name() + ", the most sensitive first");
        layers(row);
        page.end();
      }
    }
    if (files.values().stream().anyMatch(row -> !isTold(row))) {
      page.section("Where the bytes are");
      for (Row row : files.values()) {
        if (!isTold(row)) {
          page.raw("<details><summary>").text("Layers of " + row.name()).raw("</summary>");
          layers(row);
          page.raw("</details>");
        }
      }
      page.end();
    }
  }

  private static boolean isTold(Row row) {
    return row.layers().stream().anyMatch(l -> l.sqnrDb() != null);
  }

  private void layers(Row row) {
    List<EvaluationReport.Layer> sorted =
        row.layers().stream()
            .sorted(
                Comparator.comparingDouble(
                        (EvaluationReport.Layer l) ->
                            l.sqnrDb() == null ? Double.POSITIVE_INFINITY : l.sqnrDb())
                    .thenComparingLong(l -> l.bytes() == null ? 0 : -l.bytes()))
            .toList();
    double loudest =
        sorted.stream().mapToDouble(l -> l.sqnrDb() == null ? 0 : l.sqnrDb()).max().orElse(0);
    double largest =
        sorted.stream().mapToDouble(l -> l.bytes() == null ? 0 : l.bytes()).max().orElse(0);
    int shown = isTold(row) ? Math.min(LAYERS_SHOWN, sorted.size()) : sorted.size();
    layerTable(sorted.subList(0, shown), loudest, largest);
    if (shown < sorted.size()) {
      page.raw("<details><summary>").text(sorted.size() - shown + " others").raw("</summary>");
      layerTable(sorted.subList(shown, sorted.size()), loudest, largest);
      page.raw("</details>");
    }
  }

  private void layerTable(List<EvaluationReport.Layer> layers, double loudest, double largest) {
    boolean told = loudest > 0;
    page.raw("<div class=\"wide\"><table><thead><tr><th>layer</th><th>operator</th>");
    page.raw(told ? "<th>computes</th><th>signal to noise</th>" : "");
    page.raw("<th>weights in the file</th></tr></thead><tbody>");
    for (EvaluationReport.Layer layer : layers) {
      page.raw("<tr>").element("td", layer.node()).element("td", layer.op());
      if (told) {
        page.element("td", layer.scheme() == null ? "" : layer.scheme());
        Double sqnr = layer.sqnrDb();
        cell(sqnr == null ? "" : Quantity.fixed(sqnr, 1) + " dB", sqnr, loudest);
      }
      Long bytes = layer.bytes();
      cell(
          bytes == null ? "" : Quantity.bytes(bytes),
          bytes == null ? null : (Double) (double) bytes,
          largest);
      page.raw("</tr>");
    }
    page.raw("</tbody></table></div>");
  }

  private void cell(String text, @Nullable Double value, double most) {
    page.raw("<td class=\"bar-cell\">").text(text);
    if (value != null && most > 0) {
      page.raw(
          String.format(
              Locale.ROOT,
              "<svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
                  + "<rect class=\"track\" width=\"100\" height=\"10\"/>"
                  + "<rect class=\"after\" width=\"%.2f\" height=\"10\"/></svg>",
              Math.max(0.5, 100 * Math.max(0, value) / most)));
    }
    page.raw("</td>");
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
