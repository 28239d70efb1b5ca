package dev.compress.evaluation.report;

import dev.compress.evaluation.EvaluationReport;
import java.util.List;
import java.util.stream.Collectors;

/** A comparison as Markdown, for the summaries that build systems show. */
public final class MarkdownEvaluationReport {
  private MarkdownEvaluationReport() {}

  /**
   * The text.
   *
   * @param report what was measured
   */
  public static String of(EvaluationReport report) {
    StringBuilder text = new StringBuilder();
    List<EvaluationReport.Row> rows = EvaluationCells.labelled(report);
    text.append("# compress: ").append(EvaluationCells.count(report)).append("\n\n");
    table(text, EvaluationCells.HEADINGS, rows.stream().map(EvaluationCells::of).toList());
    if (report.variants().size() > 1) {
      text.append("\nAgainst ").append(escape(EvaluationCells.baseline(report))).append(":\n\n");
      table(
          text,
          EvaluationCells.VERSUS,
          rows.stream().filter(v -> v.vsBaseline() != null).map(EvaluationCells::versus).toList());
    }
    if (LadderCells.anyIn(report)) {
      text.append("\nWeights, measured in the files:\n\n");
      table(text, LadderCells.HEADINGS, rows.stream().map(LadderCells::of).toList());
    }
    List<EvaluationReport.Row> accelerated = EvaluationCells.accelerated(report);
    if (!accelerated.isEmpty()) {
      text.append('\n');
      table(
          text,
          EvaluationCells.ACCELERATOR,
          accelerated.stream().map(EvaluationCells::accelerator).toList());
    }
    if (report.variants().stream().anyMatch(v -> v.energy() != null)) {
      text.append('\n');
      table(text, EnergyCells.HEADINGS, rows.stream().map(EnergyCells::of).toList());
      EnergyCells.models(report).forEach(m -> text.append('\n').append(escape(m)).append('\n'));
      EnergyCells.rates(report).forEach(r -> text.append('\n').append(escape(r)).append('\n'));
      EnergyCells.unpaid(report).forEach(w -> text.append('\n').append(escape(w)).append('\n'));
    }
    if (FootprintCells.anyIn(report)) {
      text.append('\n');
      table(text, FootprintCells.HEADINGS, rows.stream().map(FootprintCells::of).toList());
    }
    if (!report.gates().isEmpty()) {
      text.append('\n');
      table(
          text,
          List.of("gate", "variant", "value", "limit", "result"),
          report.gates().stream()
              .map(
                  g ->
                      List.of(
                          g.name(),
                          g.variant(),
                          g.value() == null
                              ? "unknown: " + g.reason()
                              : EvaluationCells.number(g.value()),
                          EvaluationCells.number(g.limit()),
                          g.passed() ? (g.certain() ? "passed" : "passed, uncertain") : "FAILED"))
              .toList());
    }
    if (!report.warnings().isEmpty()) {
      text.append('\n');
      report.warnings().forEach(w -> text.append("- warning: ").append(escape(w)).append('\n'));
    }
    return text.append('\n').append(escape(EvaluationCells.footer(report))).append('\n').toString();
  }

  private static void table(StringBuilder text, List<String> heads, List<List<String>> rows) {
    row(text, heads);
    row(text, heads.stream().map(h -> "---").toList());
    rows.forEach(r -> row(text, r.stream().map(MarkdownEvaluationReport::escape).toList()));
  }

  private static void row(StringBuilder text, List<String> cells) {
    text.append(cells.stream().collect(Collectors.joining(" | ", "| ", " |\n")));
  }

  /** Names of files are anyone's: they must not become markup. */
  static String escape(String text) {
    return text.replace("\\", "\\\\")
        .replace("|", "\\|")
        .replace("<", "&lt;")
        .replace("`", "\\`")
        .replace("*", "\\*")
        .replace("_", "\\_")
        .replace("[", "\\[")
        .replace("\n", " ")
        .replace("\r", " ");
  }
}
