package dev.compress.evaluation;

import dev.compress.data.Dataset;
import dev.compress.data.TruthScorer;
import dev.compress.energy.EnergyJson;
import dev.compress.energy.Unavailable;
import dev.compress.evaluation.accuracy.Score;
import dev.compress.evaluation.energy.EnergyChoice;
import dev.compress.evaluation.energy.EnergyComparison;
import dev.compress.evaluation.energy.EnergyPlan;
import dev.compress.evaluation.latency.LatencyResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Makes a report of what was measured. The baseline of a row is the first one on its device.
 *
 * @param data what was run
 * @param settings how
 * @param gates limits to judge
 * @param energy whether energy was asked for, and what follows from it
 * @param transforms reports of what made the variants
 */
record ReportAssembly(
    Dataset data,
    EvaluationSettings settings,
    Gates gates,
    EnergyPlan energy,
    TransformReports transforms) {
  /**
   * The report.
   *
   * @param contenders in the order of the rows
   * @param noted what a reader should know besides
   */
  EvaluationReport report(List<Contender> contenders, List<String> noted) {
    List<String> warnings = new ArrayList<>();
    contenders.stream()
        .filter(c -> c.error != null)
        .forEach(c -> warnings.add(c.title() + " failed: " + c.error));
    warnings.addAll(noted);
    Map<String, Contender> baselines = new HashMap<>();
    Set<TransformReportFile> used = new HashSet<>();
    List<EvaluationReport.Row> rows = new ArrayList<>();
    for (Contender contender : contenders) {
      baselines.putIfAbsent(contender.device, contender);
      Contender baseline = baselines.getOrDefault(contender.device, contender);
      if (contender.reading instanceof Unavailable lost && contender.metered) {
        warnings.add(contender.title() + " has no energy: " + lost.reason());
      }
      rows.add(row(contender, baseline, used));
      if (contender != baseline
          && !(contender.reading instanceof Unavailable)
          && EnergyComparison.of(baseline.reading, contender.reading)
              instanceof EnergyComparison.NoRatio none) {
        warnings.add(none.reason());
      }
    }
    transforms
        .unused(used)
        .forEach(f -> warnings.add(f + " is the report of none of these files: it was not used."));
    List<EvaluationReport.Gate> judged = gates.judge(rows);
    warnings.addAll(Gates.doubts(judged));
    if (TruthScorer.metric(data).isEmpty()) {
      warnings.add(
          "The data has no labels: what stands for accuracy is agreement with the baseline"
              + (contenders.size() > 1
                  ? ", beside the cosine and SQNR of the outputs."
                  : ", which is this model itself: give a second one."));
    }
    if (settings.batch() > data.sampleCount()) {
      warnings.add(
          "A batch of "
              + settings.batch()
              + " was asked for; there are "
              + data.sampleCount()
              + " samples, and so many were timed at once.");
    }
    return new EvaluationReport(
        EvaluationReport.SCHEMA,
        HostEnvironment.describe(
            settings,
            data.sampleCount(),
            energy.choice().equals(EnergyChoice.NONE) ? null : energy.rates()),
        new EvaluationReport.Data(
            data.path().map(Object::toString).orElse(data.name()),
            data.sampleCount(),
            data.contentSha256()),
        rows,
        judged,
        Stream.concat(warnings.stream(), noise(contenders)).distinct().toList(),
        List.of());
  }

  /** Last: a busy machine has much of it, and it must not bury what failed. */
  private static Stream<String> noise(List<Contender> contenders) {
    return contenders.stream()
        .flatMap(c -> Stream.of(Optional.ofNullable(c.latency), Optional.ofNullable(c.held)))
        .flatMap(Optional::stream)
        .flatMap(result -> result.remarks().stream());
  }

  private static List<String> ownSteps(Contender contender) {
    EvaluationReport.Weights weights = contender.weights;
    return TransformSteps.of(contender.model, weights != null && weights.packed() > 0);
  }

  private EvaluationReport.Row row(
      Contender contender, Contender baseline, Set<TransformReportFile> used) {
    Optional<TransformReportFile> made = transforms.of(contender.loaded.file(), contender.sha256);
    made.ifPresent(used::add);
    boolean metered = !energy.choice().equals(EnergyChoice.NONE);
    Optional<Payback> payback = Optional.empty();
    List<String> steps = List.of();
    if (contender != baseline) {
      TransformReports.Making making =
          transforms.making(contender.loaded.file(), contender.sha256, baseline.sha256);
      used.addAll(making.reports());
      steps =
          making.reports().isEmpty() && !contender.sha256.equals(baseline.sha256)
              ? ownSteps(contender)
              : making.steps();
      if (metered) {
        payback =
            Optional.of(Payback.of(making, baseline.reading, contender.reading, energy.rates()));
      }
    }
    LatencyResult latency = contender.latency;
    Optional<Score> score = Optional.ofNullable(contender.score);
    EvaluationReport.LatencyMs times = RowParts.latency(latency, contender.samplesARun);
    FootprintNumbers footprint = FootprintNumbers.of(energy.rates().of(contender.reading));
    return new EvaluationReport.Row(
        contender.variant.name(),
        contender.loaded.file().toString(),
        contender.sha256,
        contender.loaded.bytes(),
        contender.device,
        HostEnvironment.hostName(),
        score
            .flatMap(Score::accuracy)
            .filter(a -> Double.isFinite(a.value())) // of equal outputs the SQNR is infinite
            .map(RowParts::accuracy)
            .orElse(null),
        score.flatMap(Score::fidelity).map(RowParts::fidelity).orElse(null),
        times,
        RowParts.latency(contender.held, contender.samplesARun),
        times == null ? null : contender.samplesARun * 1000 / times.mean(),
        contender.loadMs,
        contender.peakBytes.isPresent() ? (Long) contender.peakBytes.getAsLong() : null,
        RowParts.kernels(contender.kernels),
        RowParts.accelerator(contender.place.identity(), contender.providers, contender.kernels),
        metered ? EnergyJson.of(contender.reading) : null,
        footprint.carbonG(),
        footprint.carbonEstimatedG(),
        footprint.cost(),
        footprint.costEstimated(),
        payback.map(Payback::inferences).orElse(null),
        payback.map(Payback::compression).orElse(null),
        contender == baseline
            ? null
            : RowParts.versus(
                (double) contender.loaded.bytes() / baseline.loaded.bytes(),
                score,
                Optional.ofNullable(baseline.score),
                latency,
                contender.held,
                EnergyComparison.of(baseline.reading, contender.reading)),
        contender.error,
        ModelLayers.of(contender.model.graph(), made),
        contender.weights,
        steps);
  }
}
