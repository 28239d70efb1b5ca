package dev.compress.evaluation;

import dev.compress.energy.EnergyJson;
import dev.compress.evaluation.accuracy.Score;
import dev.compress.evaluation.energy.EnergyComparison;
import dev.compress.evaluation.latency.LatencyDistribution;
import dev.compress.evaluation.latency.LatencyResult;
import dev.compress.evaluation.worker.VariantWorker;
import dev.compress.metric.FidelityScorer;
import dev.compress.metric.Interval;
import dev.compress.metric.McNemar;
import dev.compress.metric.Metric;
import dev.compress.metric.MetricResult;
import dev.compress.metric.PairedDifference;
import dev.compress.runtime.DeviceIdentity;
import dev.compress.runtime.ExecutionProvider;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Measurements as parts of a report's row. */
final class RowParts {
  private RowParts() {}

  static EvaluationReport.Accuracy accuracy(MetricResult result) {
    return new EvaluationReport.Accuracy(
        result.metric().key(),
        result.value(),
        result.samples(),
        result.ci95().map(RowParts::ends).orElse(null));
  }

  static EvaluationReport.Fidelity fidelity(FidelityScorer scorer) {
    return new EvaluationReport.Fidelity(
        scorer.agreement().map(MetricResult::value).orElse(null),
        finite(scorer.sqnrDb()),
        finite(scorer.cosine()));
  }

  static EvaluationReport.@Nullable LatencyMs latency(@Nullable LatencyResult result, int batch) {
    LatencyDistribution times = result == null ? null : result.distribution();
    if (result == null || times == null) {
      return null;
    }
    double median = times.percentileMillis(50);
    Double half = result.medianLogHalfWidth().orElse(null);
    return new EvaluationReport.LatencyMs(
        times.meanMillis(),
        median,
        times.percentileMillis(90),
        times.percentileMillis(99),
        times.runs(),
        half == null ? null : List.of(median * Math.exp(-half), median * Math.exp(half)),
        batch);
  }

  static EvaluationReport.@Nullable Kernels kernels(VariantWorker.@Nullable Kernels found) {
    return found == null
        ? null
        : new EvaluationReport.Kernels(
            new TreeMap<>(found.integer()),
            new TreeMap<>(found.floating()),
            finite(found.integerMacShare()));
  }

  static EvaluationReport.@Nullable Accelerator accelerator(
      Optional<DeviceIdentity> identity,
      List<ExecutionProvider> providers,
      VariantWorker.@Nullable Kernels kernels) {
    if (identity.isEmpty()) {
      return null;
    }
    DeviceIdentity gpu = identity.get();
    Map<String, Map<String, String>> settings = new LinkedHashMap<>();
    providers.forEach(p -> settings.put(p.kind().title(), p.options()));
    Map<String, Map<String, Integer>> nodes = null;
    if (kernels != null) {
      nodes = new TreeMap<>();
      for (Map.Entry<String, Map<String, Integer>> entry : kernels.providers().entrySet()) {
        nodes.put(entry.getKey(), new TreeMap<>(entry.getValue()));
      }
    }
    return new EvaluationReport.Accelerator(
        gpu.name(),
        gpu.uuid(),
        gpu.pciBusId(),
        gpu.computeCapability(),
        gpu.memoryBytes(),
        gpu.driver(),
        settings,
        nodes,
        nodes == null
            ? null
            : (Integer)
                nodes.getOrDefault(ExecutionProvider.CPU, Map.of()).values().stream()
                    .mapToInt(Integer::intValue)
                    .sum(),
        kernels == null ? null : (Integer) kernels.deviceCopies());
  }

  static EvaluationReport.VsBaseline versus(
      double bytesRatio,
      Optional<Score> score,
      Optional<Score> baseline,
      @Nullable LatencyResult latency,
      @Nullable LatencyResult held,
      EnergyComparison energy) {
    Optional<MetricResult> value = score.flatMap(Score::accuracy);
    Optional<MetricResult> base = baseline.flatMap(Score::accuracy);
    Double drop = null;
    List<Double> interval = null;
    if (value.isPresent() && base.isPresent()) {
      Metric metric = value.get().metric();
      drop = metric.drop(base.get().value(), value.get().value());
      double unit = metric.isRate() ? 100 : 100 / Math.abs(base.get().value());
      interval =
          score
              .flatMap(Score::drop)
              .map(PairedDifference::ci95)
              .filter(ci -> Double.isFinite(unit * ci.low()) && Double.isFinite(unit * ci.high()))
              .map(ci -> List.of(unit * ci.low(), unit * ci.high()))
              .orElse(null);
    }
    Optional<LatencyResult> times = Optional.ofNullable(latency);
    Optional<LatencyResult> onDevice = Optional.ofNullable(held);
    return new EvaluationReport.VsBaseline(
        bytesRatio,
        drop == null ? null : finite(drop),
        interval,
        score
            .filter(s -> s.drop().isPresent())
            .flatMap(Score::labels)
            .flatMap(l -> baseline.flatMap(Score::labels).flatMap(l::testAgainst))
            .map(McNemar::midP)
            .orElse(null),
        times.flatMap(LatencyResult::ratio).orElse(null),
        times.flatMap(LatencyResult::ratioCi95).map(RowParts::ends).orElse(null),
        onDevice.flatMap(LatencyResult::ratio).orElse(null),
        onDevice.flatMap(LatencyResult::ratioCi95).map(RowParts::ends).orElse(null),
        energy instanceof EnergyComparison.Ratio ratio ? (Double) ratio.value() : null,
        energy instanceof EnergyComparison.Ratio ratio ? ends(ratio.ci95()) : null);
  }

  static List<Double> ends(Interval interval) {
    return List.of(interval.low(), interval.high());
  }

  /** As an estimate is told. */
  static @Nullable Double twoFigures(@Nullable Double value) {
    return value == null ? null : (Double) EnergyJson.twoFigures(value);
  }

  static @Nullable Double finite(double value) {
    return Double.isFinite(value) ? (Double) value : null;
  }
}
