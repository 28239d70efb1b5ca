package dev.compress.evaluation.report;

import dev.compress.evaluation.EvaluationReport;
import dev.compress.evaluation.EvaluationReport.Row;
import dev.compress.evaluation.EvaluationReport.VsBaseline;
import dev.compress.metric.Metric;
import dev.compress.runtime.ExecutionProvider;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The numbers of a comparison as people read them, for tables of any kind. */
public final class EvaluationCells {
  /** What a row's cells are. */
  public static final List<String> HEADINGS =
      List.of("variant", "size", "accuracy", "median", "p99", "samples/s", "memory");

  /** What a comparison's cells are. */
  public static final List<String> VERSUS =
      List.of("variant", "size", "accuracy", "time", "fidelity");

  /** What the cells of a row on a GPU are. */
  public static final List<String> ACCELERATOR =
      List.of("variant", "with copies", "held there", "nodes on the processor", "copies inside");

  /** What is not known. */
  static final String UNKNOWN = "-";

  private EvaluationCells() {}

  /**
   * The rows, named so that each name is one row's: with the device where that is not the CPU, and
   * with the machine where there are several.
   */
  public static List<Row> labelled(EvaluationReport report) {
    boolean several = hosts(report) > 1;
    return report.variants().stream()
        .map(
            row ->
                row.named(
                    row.name()
                        + (row.device().equals("cpu") ? "" : " on " + row.device())
                        + (several ? " @ " + row.host() : "")))
        .toList();
  }

  private static long hosts(EvaluationReport report) {
    return report.variants().stream().map(Row::host).distinct().count();
  }

  /** How many there are of what: "4 variants of 2 machines". */
  public static String count(EvaluationReport report) {
    int rows = report.variants().size();
    long machines = hosts(report);
    return rows
        + (rows == 1 ? " variant" : " variants")
        + (machines > 1 ? " of " + machines + " machines" : "");
  }

  /** What the others are compared with. */
  public static String baseline(EvaluationReport report) {
    List<String> names =
        labelled(report).stream().filter(r -> r.vsBaseline() == null).map(Row::name).toList();
    return names.size() == 1 ? names.get(0) : "the baseline of the same machine";
  }

  /** Whether a metric is a fraction, which people read in per cent. */
  static boolean isRate(String metric) {
    return known(metric).filter(Metric::isRate).isPresent();
  }

  /** Whether more of a metric is better; true of one that is not known. */
  static boolean higherIsBetter(String metric) {
    return known(metric).map(Metric::higherIsBetter).orElse(true);
  }

  private static Optional<Metric> known(String metric) {
    return Arrays.stream(Metric.values()).filter(m -> m.key().equals(metric)).findFirst();
  }

  /** With its sign. */
  static String signed(double value) {
    return String.format(Locale.ROOT, "%+.2f", value);
  }

  /** A variant's own cells. */
  public static List<String> of(Row row) {
    EvaluationReport.LatencyMs ms = row.latencyMs();
    Double throughput = row.throughputPerSecond();
    Long memory = row.peakRssBytes();
    return List.of(
        row.name(),
        Quantity.bytes(row.bytes()),
        row.error() != null ? "failed" : accuracy(row.accuracy()),
        ms == null ? UNKNOWN : Quantity.millis(ms.p50()),
        ms == null ? UNKNOWN : Quantity.millis(ms.p99()),
        throughput == null ? UNKNOWN : Quantity.threeDigits(throughput),
        memory == null ? UNKNOWN : Quantity.memory(memory));
  }

  /** An accuracy with half its interval, or with both ends where they lie unevenly. */
  public static String accuracy(EvaluationReport.@Nullable Accuracy accuracy) {
    if (accuracy == null) {
      return UNKNOWN;
    }
    boolean rate = isRate(accuracy.metric());
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
    if (rate && ci95 != null && isLopsided(accuracy.value(), ci95)) {
      spread = String.format(Locale.ROOT, " (%.2f to %.2f)", 100 * ci95.get(0), 100 * ci95.get(1));
    }
    String unit = accuracy.metric().equals(Metric.SQNR.key()) ? " dB" : "";
    return value + spread + unit + " " + accuracy.metric();
  }

