package dev.compress.evaluation.report;

import dev.compress.energy.EnergyJson;
import dev.compress.energy.EnergyReading;
import dev.compress.energy.RunEnergy;
import dev.compress.evaluation.EvaluationReport;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Energy as people read it: estimates with "~", their range and model; unknown with its reason. */
public final class EnergyWords {
  private EnergyWords() {}

  /** The total of a sample. */
  static String total(@Nullable EnergyJson energy) {
    if (energy == null) {
      return "unknown";
    }
    Double measured = energy.energyJ();
    if (energy.kind() == EnergyReading.Kind.MEASURED && measured != null) {
      return Quantity.joules(measured) + spread(energy.ci95());
    }
    Double estimated = energy.energyEstimatedJ();
    if (energy.kind() == EnergyReading.Kind.ESTIMATED && estimated != null) {
      return estimate(estimated, energy.estimatedRangeJ());
    }
    return "unknown";
  }

  /** An estimate's number, to the two figures that it has: "0.12 mJ", not "0.120 mJ". */
  static String joulesOfEstimate(double joules) {
    double value = joules;
    int step = 0;
    String[] units = {"J", "mJ", "uJ", "nJ", "pJ"};
    while (value != 0 && Math.abs(value) < 1 && step < units.length - 1) {
      value *= 1000;
      step++;
    }
    String text =
        value >= 10
            ? String.format(Locale.ROOT, "%.0f", EnergyJson.twoFigures(value))
            : String.format(Locale.ROOT, "%.1f", value);
    return text + " " + units[step];
  }

  /** What making a variant took. */
  static String ofCompression(EvaluationReport.Compression made) {
    Double measured = made.energyJ();
    Double estimated = made.energyEstimatedJ();
    List<Double> range = made.estimatedRangeJ();
    if (measured != null) {
      return Quantity.joules(measured);
    }
    return estimated == null ? "unknown" : estimate(estimated, range);
  }

  /**
   * What a run took, with where it comes from; empty if it is unknown.
   *
   * @param run of a transformation
   */
  public static Optional<String> ofRun(@Nullable RunEnergy run) {
    Double measured = run == null ? null : run.energyJ();
    Double estimated = run == null ? null : run.energyEstimatedJ();
    if (run != null && measured != null) {
      return Optional.of(Quantity.joules(measured) + " (" + run.source() + ")");
    }
    return run == null || estimated == null
        ? Optional.empty()
        : Optional.of(estimate(estimated, run.estimatedRangeJ()) + ", estimated: " + run.model());
  }

  /** An estimate with its mark and its range. */
  public static String estimate(double joules, @Nullable List<Double> range) {
    return "~"
        + joulesOfEstimate(joules)
        + (range == null
            ? ""
            : " ("
                + joulesOfEstimate(range.get(0))
                + " to "
                + joulesOfEstimate(range.get(1))
                + ")");
  }

  /** What is left of it without what the machine takes when idle. */
  static String net(@Nullable EnergyJson energy) {
    Double net = energy == null ? null : energy.energyNetJ();
    return energy == null || net == null
        ? "unknown"
        : Quantity.joules(net) + spread(energy.netCi95());
  }

  private static String spread(@Nullable List<Double> ci95) {
    return ci95 == null
        ? ""
        : " (" + Quantity.joules(ci95.get(0)) + " to " + Quantity.joules(ci95.get(1)) + ")";
  }

  /** Where it comes from, or why there is none. */
  static String origin(@Nullable EnergyJson energy) {
    if (energy == null) {
      return "not measured in this run";
    }
    switch (energy.kind()) {
      case MEASURED -> {
        String title = energy.sourceTitle() == null ? energy.source() : energy.sourceTitle();
        String domains =
            energy.domains().isEmpty() ? "" : ": " + String.join(", ", energy.domains());
        return "measured, " + title + domains;
      }
      case ESTIMATED -> {
        return "estimated, not measured: " + energy.model();
      }
      default -> {
        return energy.reason() == null ? "no reason given" : energy.reason();
      }
    }
  }
}
