package dev.compress.evaluation.report;

import dev.compress.metric.Metric;
import dev.compress.report.TransformReport;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The report of a transformation as one web page, for a screen, a phone or paper. */
public final class HtmlTransformReport {
  private static final double BAR_UNITS = 100;
  private static final int LAYERS_SHOWN = 15;

  private final TransformReport report;
  private final HtmlPage page = new HtmlPage();

  private HtmlTransformReport(TransformReport report) {
    this.report = report;
  }

  /**
   * The page.
   *
   * @param report of a transformation, or of a plan
   * @return a whole HTML document
   */
  public static String of(TransformReport report) {
    return new HtmlTransformReport(report).print();
  }

  private String print() {
    String name = HtmlPage.fileName(report.input().path());
    header(name);
    facts();
    page.warningsAndNotes(report.warnings(), report.notes());
    sizesAndSpeed();
    kernels();
    layers();
    trainings();
    new StoredWeightsTable(page, report.weights()).add();
    passes();
    skipped();
    provenance();
    return page.print("compress: " + name, style());
  }

  private void header(String name) {
    TransformReport.Output output = report.output();
    page.raw("<header>");
    page.element("h1", output == null ? name : name + " → " + HtmlPage.fileName(output.path()));
    Object format = report.recipe().get("quantize");
    String what = format == null ? "prepared" : "quantized to " + format;
    page.element(
        "div",
        "soft",
        (output == null ? "A plan or a failed attempt; nothing was written" : capital(what))
            + " by compress "
            + report.tool().version()
            + " in "
            + Quantity.seconds(report.wallSeconds()));
    page.raw("</header>\n");
  }

  private void facts() {
    page.raw("<div class=\"facts\">");
    TransformReport.Output output = report.output();
    if (output != null) {
      page.fact(
          Quantity.threeDigits(output.ratio()) + "×",
          output.ratio() > 1 ? "good" : "",
          "smaller: "
              + Quantity.bytes(report.input().bytes())
              + " → "
              + Quantity.bytes(output.bytes()));
    }
    TransformReport.Speed speed = report.speed();
    if (speed != null) {
      page.fact(
          Quantity.threeDigits(1 / speed.ratio()) + "×",
          speed.ratio() < 1 ? "good" : "bad",
          "as fast: "
              + Quantity.millis(speed.inputMs())
              + " → "
              + Quantity.millis(speed.outputMs()));
    }
    TransformReport.Accuracy accuracy = report.accuracy();
    if (accuracy != null) {
      boolean rate = Metric.of(accuracy.metric()).isRate();
      page.fact(
          Quantity.fixed(accuracy.drop(), 2) + (rate ? " points" : "%"),
          accuracy.drop() > 0 ? "" : "good",
          "lost in "
              + accuracy.metric()
              + ": "
              + score(accuracy.input(), rate)
              + " → "
              + score(accuracy.output(), rate));
    }
    Double share = report.integerMacShare();
    if (share != null) {
      page.fact(Quantity.percent(share, 1), "", "of the multiplications run in integers");
    }
    TransformReport.Fidelity fidelity = report.fidelity();
    if (fidelity != null) {
      Double sqnr = fidelity.sqnrDb();
      page.fact(
          sqnr == null ? "exact" : Quantity.fixed(sqnr, 1) + " dB",
          "",
          "signal to noise of the outputs, cosine " + Quantity.fixed(fidelity.cosine(), 5));
    }
    page.raw("</div>\n");
  }

  private void sizesAndSpeed() {
    TransformReport.Output output = report.output();
    if (output == null) {
      return;
    }
    page.section("Before and after").raw("<div class=\"bars\">");
    double largest = Math.max(report.input().bytes(), output.bytes());
    group("Size");
    bar(
        "input",
        "before",
        report.input().bytes() / largest,
        Quantity.bytes(report.input().bytes()));
    bar("output", "after", output.bytes() / largest, Quantity.bytes(output.bytes()));
    if (output.bytesZipped() != null) {
      bar("zipped", "after", output.bytesZipped() / largest, Quantity.bytes(output.bytesZipped()));
    }
    TransformReport.Speed speed = report.speed();
    if (speed != null) {
      double longest = Math.max(speed.inputMs(), speed.outputMs());
      String threads = speed.threads() == 1 ? "one thread" : speed.threads() + " threads";
      group("Latency of one sample, " + threads);
      bar("input", "before", speed.inputMs() / longest, Quantity.millis(speed.inputMs()));
      bar("output", "after", speed.outputMs() / longest, Quantity.millis(speed.outputMs()));
    }
    page.raw("</div>");
    if (speed != null && speed.ratioCi95().size() == 2) {
      page.element(
          "p",
          "soft",
          "Output over input "
              + Quantity.fixed(speed.ratio(), 3)
              + ", 95% interval "
              + Quantity.fixed(speed.ratioCi95().get(0), 3)
              + " to "
              + Quantity.fixed(speed.ratioCi95().get(1), 3)
              + "; both timed in turn.");
    }
    page.end();
  }

