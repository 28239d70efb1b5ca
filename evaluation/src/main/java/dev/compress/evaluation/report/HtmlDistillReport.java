package dev.compress.evaluation.report;

import dev.compress.metric.Metric;
import dev.compress.report.DistillReport;
import dev.compress.report.DistillReport.Accuracy;
import dev.compress.report.DistillReport.Model;
import dev.compress.report.TransformReport;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The report of a training as one web page, for a screen, a phone or paper. */
public final class HtmlDistillReport {
  private final DistillReport report;
  private final HtmlPage page = new HtmlPage();

  private HtmlDistillReport(DistillReport report) {
    this.report = report;
  }

  /**
   * The page.
   *
   * @param report of a training
   * @return a whole HTML document
   */
  public static String of(DistillReport report) {
    return new HtmlDistillReport(report).print();
  }

  private String print() {
    Model output = report.output();
    String name =
        HtmlPage.fileName(report.student().path())
            + (output == null ? "" : " → " + HtmlPage.fileName(output.path()));
    page.raw("<header>").element("h1", name);
    String teacher = report.teacher() == null ? "labels" : "a teacher";
    page.element(
        "div",
        "soft",
        (output == null ? "Nothing was written" : "Learned from " + teacher)
            + ", compress "
            + report.tool().version()
            + ", "
            + Quantity.seconds(report.wallSeconds()));
    page.raw("</header>\n");
    facts();
    page.warningsAndNotes(report.warnings(), report.notes());
    models();
    new TrainingSection(page, report.training(), "training").add("Course of the training");
    data();
    provenance();
    return page.print("compress distill: " + name, HtmlTransformReport.style());
  }

  private void facts() {
    page.raw("<div class=\"facts\">");
    Accuracy score = report.accuracy();
    if (score != null) {
      double gain = score.output() - score.before();
      boolean better = Metric.of(score.metric()).higherIsBetter() ? gain > 0 : gain < 0;
      page.fact(
          value(score.output(), score.metric()),
          better ? "good" : "",
          score.metric()
              + " of what was written; "
              + value(score.before(), score.metric())
              + " as it came");
      Double teacher = score.teacher();
      if (teacher != null) {
        page.fact(value(teacher, score.metric()), "", score.metric() + " of the teacher");
      }
    }
    Double best = report.training().best();
    if (best != null) {
      page.fact(
          value(best, report.training().metric()),
          "",
          report.training().metric() + " on the data that chose the epoch: flatters a little");
    }
    Model output = report.output();
    Model teacher = report.teacher();
    if (output != null && teacher != null && teacher.bytes() != null && output.bytes() != null) {
      page.fact(
          Quantity.threeDigits((double) teacher.bytes() / output.bytes()) + "×",
          "",
          "smaller than the teacher: "
              + Quantity.bytes(teacher.bytes())
              + " → "
              + Quantity.bytes(output.bytes()));
    }
    EnergyWords.ofRun(report.energy())
        .ifPresent(
            joules -> {
              int comma = joules.indexOf(" (");
              page.fact(
                  comma < 0 ? joules : joules.substring(0, comma),
                  "",
                  "energy of all this" + (comma < 0 ? "" : joules.substring(comma)));
            });
    page.raw("</div>\n");
  }

  private void models() {
    Accuracy score = report.accuracy();
    String metric = score == null ? "" : score.metric();
    List<List<String>> rows = new ArrayList<>();
    Model teacher = report.teacher();
    if (teacher != null) {
      rows.add(row("teacher", teacher, score == null ? null : score.teacher(), metric));
    }
    Double before = score == null ? null : (Double) score.before();
    rows.add(row("student as it came", report.student(), before, metric));
    Model output = report.output();
    if (output != null) {
      rows.add(row("written", output, score == null ? null : (Double) score.output(), metric));
    }
    page.section("Models");
    page.table(List.of("", "file", ">parameters", ">MACs", ">size", ">" + metric), rows);
    if (score != null) {
      page.element(
          "p",
          "soft",
          "Scored on " + Quantity.count(score.samples()) + " samples that served nothing else.");
    }
    page.end();
  }

  private static List<String> row(String name, Model model, @Nullable Double score, String metric) {
    Long macs = model.macs();
    Long bytes = model.bytes();
    return List.of(
        name,
        model.path(),
        Quantity.shortCount(model.parameters()),
        macs == null ? "" : Quantity.shortCount(macs),
        bytes == null ? "" : Quantity.bytes(bytes),
        score == null ? "" : value(score, metric));
  }

  /** Which samples learned, chose and scored. */
  private void data() {
    List<List<String>> rows = new ArrayList<>();
    for (TransformReport.DataUse use : report.data()) {
      String role =
          switch (use.step()) {
            case "training" -> "trained";
            case "selection" -> "chose the best epoch";
            case "accuracy" -> "scored, and nothing else";
            default -> use.step();
          };
      String hash = use.sha256();
      rows.add(List.of(role, use.path(), Quantity.count(use.samples()), hash == null ? "" : hash));
    }
    page.section("Data").table(List.of("what it did", "data", ">samples", "sha256"), rows).end();
  }

  private void provenance() {
    page.section("Settings and provenance").raw("<dl>");
    report.settings().forEach((key, value) -> page.term(key, String.valueOf(value)));
    model("teacher", report.teacher());
    model("student", report.student());
    model("output", report.output());
    Long memory = report.peakRssBytes();
    if (memory != null) {
      page.term("peak memory of compress", Quantity.memory(memory));
    }
    EnergyWords.ofRun(report.energy()).ifPresent(e -> page.term("energy of compress", e));
    page.term("made by", "compress " + report.tool().version());
    page.term("ONNX Runtime", report.tool().onnxruntime());
    page.raw("</dl>").end();
  }

  private void model(String name, @Nullable Model model) {
    if (model != null) {
      page.term(name, model.path());
      String hash = model.sha256();
      if (hash != null) {
        page.term(name + " sha256", hash);
      }
    }
  }

  private static String value(double value, String metric) {
    return !metric.isEmpty() && Metric.of(metric).isRate()
        ? Quantity.percent(value, 2)
        : Quantity.threeDigits(value);
  }
}
