package dev.compress.evaluation.report;

import dev.compress.evaluation.EvaluationReport;
import dev.compress.evaluation.EvaluationReport.Row;
import dev.compress.evaluation.EvaluationReport.VsBaseline;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The numbers of a comparison as people read them, for tables of any kind. */
public final class EvaluationCells {
  /** What a row's cells are. */
  public static final List<String> HEADINGS =
      List.of("variant", "size", "accuracy", "median", "p99", "samples/s", "memory");

  /** What a comparison's cells are. */
  public static final List<String> VERSUS =
      List.of("variant", "size", "accuracy", "time", "fidelity");

  private static final String UNKNOWN = "-";

  private EvaluationCells() {}

  /** A variant's own cells. */
  public static List<String> of(Row row) {
    EvaluationReport.LatencyMs ms = row.latencyMs();
    Double throughput = row.throughputPerSecond();
    Long memory = row.peakRssBytes();
    return List.of(
        row.name() + (row.device().equals("cpu") ? "" : " on " + row.device()),
        Quantity.bytes(row.bytes()),
        accuracy(row.accuracy()),
        ms == null ? UNKNOWN : Quantity.millis(ms.p50()),
        ms == null ? UNKNOWN : Quantity.millis(ms.p99()),
        throughput == null ? UNKNOWN : Quantity.threeDigits(throughput),
        memory == null ? UNKNOWN : Quantity.memory(memory));
  }

  /** An accuracy with half its interval. */
  public static String accuracy(EvaluationReport.@Nullable Accuracy accuracy) {
    if (accuracy == null) {
      return UNKNOWN;
    }
    boolean rate = !List.of("mse", "mae", "sqnr").contains(accuracy.metric());
    List<Double> ci95 = accuracy.ci95();
    double half = ci95 == null ? Double.NaN : (ci95.get(1) - ci95.get(0)) / 2;
    String value =
        rate
            ? String.format(Locale.ROOT, "%.2f%%", 100 * accuracy.value())
            : number(accuracy.value());
    String spread =
        Double.isNaN(half)
            ? ""
            : rate ? String.format(Locale.ROOT, " ±%.2f", 100 * half) : " ±" + number(half);
    return value + spread + " " + accuracy.metric();
  }

  /** A variant's cells in comparison with the baseline. */
  public static List<String> versus(Row row) {
    VsBaseline versus = row.vsBaseline();
    if (versus == null) {
      return List.of(row.name(), UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN);
    }
    EvaluationReport.Fidelity fidelity = row.fidelity();
    Double sqnr = fidelity == null ? null : fidelity.sqnrDb();
    return List.of(
        row.name(),
        String.format(Locale.ROOT, "%.2f× smaller", 1 / versus.bytesRatio()),
        drop(versus),
        ratio(versus.latencyRatio(), versus.latencyRatioCi95()),
        sqnr == null ? UNKNOWN : String.format(Locale.ROOT, "%.1f dB", sqnr));
  }

  private static String drop(VsBaseline versus) {
    Double drop = versus.accuracyDrop();
    if (drop == null) {
      return UNKNOWN;
    }
    List<Double> ci95 = versus.accuracyDropCi95();
    String change = String.format(Locale.ROOT, "%+.2f", drop == 0 ? 0.0 : -drop);
    return ci95 == null
        ? change
        : change + String.format(Locale.ROOT, " (%+.2f to %+.2f)", -ci95.get(1), -ci95.get(0));
  }

  /** A ratio as speed: how many times faster, with its interval. */
  private static String ratio(@Nullable Double ratio, @Nullable List<Double> ci95) {
    if (ratio == null) {
      return UNKNOWN;
    }
    String text = String.format(Locale.ROOT, "%.2f× faster", 1 / ratio);
    return ci95 == null
        ? text
        : text + String.format(Locale.ROOT, " (%.2f to %.2f)", 1 / ci95.get(1), 1 / ci95.get(0));
  }

  /** Four significant figures. */
  public static String number(double value) {
    return String.format(Locale.ROOT, "%.4g", value);
  }

  /** Where and how it was measured, in one line. */
  public static String footer(EvaluationReport report) {
    EvaluationReport.Environment at = report.environment();
    return at.cpu()
        + ", "
        + at.cores()
        + " cores · ONNX Runtime "
        + at.onnxruntime()
        + " · threads "
        + at.threads()
        + ", batch "
        + at.batch()
        + (report.dataset() == null ? "" : " · " + report.dataset().samples() + " samples");
  }
}
