package dev.compress.evaluation.report;

import dev.compress.evaluation.EvaluationReport;
import dev.compress.evaluation.EvaluationReport.Row;
import dev.compress.evaluation.EvaluationReport.Weights;
import dev.compress.evaluation.UsualValues;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What each step of pruning, clustering, quantizing and packing left in the file, for tables of any
 * kind.
 */
public final class LadderCells {
  /** What a row's cells are. */
  public static final List<String> HEADINGS =
      List.of("variant", "steps", "size", "bits a weight", "zeros", "values", "accuracy", "median");

  private static final double SOME_ZEROS = 0.01;
  private static final String UNKNOWN = "-";
  private static final String OVER = "over 256";

  private LadderCells() {}

  /** Whether a file has zeros or few values, or is known to have been made by such a step. */
  public static boolean anyIn(EvaluationReport report) {
    return report.variants().stream()
        .anyMatch(
            row -> {
              Weights weights = row.weights();
              return !row.steps().isEmpty()
                  || (weights != null
                      && (weights.sparsity() >= SOME_ZEROS || weights.packed() > 0));
            });
  }

  /** A variant's cells. */
  public static List<String> of(Row row) {
    Weights weights = row.weights();
    EvaluationReport.LatencyMs ms = row.latencyMs();
    String steps = String.join(", ", row.steps());
    return List.of(
        row.name(),
        steps.isEmpty() ? UNKNOWN : steps,
        Quantity.bytes(row.bytes()),
        weights == null ? UNKNOWN : String.format(Locale.ROOT, "%.2f", weights.bits()),
        weights == null ? UNKNOWN : String.format(Locale.ROOT, "%.1f%%", 100 * weights.sparsity()),
        weights == null ? UNKNOWN : values(weights),
        EvaluationCells.accuracy(row.accuracy()),
        ms == null ? UNKNOWN : Quantity.millis(ms.p50()));
  }

  /** What holds for most, and what does not: "16, 1 of 10 tensors (0.1%) over 256". */
  private static String values(Weights weights) {
    UsualValues usual = weights.usual();
    if (usual == null) { // a report of an earlier version
      return number(weights.distinct());
    }
    String text = number(usual.distinct());
    if (usual.exceptions() == 0) {
      return text;
    }
    Integer most = weights.distinct();
    String more =
        most != null
            ? " up to " + most
            : usual.exceptionsOver256() == usual.exceptions() ? " over 256" : " more";
    return text
        + ", "
        + usual.exceptions()
        + " of "
        + usual.weights()
        + " tensors ("
        + Quantity.percent(usual.exceptionShare(), 1)
        + ")"
        + more;
  }

  private static String number(@Nullable Integer distinct) {
    return distinct == null ? OVER : distinct.toString();
  }
}
