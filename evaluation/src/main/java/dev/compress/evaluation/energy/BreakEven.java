package dev.compress.evaluation.energy;

import dev.compress.energy.EnergyReading;
import dev.compress.energy.Measured;
import dev.compress.energy.RunEnergy;
import dev.compress.metric.Interval;

/** After how many inferences a compression has saved the energy that it took. */
public sealed interface BreakEven {
  /**
   * It pays off.
   *
   * @param inferences samples until then
   * @param ci95 its 95% confidence interval, from the energies' ratio
   */
  record After(long inferences, Interval ci95) implements BreakEven {}

  /**
   * It cannot be told, or never pays off.
   *
   * @param reason why
   */
  record Never(String reason) implements BreakEven {}

  /**
   * {@code E_compression / (E_baseline - E_variant)}, all of them measured by the same meter.
   *
   * @param compression what the compression took
   * @param baseline a sample before
   * @param variant a sample after
   */
  static BreakEven of(RunEnergy compression, EnergyReading baseline, EnergyReading variant) {
    Double spent = compression.energyJ();
    if (spent == null) {
      return new Never("The energy of the compression is unknown: " + compression.reason());
    }
    if (!(baseline instanceof Measured a) || !(variant instanceof Measured b)) {
      return new Never(
          "A measured compression cannot be paid back in energies that are not measured.");
    }
    if (!a.provenance().domains().equals(compression.domains())) {
      return new Never(
          "The compression was metered over "
              + compression.domains()
              + " and the inferences over "
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
}
