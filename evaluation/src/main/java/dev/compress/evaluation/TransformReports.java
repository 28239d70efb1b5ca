package dev.compress.evaluation;

import dev.compress.energy.EnergyJson;
import dev.compress.energy.EnergyReading;
import dev.compress.energy.RunEnergy;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** The reports of what made the variants: those that somebody named, and those beside a model. */
final class TransformReports {
  private static final int LONGEST_CHAIN = 32;

  private final Map<String, TransformReportFile> named = new HashMap<>();

  /**
   * Reads those that are named.
   *
   * @throws dev.compress.error.InvalidDataException if one is none
   * @throws dev.compress.error.ReadWriteException if one cannot be read
   */
  TransformReports(List<Path> files) {
    for (Path file : files) {
      TransformReportFile report = TransformReportFile.read(file);
      named.putIfAbsent(report.outputSha256(), report);
    }
  }

  /** The report of a model. */
  Optional<TransformReportFile> of(Path model, String sha256) {
    return Optional.ofNullable(named.get(sha256))
        .or(() -> TransformReportFile.beside(model, sha256));
  }

  /** Named reports of none of these models, nor of what they were made from. */
  List<Path> unused(Set<TransformReportFile> used) {
    return named.values().stream()
        .filter(report -> !used.contains(report))
        .map(TransformReportFile::file)
        .sorted()
        .toList();
  }

  /**
   * What making a variant of the baseline took, over all steps.
   *
   * @param reports the steps, the last one first; empty if there is no report
   * @param energy of all of them, or why it is unknown
   */
  record Making(List<TransformReportFile> reports, RunEnergy energy) {
    Making {
      reports = List.copyOf(reports);
    }

    /** What the steps did, the first one first. */
    List<String> steps() {
      List<String> steps = new ArrayList<>();
      for (TransformReportFile report : reports) {
        steps.addAll(0, report.steps());
      }
      return steps;
    }
  }

  /**
   * What making a variant took.
   *
   * @param variant its file
   * @param sha256 of it
   * @param baseline hash of what it was made from
   */
  Making making(Path variant, String sha256, String baseline) {
    List<TransformReportFile> steps = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    Path file = variant;
    String hash = sha256;
    while (!hash.equals(baseline) && seen.add(hash) && steps.size() < LONGEST_CHAIN) {
      Optional<TransformReportFile> report = of(file, hash);
      if (report.isEmpty()) {
        return new Making(steps, RunEnergy.unavailable(0, missing(steps, variant)));
      }
      steps.add(report.get());
      Optional<String> input = report.get().inputSha256();
      if (input.isEmpty()) {
        break; // a training names no model that it was made from
      }
      hash = input.get();
      file = report.get().inputPath().flatMap(TransformReports::path).orElse(file);
    }
    return new Making(steps, sum(steps));
  }

  private static Optional<Path> path(String text) {
    try {
      return Optional.of(Path.of(text));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static String missing(List<TransformReportFile> steps, Path variant) {
    if (steps.isEmpty()) {
      return "there is no report of the transformation beside "
          + variant.getFileName()
          + "; write one with --report x.json, and name it with --transform-report x.json unless it"
          + " lies beside the model under its name";
    }
    return steps.get(steps.size() - 1).file()
        + " says that it was made of another file than the baseline; name the report of that one"
        + " too with --transform-report";
  }

  /** Kinds are never mixed, nor meters, nor models. */
  private static RunEnergy sum(List<TransformReportFile> steps) {
    double seconds = 0;
    double joules = 0;
    double low = 0;
    double high = 0;
    RunEnergy first = null;
    for (TransformReportFile step : steps) {
      RunEnergy energy = step.energy().orElse(null);
      if (energy == null || energy.kind() == EnergyReading.Kind.UNAVAILABLE) {
        return RunEnergy.unavailable(
            seconds,
            step.file()
                + (energy == null
                    ? " holds no energy: there was no sensor, or its version kept none"
                    : ": " + energy.reason()));
      }
      first = first == null ? energy : first;
      if (first.kind() != energy.kind()
          || !first.domains().equals(energy.domains())
          || !Objects.equals(first.source(), energy.source())
          || !Objects.equals(first.model(), energy.model())) {
        return RunEnergy.unavailable(seconds, "its steps were accounted for by different means");
      }
      seconds += energy.seconds();
      Double measured = energy.energyJ();
      Double estimated = energy.energyEstimatedJ();
      joules += measured == null ? (estimated == null ? 0 : estimated) : measured;
      List<Double> range = energy.estimatedRangeJ();
      low += range == null ? 0 : range.get(0);
      high += range == null ? 0 : range.get(1);
    }
    if (first == null) {
      return RunEnergy.unavailable(0, "it is the same file as the baseline");
    }
    boolean measured = first.kind() == EnergyReading.Kind.MEASURED;
    return new RunEnergy(
        first.kind(),
        measured ? (Double) joules : null,
        measured ? null : (Double) EnergyJson.twoFigures(joules),
        measured ? null : List.of(EnergyJson.twoFigures(low), EnergyJson.twoFigures(high)),
        seconds,
        first.source(),
        first.domains(),
        first.scope(),
        first.model(),
        null);
  }
}