  private void group(String title) {
    page.element("div", "group", title);
  }

  private void bar(String label, String cssClass, double share, String value) {
    page.element("div", "label", label);
    page.raw("<div class=\"bar\">" + svg(share, cssClass)).element("span", "value", value);
    page.raw("</div>");
  }

  private static String svg(double share, String cssClass) {
    double width = Math.max(0.5, Math.min(BAR_UNITS, share * BAR_UNITS));
    return String.format(
        Locale.ROOT,
        "<svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
            + "<rect class=\"track\" width=\"100\" height=\"10\"/>"
            + "<rect class=\"%s\" width=\"%.2f\" height=\"10\"/></svg>",
        cssClass,
        width);
  }

  private void kernels() {
    TransformReport.Kernels kernels = report.kernels();
    if (kernels == null) {
      return;
    }
    page.section("Kernels that ONNX Runtime runs");
    Double share = report.integerMacShare();
    if (share != null) {
      page.raw("<div class=\"bars\">");
      bar("in integers", "after", share, Quantity.percent(share, 1) + " of MACs");
      page.raw("</div>");
    }
    List<String> ops = new ArrayList<>(kernels.integer().keySet());
    kernels.floating().keySet().stream().filter(op -> !ops.contains(op)).forEach(ops::add);
    ops.sort(
        Comparator.comparingInt(
                (String op) ->
                    -kernels.integer().getOrDefault(op, 0) - kernels.floating().getOrDefault(op, 0))
            .thenComparing(Comparator.naturalOrder()));
    List<List<String>> rows = new ArrayList<>();
    for (String op : ops) {
      rows.add(List.of(op, count(kernels.integer(), op), count(kernels.floating(), op)));
    }
    page.table(List.of("operator", ">integer", ">float"), rows);
    if (!kernels.unplannedFloat().isEmpty()) {
      page.element(
          "p",
          "bad",
          "Planned as integer, run in float: " + String.join(", ", kernels.unplannedFloat()));
    }
    page.end();
  }

  private static String count(Map<String, Integer> counts, String op) {
    Integer count = counts.get(op);
    return count == null ? "" : count.toString();
  }

  private void layers() {
    if (report.layers().isEmpty()) {
      return;
    }
    double best =
        report.layers().stream()
            .map(TransformReport.Layer::sqnrDb)
            .filter(Objects::nonNull)
            .mapToDouble(Double::doubleValue)
            .max()
            .orElse(0);
    boolean ranges = report.layers().stream().anyMatch(l -> l.range() != null);
    List<TransformReport.Layer> sorted =
        report.layers().stream()
            .sorted(Comparator.comparingDouble(l -> decibels(l.sqnrDb())))
            .toList();
    int shown = Math.min(LAYERS_SHOWN, sorted.size());
    page.section(best > 0 ? "Layers, the most sensitive first" : "Layers");
    layerTable(sorted.subList(0, shown), best, ranges);
    if (shown < sorted.size()) {
      int others = sorted.size() - shown;
      page.raw("<details><summary>").text(others + " others").raw("</summary>");
      layerTable(sorted.subList(shown, sorted.size()), best, ranges);
      page.raw("</details>");
    }
    page.end();
  }

  private void layerTable(List<TransformReport.Layer> layers, double best, boolean ranges) {
    page.raw("<div class=\"wide\"><table><thead><tr><th>layer</th><th>operator</th>")
        .raw("<th>computes</th>")
        .raw(best > 0 ? "<th>signal to noise</th>" : "")
        .raw(ranges ? "<th>range</th>" : "")
        .raw("</tr></thead><tbody>");
    layers.forEach(layer -> layerRow(layer, best, ranges));
    page.raw("</tbody></table></div>");
  }

  private void layerRow(TransformReport.Layer layer, double best, boolean ranges) {
    page.raw("<tr>").element("td", layer.node()).element("td", layer.op());
    page.element("td", layer.scheme());
    Double sqnr = layer.sqnrDb();
    if (sqnr != null) {
      page.raw("<td class=\"bar-cell\">").text(Quantity.fixed(sqnr, 1) + " dB");
      page.raw(svg(best > 0 ? sqnr / best : 0, "after")).raw("</td>");
    } else if (best > 0) {
      page.raw("<td></td>");
    }
    if (ranges) {
      page.element("td", layer.range() == null ? "" : layer.range());
    }
    page.raw("</tr>");
  }

