package dev.compress.evaluation;

import dev.compress.evaluation.EvaluationReport.Gate;
import dev.compress.evaluation.EvaluationReport.Row;
import dev.compress.evaluation.EvaluationReport.VsBaseline;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Limits that every variant but the baseline is held to.
 *
 * <p>A gate fails where the value is over the limit beyond doubt, that is with its whole 95%
 * interval, or is unknown. Where the limit lies within the interval it passes if the value itself
 * is within the limit or the excess is not established, and is marked as uncertain: a pipeline must
 * not fail by noise, and more data or more rounds settle it.
 *
 * @param maxDrop points of accuracy (per cent of the baseline for errors), or null
 * @param maxLatencyRatio variant over baseline, or null
 * @param maxEnergyRatio variant over baseline, or null
 */
public record Gates(
    @Nullable Double maxDrop, @Nullable Double maxLatencyRatio, @Nullable Double maxEnergyRatio) {
  /** No limits. */
  public static final Gates NONE = new Gates(null, null, null);

  /**
   * Checks the limits.
   *
   * @throws IllegalArgumentException if a ratio is not positive, or one is no number; the message
   *     names it as the command line does
   */
  public Gates {
    if (maxDrop != null && !Double.isFinite(maxDrop)) {
      throw new IllegalArgumentException("max-drop must be a number, not " + maxDrop);
    }
    positive("max-latency-ratio", maxLatencyRatio);
    positive("max-energy-ratio", maxEnergyRatio);
  }

  private static void positive(String name, @Nullable Double ratio) {
    if (ratio != null && !(ratio > 0 && ratio < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          name + " must be over 0 (1 is as much as the baseline), not " + ratio);
    }
  }

  /** Whether there is no limit. */
  public boolean isEmpty() {
    return maxDrop == null && maxLatencyRatio == null && maxEnergyRatio == null;
  }

  /**
   * Judges every row against its own baseline: that of its device and machine, which it was
   * compared with when it was measured. The first row of a device and machine is the baseline; one
   * that failed, or whose baseline did, fails its gates too.
   */
  List<Gate> judge(List<Row> rows) {
    List<Gate> gates = new ArrayList<>();
    add(gates, "max-drop", maxDrop, rows, VsBaseline::accuracyDrop, VsBaseline::accuracyDropCi95);
    add(
        gates,
        "max-latency-ratio",
        maxLatencyRatio,
        rows,
        VsBaseline::latencyRatio,
        VsBaseline::latencyRatioCi95);
    add(
        gates,
        "max-energy-ratio",
        maxEnergyRatio,
        rows,
        VsBaseline::energyRatio,
        VsBaseline::energyRatioCi95);
    return gates;
  }

  /** What a reader should know of gates that passed by doubt. */
  static List<String> doubts(List<Gate> judged) {
    return judged.stream().filter(g -> g.passed() && !g.certain()).map(Gates::doubt).toList();
  }

  private static String doubt(Gate gate) {
    List<Double> ci95 = gate.ci95();
    return String.format(
        Locale.ROOT,
        "%s of %s is not certain: the value is %.4g, and the limit %.4g lies within its 95%%"
            + " interval%s. More data or rounds settle it.",
        gate.name(),
        gate.variant(),
        gate.value(),
        gate.limit(),
        ci95 == null
            ? ""
            : String.format(Locale.ROOT, " of %.4g to %.4g", ci95.get(0), ci95.get(1)));
  }

  private static void add(
      List<Gate> gates,
      String name,
      @Nullable Double limit,
      List<Row> rows,
      Function<VsBaseline, @Nullable Double> value,
      Function<VsBaseline, @Nullable List<Double>> interval) {
    if (limit == null) {
      return;
    }
    boolean several = rows.stream().map(Row::host).distinct().count() > 1;
    Map<String, Row> baselines = new HashMap<>();
    for (Row row : rows) {
      String variant = row.name() + " on " + row.device() + (several ? ", " + row.host() : "");
      Row baseline = baselines.putIfAbsent(row.device() + "\n" + row.host(), row);
      VsBaseline versus = row.vsBaseline();
      if (versus == null && baseline == null) {
        continue;
      }
      Double measured = versus == null ? null : value.apply(versus);
      gates.add(
          versus == null || measured == null || measured.isNaN()
              ? unknown(name, variant, limit, reason(name, row, baseline))
              : judge(name, variant, limit, measured, interval.apply(versus)));
    }
  }

  private static String reason(String gate, Row row, @Nullable Row baseline) {
    if (row.error() != null) {
      return row.error();
    }
    if (baseline != null && baseline.error() != null) {
      return "the baseline " + baseline.name() + " failed: " + baseline.error();
    }
    return switch (gate) {
      case "max-drop" ->
          "accuracy was not scored on both: labels are missing, or the metric compares with the"
              + " baseline itself";
      case "max-energy-ratio" -> "energy was not measured or estimated alike for both";
      default -> "latency was not measured for both";
    };
  }

  static Gate judge(
      String name, String variant, double limit, double value, @Nullable List<Double> ci95) {
    double low = ci95 == null ? value : Math.min(ci95.get(0), value);
    double high = ci95 == null ? value : Math.max(ci95.get(1), value);
    return new Gate(
        name, variant, limit, value, ci95, low <= limit, low > limit || high <= limit, null);
  }

  private static Gate unknown(String name, String variant, double limit, String reason) {
    return new Gate(name, variant, limit, null, null, false, true, reason);
  }
}