  /** Whether one side of a rate's interval is a tenth longer than the other. */
  private static boolean isLopsided(double value, List<Double> ci95) {
    double up = ci95.get(1) - value;
    double down = value - ci95.get(0);
    return Math.max(up, down) > 1.1 * Math.min(up, down);
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
        times(versus.bytesRatio(), null, "smaller", "larger"),
        drop(versus, row.accuracy()),
        ratio(versus.latencyRatio(), versus.latencyRatioCi95()),
        sqnr != null
            ? String.format(Locale.ROOT, "%.1f dB", sqnr)
            : isExact(fidelity) ? "exact" : UNKNOWN);
  }

  /** Whether outputs equal the baseline's: no noise, and one direction. */
  static boolean isExact(EvaluationReport.@Nullable Fidelity fidelity) {
    return fidelity != null
        && fidelity.sqnrDb() == null
        && fidelity.cosine() != null
        && fidelity.cosine() > 1 - 1e-12;
  }

  private static String drop(VsBaseline versus, EvaluationReport.@Nullable Accuracy accuracy) {
    String unit = accuracy == null ? "" : isRate(accuracy.metric()) ? " points" : " %";
    Double drop = versus.accuracyDrop();
    if (drop == null) {
      return UNKNOWN;
    }
    List<Double> ci95 = versus.accuracyDropCi95();
    String change = String.format(Locale.ROOT, "%+.2f", drop == 0 ? 0.0 : -drop) + unit;
    return ci95 == null
        ? change
        : change + String.format(Locale.ROOT, " (%+.2f to %+.2f)", -ci95.get(1), -ci95.get(0));
  }

  /** A ratio as speed: how many times faster, with its interval. */
  private static String ratio(@Nullable Double ratio, @Nullable List<Double> ci95) {
    return ratio == null ? UNKNOWN : times(ratio, ci95, "faster", "slower");
  }

  /** A ratio over 1 is told the other way round, as people say it. */
  static String times(double ratio, @Nullable List<Double> ci95, String less, String more) {
    boolean isMore = ratio > 1.005;
    String text =
        String.format(Locale.ROOT, "%.2f× %s", isMore ? ratio : 1 / ratio, isMore ? more : less);
    if (ci95 == null) {
      return Math.abs(ratio - 1) < 0.005 ? "1.00×" : text;
    }
    double low = isMore ? ci95.get(0) : 1 / ci95.get(1);
    double high = isMore ? ci95.get(1) : 1 / ci95.get(0);
    return text + String.format(Locale.ROOT, " (%.2f to %.2f)", low, high);
  }

  /** The rows that ran on a GPU. */
  public static List<Row> accelerated(EvaluationReport report) {
    return labelled(report).stream().filter(row -> row.accelerator() != null).toList();
  }

  /** The cells of a row on a GPU: two latencies, and what did not run there. */
  public static List<String> accelerator(Row row) {
    EvaluationReport.Accelerator gpu = row.accelerator();
    EvaluationReport.LatencyMs copied = row.latencyMs();
    EvaluationReport.LatencyMs held = row.latencyDeviceMs();
    return List.of(
        row.name(),
        copied == null ? UNKNOWN : Quantity.millis(copied.p50()),
        held == null ? UNKNOWN : Quantity.millis(held.p50()),
        gpu == null || gpu.fallbackNodes() == null ? UNKNOWN : fallback(gpu),
        gpu == null || gpu.copyNodes() == null ? UNKNOWN : gpu.copyNodes().toString());
  }

  private static String fallback(EvaluationReport.Accelerator gpu) {
    Map<String, Map<String, Integer>> nodes = gpu.nodes() == null ? Map.of() : gpu.nodes();
    int all =
        nodes.values().stream()
            .flatMap(ops -> ops.values().stream())
            .mapToInt(Integer::intValue)
            .sum();
    String operators =
        nodes.getOrDefault(ExecutionProvider.CPU, Map.of()).entrySet().stream()
            .map(e -> e.getValue() + " " + e.getKey())
            .collect(Collectors.joining(", "));
    return gpu.fallbackNodes() + " of " + all + (operators.isEmpty() ? "" : " (" + operators + ")");
  }

  /** Which GPU and with which settings, in one line. */
  public static String provenance(EvaluationReport.Accelerator gpu) {
    return gpu.name()
        + " at "
        + gpu.pciBusId()
        + ", "
        + gpu.uuid()
        + ", compute capability "
        + gpu.computeCapability()
        + ", "
        + Quantity.memory(gpu.memoryBytes())
        + ", driver for "
        + gpu.driver()
        + gpu.providers().entrySet().stream()
            .map(
                p ->
                    "; "
                        + p.getKey()
                        + " "
                        + p.getValue().entrySet().stream()
                            .map(o -> o.getKey() + "=" + o.getValue())
                            .collect(Collectors.joining(" ")))
            .collect(Collectors.joining());
  }

  /** Four significant figures. */
  public static String number(double value) {
    return String.format(Locale.ROOT, "%.4g", value);
  }

  private static String hostNames(EvaluationReport report) {
    return report.variants().stream().map(Row::host).distinct().collect(Collectors.joining(", "));
  }

  /** Where and how it was measured, in one line. */
  public static String footer(EvaluationReport report) {
    EvaluationReport.Environment at = report.environment();
    if (at == null) {
      return hosts(report) + " machines: " + hostNames(report);
    }
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
