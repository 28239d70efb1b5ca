package dev.compress.cli.text;

import dev.compress.cli.console.Style;
import dev.compress.cli.console.Table;
import dev.compress.cli.console.Text;
import dev.compress.energy.RunEnergy;
import dev.compress.evaluation.report.EnergyWords;
import dev.compress.evaluation.report.Quantity;
import dev.compress.evaluation.report.SkippedGroups;
import dev.compress.metric.Metric;
import dev.compress.report.TransformReport;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The report of a transformation as text.
 *
 * @param style of the terminal
 * @param width columns that fit
 * @param verbose whether every node is listed
 */
public record TransformText(Style style, int width, boolean verbose) {
  private static final int WORST_LAYERS = 3;
  private static final int SHA_DIGITS = 12;

  /** More would fill the screen with what matters least. */
  private static final int MOST_REASONS = 10;

  private static final int LONGEST_REASON = 100;
  private static final String INDENT = "  ";

  /**
   * The lines of a report.
   *
   * @param report with an output, or without one where it is a plan
   */
  public List<String> lines(TransformReport report) {
    List<String> lines = new ArrayList<>();
    TransformReport.Output output = report.output();
    String title =
        output == null
            ? report.input().path()
            : report.input().path() + " " + style.arrow() + " " + output.path();
    lines.add(style.bold(title));
    lines.addAll(summary(report).lines(width));
    addSection(lines, "kernels", kernels(report));
    addSection(lines, verbose ? "layers" : "most sensitive layers", layers(report));
    addSection(lines, "passes", passes(report));
    addSection(lines, "left as they are", skipped(report));
    if (!report.notes().isEmpty() || !report.warnings().isEmpty()) {
      lines.add("");
      report.notes().forEach(note -> addWrapped(lines, "note: " + note));
      for (String warning : report.warnings()) {
        addWrapped(lines, style.warning("warning:") + " " + warning);
      }
    }
    lines.add("");
    Text.wrap(footer(report), width).forEach(line -> lines.add(style.faint(line)));
    return lines;
  }

  private void addSection(List<String> lines, String title, Table table) {
    if (!table.isEmpty()) {
      lines.add("");
      lines.add(style.bold(title));
      lines.addAll(table.lines(width));
    }
  }

  private void addWrapped(List<String> lines, String text) {
    boolean first = true;
    for (String line : Text.wrap(text, width - INDENT.length())) {
      lines.add(first ? line : INDENT + line);
      first = false;
    }
  }

  private Table summary(TransformReport report) {
    Table table = new Table(INDENT, "lrrl");
    TransformReport.Input input = report.input();
    TransformReport.Output output = report.output();
    String before = Quantity.bytes(input.bytes());
    if (output == null) {
      table.row("size", before, "", "");
    } else {
      table.row("size", before, Quantity.bytes(output.bytes()), size(output));
    }
    TransformReport.Speed speed = report.speed();
    if (speed != null) {
      table.row(
          "latency",
          Quantity.millis(speed.inputMs()),
          Quantity.millis(speed.outputMs()),
          speed(speed));
    }
    TransformReport.Accuracy accuracy = report.accuracy();
    if (accuracy != null) {
      boolean rate = Metric.of(accuracy.metric()).isRate();
      table.row(
          accuracy.metric(),
          score(accuracy.input(), rate),
          score(accuracy.output(), rate),
          drop(accuracy, rate));
    }
    if (report.loadMs() != null) {
      Long peak = report.loadPeakBytes();
      String memory =
          peak == null ? "" : "with " + Quantity.memory(peak) + " of memory at its peak";
      table.row("load", "", Quantity.millis(report.loadMs()), memory);
    }
    addFacts(table, report);
    return table;
  }

  private void addFacts(Table table, TransformReport report) {
    TransformReport.Fidelity fidelity = report.fidelity();
    if (fidelity != null) {
      String sqnr =
          fidelity.sqnrDb() == null ? "exact" : Quantity.fixed(fidelity.sqnrDb(), 1) + " dB";
      table.row(
          "fidelity",
          "",
          sqnr,
          "SQNR; cosine "
              + Quantity.fixed(fidelity.cosine(), 5)
              + (fidelity.agreement() == null
                  ? ""
                  : ", agreement " + Quantity.percent(fidelity.agreement(), 1))
              + " on "
              + Quantity.count(fidelity.samples())
              + " samples ("
              + fidelity.source()
              + ")");
    }
    Double share = report.integerMacShare();
    if (share != null) {
      table.row(
          "integer", "", Quantity.percent(share, 1), "of the multiplications run in integers");
    }
    String parameters = Quantity.shortCount(report.input().parameters());
    Double bits = report.bitsPerWeight();
    table.row(
        "weights",
        parameters,
        bits == null ? "" : Quantity.threeDigits(bits) + " bits",
        bits == null ? "" : "each on average");
  }

  private String size(TransformReport.Output output) {
    double ratio = output.ratio();
    String text =
        ratio >= 1.005
            ? style.good(Quantity.threeDigits(ratio) + style.times() + " smaller")
            : ratio > 0.995 ? "the same" : style.bad(larger(ratio));
    return output.bytesZipped() == null
        ? text
        : text + " (" + Quantity.bytes(output.bytesZipped()) + " zipped)";
  }

  private String larger(double ratio) {
    return Quantity.threeDigits(1 / ratio) + style.times() + " larger";
  }