  private static double decibels(@Nullable Double sqnr) {
    return sqnr == null ? Double.POSITIVE_INFINITY : sqnr;
  }

  private void trainings() {
    int number = 0;
    for (TransformReport.Training one : report.trainings()) {
      number++;
      String name = number + ": " + one.name();
      new TrainingSection(page, one.summary(), "training-" + number).add("Training " + name);
    }
  }

  private void passes() {
    List<List<String>> rows = new ArrayList<>();
    List<List<String>> changes = new ArrayList<>();
    int idle = 0;
    for (TransformReport.Pass pass : report.passes()) {
      if (pass.changed().isEmpty() && pass.skipped().isEmpty()) {
        idle++;
        continue;
      }
      rows.add(
          List.of(
              pass.name(),
              Integer.toString(pass.changed().size()),
              Integer.toString(pass.skipped().size()),
              Quantity.seconds(pass.seconds())));
      pass.changed().forEach(c -> changes.add(List.of(c.node(), c.op(), pass.name(), c.what())));
    }
    page.section("Passes").table(List.of("pass", ">changed", ">left", ">time"), rows);
    if (idle > 0) {
      page.element("p", "soft", "Nothing to do for " + idle + (idle == 1 ? " pass." : " passes."));
    }
    if (!changes.isEmpty()) {
      page.raw("<details><summary>").text("All " + changes.size() + " changes").raw("</summary>");
      page.table(List.of("node", "operator", "pass", "what"), changes).raw("</details>");
    }
    page.end();
  }

  private void skipped() {
    List<SkippedGroups.Group> groups = SkippedGroups.of(report.passes());
    if (groups.isEmpty()) {
      return;
    }
    List<List<String>> rows = new ArrayList<>();
    groups.forEach(g -> rows.add(List.of(g.op(), Integer.toString(g.count()), g.reason())));
    page.section("Left as they are").table(List.of("operator", ">nodes", "why"), rows);
    List<List<String>> all = new ArrayList<>();
    report
        .passes()
        .forEach(p -> p.skipped().forEach(s -> all.add(List.of(s.node(), s.op(), s.explained()))));
    page.raw("<details><summary>").text("All " + all.size() + " nodes").raw("</summary>");
    page.table(List.of("node", "operator", "why"), all).raw("</details>").end();
  }

  private void provenance() {
    page.section("Recipe and provenance").raw("<dl>");
    report.recipe().forEach((key, value) -> page.term(key, String.valueOf(value)));
    page.term("input", report.input().path());
    page.term("input sha256", report.input().sha256());
    page.term("parameters", Quantity.count(report.input().parameters()));
    TransformReport.Output output = report.output();
    if (output != null) {
      page.term("output", output.path());
      page.term("output sha256", output.sha256());
    }
    for (TransformReport.DataUse use : report.data()) {
      String hash = use.sha256() == null ? "" : ", sha256 " + use.sha256();
      page.term(use.step() + " data", use.path() + ", " + use.samples() + " samples" + hash);
    }
    TransformReport.Fidelity fidelity = report.fidelity();
    if (fidelity != null) {
      String agreement =
          fidelity.agreement() == null
              ? ""
              : "agreement " + Quantity.percent(fidelity.agreement(), 1) + ", ";
      page.term(
          "outputs compared",
          agreement + Quantity.count(fidelity.samples()) + " samples: " + fidelity.source());
    }
    Double sparsity = report.sparsity();
    if (sparsity != null) {
      page.term("zeros among the weights", Quantity.percent(sparsity, 1));
    }
    Double bits = report.bitsPerWeight();
    if (bits != null) {
      page.term("bits a weight", Quantity.threeDigits(bits));
    }
    Double load = report.loadMs();
    if (load != null) {
      page.term("load time", Quantity.millis(load));
    }
    Long loadPeak = report.loadPeakBytes();
    if (loadPeak != null) {
      page.term("peak memory of loading", Quantity.memory(loadPeak));
    }
    Long memory = report.peakRssBytes();
    if (memory != null) {
      page.term("peak memory of compress", Quantity.memory(memory));
    }
    EnergyWords.ofRun(report.energy()).ifPresent(e -> page.term("energy of compress", e));
    page.term("made by", "compress " + report.tool().version());
    page.term("ONNX Runtime", report.tool().onnxruntime());
    page.raw("</dl>").end();
  }

  private static String score(double value, boolean rate) {
    return rate ? Quantity.percent(value, 2) : Quantity.threeDigits(value);
  }

  private static String capital(String text) {
    return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
  }

  static String style() {
    try (InputStream in = HtmlTransformReport.class.getResourceAsStream("report.css")) {
      return new String(
          Objects.requireNonNull(in, "report.css").readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
