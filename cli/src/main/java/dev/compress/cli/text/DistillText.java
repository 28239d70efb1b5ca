package dev.compress.cli.text;

import dev.compress.cli.console.Style;
import dev.compress.cli.console.Table;
import dev.compress.cli.console.Text;
import dev.compress.evaluation.report.EnergyWords;
import dev.compress.evaluation.report.Quantity;
import dev.compress.metric.Metric;
import dev.compress.report.DistillReport;
import dev.compress.report.TransformReport;
import dev.compress.train.TrainingSummary;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The report of a training as text.
 *
 * @param style of the terminal
 * @param width columns that fit
 * @param verbose whether every epoch is listed
 */
public record DistillText(Style style, int width, boolean verbose) {
  private static final int MOST_EPOCHS = 6;
  private static final String INDENT = "  ";

  /** The lines of a report. */
  public List<String> lines(DistillReport report) {
    List<String> lines = new ArrayList<>();
    DistillReport.Model output = report.output();
    lines.add(
        style.bold(
            report.student().path()
                + (output == null ? "" : " " + style.arrow() + " " + output.path())));
    lines.addAll(models(report).lines(width));
    section(lines, "epochs", epochs(report.training()));
    section(lines, "data", data(report));
    if (!report.notes().isEmpty() || !report.warnings().isEmpty()) {
      lines.add("");
      report.notes().forEach(note -> lines.addAll(Text.wrap("note: " + note, width)));
      report
          .warnings()
          .forEach(w -> lines.addAll(Text.wrap(style.warning("warning:") + " " + w, width)));
    }
    lines.add("");
    Text.wrap(footer(report), width).forEach(line -> lines.add(style.faint(line)));
    return lines;
  }

  private void section(List<String> lines, String title, Table table) {
    if (!table.isEmpty()) {
      lines.add("");
      lines.add(style.bold(title));
      lines.addAll(table.lines(width));
    }
  }

  private Table models(DistillReport report) {
    Table table = new Table(INDENT, "lrrrr");
    DistillReport.Accuracy score = report.accuracy();
    String metric = score == null ? "" : score.metric();
    table.row("", "parameters", "operations", "size", metric);
    DistillReport.Model teacher = report.teacher();
    if (teacher != null) {
      row(table, "teacher", teacher, score == null ? null : score.teacher(), metric);
    }
    row(table, "student", report.student(), score == null ? null : (Double) score.before(), metric);
    DistillReport.Model output = report.output();
    if (output != null) {
      row(table, "trained", output, score == null ? null : (Double) score.output(), metric);
    }
    return table;
  }

  private static void row(
      Table table, String name, DistillReport.Model model, @Nullable Double score, String metric) {
    Long bytes = model.bytes();
    Long macs = model.macs();
    table.row(
        name,
        Quantity.shortCount(model.parameters()),
        macs == null ? "" : Quantity.shortCount(macs) + " MACs",
        bytes == null ? "" : Quantity.bytes(bytes),
        score == null ? "" : value(score, metric));
  }

  private static String value(double value, String metric) {
    boolean rate = !metric.isEmpty() && Metric.of(metric).isRate();
    return rate ? Quantity.percent(value, 2) : Quantity.threeDigits(value);
  }

  private Table epochs(TrainingSummary training) {
    Table table = new Table(INDENT, "rrrrl");
    List<TrainingSummary.Epoch> all = training.epochs();
    if (all.isEmpty()) {
      return table;
    }
    table.row("", "loss", training.metric(), "seconds", "");
    for (TrainingSummary.Epoch epoch : all) {
      boolean best = epoch.epoch() == training.bestEpoch();
      boolean shown = verbose || best || epoch.epoch() > all.size() - MOST_EPOCHS;
      if (shown) {
        table.row(
            Integer.toString(epoch.epoch()),
            Quantity.fixed(epoch.loss(), 4),
            value(epoch.value(), training.metric()),
            Quantity.fixed(epoch.seconds(), 1),
            best ? "best, kept" : "");
      }
    }
    if (training.bestEpoch() == 0) {
      table.row("", "", "", "", "no epoch was better than the weights it began with: kept");
    }
    return table;
  }

  private static Table data(DistillReport report) {
    Table table = new Table(INDENT, "lrl");
    for (TransformReport.DataUse use : report.data()) {
      table.row(use.step(), Quantity.count(use.samples()), use.path());
    }
    return table;
  }

  private static String footer(DistillReport report) {
    TrainingSummary.Speed speed = report.training().speed();
    Double rate = speed.samplesPerSecond();
    String joules = EnergyWords.ofRun(report.energy()).orElse("");
    Long peak = report.peakRssBytes();
    return "done in "
        + Quantity.seconds(report.wallSeconds())
        + (rate == null ? "" : ", " + Quantity.count(Math.round(rate)) + " samples/s")
        + (joules.isEmpty() ? "" : ", " + joules)
        + (peak == null ? "" : ", peak memory " + Quantity.memory(peak));
  }
}