  private String speed(TransformReport.Speed speed) {
    List<Double> interval = speed.ratioCi95();
    boolean faster = interval.size() == 2 && interval.get(1) < 1;
    boolean slower = interval.size() == 2 && interval.get(0) > 1;
    String threads = speed.threads() == 1 ? "1 thread" : speed.threads() + " threads";
    String rounded = Quantity.threeDigits(faster ? 1 / speed.ratio() : speed.ratio());
    if ((!faster && !slower) || rounded.equals("1.00")) {
      return "as fast, " + threads;
    }
    String factor = rounded + style.times();
    String range =
        faster
            ? between(1 / interval.get(1), 1 / interval.get(0))
            : between(interval.get(0), interval.get(1));
    String text = factor + (faster ? " faster" : " slower");
    return (faster ? style.good(text) : style.bad(text)) + " (" + range + "), " + threads;
  }

  private static String between(double low, double high) {
    return Quantity.threeDigits(low) + " to " + Quantity.threeDigits(high);
  }

  private static String score(double value, boolean rate) {
    return rate ? Quantity.percent(value, 2) : Quantity.threeDigits(value);
  }

  private static String drop(TransformReport.Accuracy accuracy, boolean rate) {
    String unit = rate ? " points" : "%";
    double drop = accuracy.drop();
    String change =
        Math.abs(drop) < 0.005
            ? "no change"
            : Quantity.fixed(Math.abs(drop), 2) + unit + (drop > 0 ? " lost" : " gained");
    return change + ", " + Quantity.count(accuracy.samples()) + " samples";
  }

  private Table kernels(TransformReport report) {
    Table table = new Table(INDENT, "ll");
    TransformReport.Kernels kernels = report.kernels();
    if (kernels != null) {
      table.row("integer", KernelCounts.text(kernels.integer(), style));
      table.row("float", KernelCounts.text(kernels.floating(), style));
      if (!kernels.unplannedFloat().isEmpty()) {
        table.row(
            style.warning("not as planned"),
            "float instead of integer: " + String.join(", ", kernels.unplannedFloat()));
      }
    }
    return table;
  }

  private Table layers(TransformReport report) {
    Table table = new Table(INDENT, "lrlll");
    List<TransformReport.Layer> sorted =
        report.layers().stream()
            .filter(layer -> verbose || layer.sqnrDb() != null)
            .sorted(
                Comparator.comparingDouble(
                    layer -> layer.sqnrDb() == null ? Double.MAX_VALUE : layer.sqnrDb()))
            .toList();
    for (TransformReport.Layer layer :
        verbose ? sorted : sorted.subList(0, Math.min(WORST_LAYERS, sorted.size()))) {
      String sqnr =
          layer.sqnrDb() == null ? style.none() : Quantity.fixed(layer.sqnrDb(), 1) + " dB";
      String range = layer.range() == null ? "" : layer.range();
      table.row(name(layer.node()), sqnr, layer.op(), layer.scheme(), range);
    }
    return table;
  }

  private Table passes(TransformReport report) {
    Table table = new Table(INDENT, "lrrrl");
    boolean plan = report.output() == null;
    for (TransformReport.Pass pass : report.passes()) {
      if (!verbose && pass.changed().isEmpty() && pass.skipped().isEmpty()) {
        continue;
      }
      table.row(
          pass.name(),
          pass.changed().size() + (plan ? " to change" : " changed"),
          pass.skipped().isEmpty() ? "" : pass.skipped().size() + " left",
          plan ? "" : Quantity.seconds(pass.seconds()));
      if (verbose) {
        pass.changed()
            .forEach(c -> table.row(INDENT + name(c.node()), "", "", "", c.op() + ": " + c.what()));
      }
    }
    return table;
  }

  private Table skipped(TransformReport report) {
    Table table = new Table(INDENT, verbose ? "lll" : "rll");
    if (verbose) {
      report
          .passes()
          .forEach(p -> p.skipped().forEach(s -> table.row(name(s.node()), s.op(), s.explained())));
      return table;
    }
    List<SkippedGroups.Group> groups = SkippedGroups.of(report.passes());
    int shown = groups.size() > MOST_REASONS ? MOST_REASONS - 1 : groups.size();
    for (SkippedGroups.Group group : groups.subList(0, shown)) {
      table.row(Integer.toString(group.count()), group.op(), brief(group.reason()));
    }
    List<SkippedGroups.Group> others = groups.subList(shown, groups.size());
    if (!others.isEmpty()) {
      int nodes = others.stream().mapToInt(SkippedGroups.Group::count).sum();
      table.row(Integer.toString(nodes), "", "for " + others.size() + " other reasons: see -v");
    }
    return table;
  }

  private static String brief(String reason) {
    return reason.length() <= LONGEST_REASON
        ? reason
        : reason.substring(0, LONGEST_REASON - 3).stripTrailing() + "...";
  }

  private String name(String node) {
    return Text.shorten(node, Math.max(24, width / 3), style);
  }

  private String footer(TransformReport report) {
    List<String> facts = new ArrayList<>();
    TransformReport.Output output = report.output();
    facts.add(
        output == null
            ? "planned in " + Quantity.seconds(report.wallSeconds()) + "; nothing was written"
            : "done in " + Quantity.seconds(report.wallSeconds()));
    if (report.peakRssBytes() != null) {
      facts.add("peak memory " + Quantity.memory(report.peakRssBytes()));
    }
    RunEnergy energy = report.energy();
    Double joules = energy == null ? null : energy.energyJ();
    Double estimate = energy == null ? null : energy.energyEstimatedJ();
    if (joules != null) {
      facts.add("energy " + Quantity.joules(joules));
    } else if (estimate != null) {
      facts.add("energy " + EnergyWords.estimate(estimate, null) + " estimated");
    }
    if (output != null) {
      String sha = output.sha256();
      facts.add("sha256 " + sha.substring(0, Math.min(SHA_DIGITS, sha.length())));
    }
    facts.add("ONNX Runtime " + report.tool().onnxruntime());
    return String.join(" " + style.dot() + " ", facts);
  }
}
