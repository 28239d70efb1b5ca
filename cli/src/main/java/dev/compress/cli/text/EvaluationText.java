package dev.compress.cli.text;

import dev.compress.cli.console.Style;
import dev.compress.cli.console.Table;
import dev.compress.cli.console.Text;
import dev.compress.evaluation.EvaluationReport;
import dev.compress.evaluation.report.EnergyCells;
import dev.compress.evaluation.report.EvaluationCells;
import dev.compress.evaluation.report.FootprintCells;
import dev.compress.evaluation.report.LadderCells;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A comparison of variants as text.
 *
 * @param style of the terminal
 * @param width columns that fit
 */
public record EvaluationText(Style style, int width) {
  private static final String INDENT = "  ";

  /**
   * The lines.
   *
   * @param report what was measured
   */
  public List<String> lines(EvaluationReport report) {
    List<String> lines = new ArrayList<>();
    List<EvaluationReport.Row> rows = EvaluationCells.labelled(report);
    EvaluationReport.Data data = report.dataset();
    lines.add(
        style.bold(EvaluationCells.count(report) + (data == null ? "" : " on " + data.path())));
    Table table = new Table(INDENT, "lrrrrrr");
    table.row(EvaluationCells.HEADINGS.toArray(new String[0]));
    rows.forEach(row -> table.row(EvaluationCells.of(row).toArray(new String[0])));
    lines.addAll(table.lines(width));
    Table versus = new Table(INDENT, "lrrrr");
    versus.row(EvaluationCells.VERSUS.toArray(new String[0]));
    rows.stream()
        .filter(row -> row.vsBaseline() != null)
        .forEach(row -> versus.row(EvaluationCells.versus(row).toArray(new String[0])));
    if (report.variants().size() > 1) {
      lines.add("");
      lines.add(style.bold("against " + EvaluationCells.baseline(report)));
      lines.addAll(versus.lines(width));
    }
    if (LadderCells.anyIn(report)) {
      lines.add("");
      lines.add(style.bold("weights, measured in the files"));
      Table ladder = new Table(INDENT, "llrrrrrr");
      ladder.row(LadderCells.HEADINGS.toArray(new String[0]));
      rows.forEach(row -> ladder.row(LadderCells.of(row).toArray(new String[0])));
      lines.addAll(ladder.lines(width));
    }
    List<EvaluationReport.Row> accelerated = EvaluationCells.accelerated(report);
    if (!accelerated.isEmpty()) {
      lines.add("");
      lines.add(style.bold("on the GPU") + style.faint(" (median of a run)"));
      Table gpu = new Table(INDENT, "lrrll");
      gpu.row(EvaluationCells.ACCELERATOR.toArray(new String[0]));
      accelerated.forEach(row -> gpu.row(EvaluationCells.accelerator(row).toArray(new String[0])));
      lines.addAll(gpu.lines(width));
      accelerated.stream()
          .map(row -> EvaluationCells.provenance(Objects.requireNonNull(row.accelerator())))
          .distinct()
          .forEach(
              text -> Text.wrap(text, width - INDENT.length()).forEach(l -> lines.add(INDENT + l)));
    }
    if (report.variants().stream().anyMatch(v -> v.energy() != null)) {
      lines.add("");
      lines.add(style.bold("energy"));
      Table energy = new Table(INDENT, "lrrrrl");
      energy.row(EnergyCells.HEADINGS.toArray(new String[0]));
      rows.forEach(row -> energy.row(EnergyCells.of(row).toArray(new String[0])));
      lines.addAll(energy.lines(width));
      List<String> remarks = new ArrayList<>(EnergyCells.models(report));
      remarks.addAll(EnergyCells.rates(report));
      remarks.addAll(EnergyCells.unpaid(report));
      remarks.forEach(
          why -> Text.wrap(why, width - INDENT.length()).forEach(l -> lines.add(INDENT + l)));
      report.variants().stream()
          .map(row -> row.energy() == null ? null : row.energy().reason())
          .filter(java.util.Objects::nonNull)
          .distinct()
          .forEach(
              reason ->
                  Text.wrap(reason, width - INDENT.length()).forEach(l -> lines.add(INDENT + l)));
    }
    if (FootprintCells.anyIn(report)) {
      lines.add("");
      lines.add(style.bold("carbon and cost"));
      Table footprint = new Table(INDENT, "lrrr");
      footprint.row(FootprintCells.HEADINGS.toArray(new String[0]));
      rows.forEach(row -> footprint.row(FootprintCells.of(row).toArray(new String[0])));
      lines.addAll(footprint.lines(width));
    }
    if (!report.gates().isEmpty()) {
      lines.add("");
      lines.add(style.bold("gates"));
      Table gates = new Table(INDENT, "lllrr");
      for (EvaluationReport.Gate gate : report.gates()) {
        gates.row(
            gate.passed() ? (gate.certain() ? "passed" : "uncertain") : style.warning("failed"),
            gate.name(),
            gate.variant(),
            gate.value() == null ? "unknown" : EvaluationCells.number(gate.value()),
            "limit " + EvaluationCells.number(gate.limit()));
      }
      lines.addAll(gates.lines(width));
    }
    if (!report.warnings().isEmpty()) {
      lines.add("");
      for (String warning : report.warnings()) {
        boolean first = true;
        for (String line :
            Text.wrap(style.warning("warning:") + " " + warning, width - INDENT.length())) {
          lines.add(first ? line : INDENT + line);
          first = false;
        }
      }
    }
    lines.add("");
    lines.add(style.faint(EvaluationCells.footer(report)));
    return lines;
  }
}
