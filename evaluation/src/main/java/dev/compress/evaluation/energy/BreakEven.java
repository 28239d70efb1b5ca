package dev.compress.evaluation.energy;

import dev.compress.energy.EnergyJson;
import dev.compress.energy.EnergyReading;
import dev.compress.energy.Estimated;
import dev.compress.energy.Measured;
import dev.compress.energy.RunEnergy;
import dev.compress.energy.Unavailable;
import dev.compress.metric.Interval;
import java.util.List;

/** After how many inferences a compression has saved the energy that it took. */
public sealed interface BreakEven {
  /**
   * It pays off, by measurements.
   *
   * @param inferences samples until then
   * @param ci95 its 95% confidence interval, from the energies' ratio
   */
  record After(long inferences, Interval ci95) implements BreakEven {}

  /**
   * It pays off, by estimates of one model: told with "~" like them.
   *
   * @param estimatedInferences samples until then, with two significant figures
   * @param low where the model's unknowns make it come earliest
   * @param high where they make it come latest
   */
  record EstimatedAfter(long estimatedInferences, long low, long high) implements BreakEven {}

  /**
   * It cannot be told, or never pays off.
   *
   * @param reason why
   */
  record Never(String reason) implements BreakEven {}

  /**
   * {@code E_compression / (E_baseline - E_variant)}, all of them measured by the same meter, or
   * all of them estimated by the same model.
   *
   * @param compression what the compression took
   * @param baseline a sample before
   * @param variant a sample after
   */
  static BreakEven of(RunEnergy compression, EnergyReading baseline, EnergyReading variant) {
    if (compression.kind() == EnergyReading.Kind.UNAVAILABLE) {
      return new Never("The energy of the compression is unknown: " + compression.reason());
    }
    for (EnergyReading reading : List.of(baseline, variant)) {
      if (reading instanceof Unavailable unknown) {
        return new Never("The energy of a sample is unknown: " + unknown.reason());
      }
    }
    if (baseline instanceof Measured a && variant instanceof Measured b) {
      return ofMeasured(compression, a, b);
    }
    if (baseline instanceof Estimated a && variant instanceof Estimated b) {
      return ofEstimated(compression, a, b);
    }
    return new Never("A measured energy and an estimated one are not compared.");
  }

  private static BreakEven ofMeasured(RunEnergy compression, Measured a, Measured b) {
    Double spent = compression.energyJ();
    if (spent == null) {
      return new Never(
          "The energy of the compression was estimated and that of the inferences measured: the two"
              + " are not compared.");
    }
    if (!a.provenance().domains().equals(compression.domains())
        || !a.provenance().source().equals(compression.source())) {
      return new Never(
          "The compression was metered by "
              + compression.source()
              + " over "
              + compression.domains()
              + " and the inferences by "
              + a.provenance().source()
              + " over "
              + a.provenance().domains()
              + ".");
    }
    EnergyComparison comparison = EnergyComparison.of(a, b);
    if (comparison instanceof EnergyComparison.NoRatio none) {
      return new Never(none.reason());
    }
    EnergyComparison.Ratio ratio = (EnergyComparison.Ratio) comparison;
    if (!(ratio.ci95().high() < 1)) {
      return new Never("The variant does not save energy beyond doubt.");
    }
    return new After(
        (long) Math.ceil(spent / saving(a, ratio.value())),
        new Interval(
            spent / saving(a, ratio.ci95().low()), spent / saving(a, ratio.ci95().high())));
  }

  private static double saving(Measured baseline, double ratio) {
    return baseline.joules() * (1 - ratio);
  }

  /** The model's unknowns are the same in all three: their low ends belong together. */
  private static BreakEven ofEstimated(RunEnergy compression, Estimated a, Estimated b) {
    Double spent = compression.energyEstimatedJ();
    List<Double> range = compression.estimatedRangeJ();
    if (spent == null || range == null) {
      return new Never(
          "The energy of the compression was measured and that of the inferences estimated: the two"
              + " are not compared.");
    }
    if (!a.model().equals(b.model()) || !a.model().equals(compression.model())) {
      return new Never(
          "The compression was estimated by "
              + compression.model()
              + " and the inferences by "
              + a.model()
              + ".");
    }
    double central = spent / (a.centralJoules() - b.centralJoules());
    double atLow = range.get(0) / (a.lowJoules() - b.lowJoules());
    double atHigh = range.get(1) / (a.highJoules() - b.highJoules());
    for (double inferences : new double[] {central, atLow, atHigh}) {
      if (!(inferences > 0 && inferences < Long.MAX_VALUE)) {
        return new Never("The variant does not save energy by the estimate, or not for certain.");
      }
    }
    return new EstimatedAfter(
        rounded(central),
        rounded(Math.min(central, Math.min(atLow, atHigh))),
        rounded(Math.max(central, Math.max(atLow, atHigh))));
  }

  private static long rounded(double inferences) {
    return (long) Math.ceil(EnergyJson.twoFigures(inferences));
  }
}
