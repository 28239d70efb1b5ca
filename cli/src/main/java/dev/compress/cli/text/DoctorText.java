package dev.compress.cli.text;

import dev.compress.cli.console.Style;
import dev.compress.cli.console.Table;
import dev.compress.cli.doctor.DoctorReport;
import dev.compress.cli.doctor.DoctorReport.Finding;
import dev.compress.evaluation.report.Quantity;
import java.util.ArrayList;
import java.util.List;

/**
 * What a machine offers as text.
 *
 * @param style of the terminal
 * @param width columns that fit
 */
public record DoctorText(Style style, int width) {
  private static final String INDENT = "  ";

  /**
   * The lines.
   *
   * @param report what was found
   */
  public List<String> lines(DoctorReport report) {
    List<String> lines = new ArrayList<>();
    lines.add(style.bold("compress " + report.version()));
    lines.addAll(machine(report).lines(width));
    lines.add("");
    lines.add(style.bold("models are made for"));
    lines.addAll(target(report).lines(width));
    lines.add("");
    lines.add(style.bold("devices"));
    lines.addAll(findings(report.devices()).lines(width));
    lines.add("");
    lines.add(style.bold("energy sensors") + style.faint(" (looked for, not measured)"));
    lines.addAll(findings(report.energy()).lines(width));
    return lines;
  }

  private Table machine(DoctorReport report) {
    Table table = new Table(INDENT, "ll");
    DoctorReport.Cpu cpu = report.cpu();
    String cores =
        cpu.cores()
            + " of "
            + (cpu.physicalCores() == null ? "an unknown number of" : cpu.physicalCores())
            + " cores";
    table.row("cpu", (cpu.model().isEmpty() ? cpu.architecture() : cpu.model()) + ", " + cores);
    table.row("instructions", String.join(" ", cpu.instructions()));
    Long total = report.memory().totalBytes();
    table.row(
        "memory",
        (total == null ? "unknown" : Quantity.memory(total))
            + "; Java's heap may take "
            + Quantity.memory(report.memory().heapLimitBytes()));
    table.row("system", report.os());
    table.row("java", report.java());
    DoctorReport.OnnxRuntime runtime = report.runtime();
    table.row(
        "ONNX Runtime",
        runtime.version() == null
            ? style.bad("cannot be loaded: ") + runtime.problem()
            : runtime.version() + ", on " + String.join(", ", runtime.providers()));
    return table;
  }

  private Table target(DoctorReport report) {
    return new Table(INDENT, "ll")
        .row(report.target().name(), report.target().reason() + " (or as --target says)");
  }

  private Table findings(List<Finding> findings) {
    Table table = new Table(INDENT, "lll");
    for (Finding finding : findings) {
      String state =
          switch (finding.state()) {
            case AVAILABLE -> style.good("found");
            case BLOCKED -> style.warning("blocked");
            case ABSENT -> style.faint("none");
          };
      table.row(finding.name(), state, finding.detail());
      if (!finding.advice().isEmpty()) {
        table.row("", "", finding.advice());
      }
    }
    return table;
  }
}
