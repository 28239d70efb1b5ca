package dev.compress.evaluation.energy;

import dev.compress.energy.EnergyReading;
import dev.compress.energy.Estimated;
import dev.compress.energy.Measured;
import dev.compress.energy.Unavailable;
import dev.compress.evaluation.statistics.StudentInterval;
import dev.compress.metric.Interval;
import java.util.ArrayList;
import java.util.List;

/** One variant's energy over the baseline's: a ratio of two measurements, or why there is none. */
public sealed interface EnergyComparison {
  /**
   * A ratio.
   *
   * @param value variant over baseline; under 1 takes less
   * @param ci95 its 95% confidence interval
   * @param pairs rounds in which both were measured; 0 if the two were not measured in turn
   */
  record Ratio(double value, Interval ci95, int pairs) implements EnergyComparison {}

  /**
   * No ratio.
   *
   * @param reason why
   */
  record NoRatio(String reason) implements EnergyComparison {}

  /** Two estimates from CPU time alone. */
  String LATENCY_ONLY =
      "Both energies are scaled from CPU time alone: this is a latency ratio, not an energy"
          + " finding.";

  /**
   * Compares two readings of one run, which were measured in turn: {@code d = ln(E_B / E_A)} by
   * round, ratio {@code exp(mean d)}, interval {@code exp(mean d ± c t s_d / sqrt(k))}. What both
   * windows of a round have in common (the sensor's gain, temperature, other work) cancels.
   *
   * @param baseline A
   * @param variant B
   */
  static EnergyComparison of(EnergyReading baseline, EnergyReading variant) {
    if (baseline instanceof Measured a && variant instanceof Measured b) {
      return ofMeasured(a, b);
    }
    for (EnergyReading reading : List.of(baseline, variant)) {
      if (reading instanceof Unavailable unknown) {
        return new NoRatio("An energy is unknown: " + unknown.reason());
      }
    }
    if (baseline instanceof Estimated && variant instanceof Estimated) {
      return new NoRatio(LATENCY_ONLY);
    }
    return new NoRatio("A measured energy and an estimated one have no ratio.");
  }

  private static EnergyComparison ofMeasured(Measured a, Measured b) {
    if (!a.provenance().domains().equals(b.provenance().domains())
        || !a.provenance().source().equals(b.provenance().source())) {
      return new NoRatio(
          "The energies hold different things: "
              + a.provenance().source()
              + " "
              + a.provenance().domains()
              + " and "
              + b.provenance().source()
              + " "
              + b.provenance().domains()
              + ".");
    }
    if (!(a.joules() > 0) || !(b.joules() > 0)) {
      return new NoRatio("An energy is not positive.");
    }
    int pairs = Math.min(a.windowJoules().size(), b.windowJoules().size());
    if (pairs < 2) {
      return new NoRatio("Fewer than two rounds hold both.");
    }
    List<Double> logs = new ArrayList<>(pairs);
    for (int i = 0; i < pairs; i++) {
      logs.add(Math.log(b.windowJoules().get(i) / a.windowJoules().get(i)));
    }
    StudentInterval mean =
        StudentInterval.of(logs, StudentInterval.FOR_STOPPING)
            .plus(Math.hypot(resolution(a), resolution(b)));
    return new Ratio(
        Math.exp(mean.mean()),
        new Interval(
            Math.exp(mean.mean() - mean.halfWidth()), Math.exp(mean.mean() + mean.halfWidth())),
        pairs);
  }

  /** What the sensor's staleness and quantum add, as a share. */
  private static double resolution(Measured m) {
    double statistical =
        StudentInterval.of(m.windowJoules(), StudentInterval.FOR_STOPPING).halfWidth();
    double half = (m.ci95().high() - m.ci95().low()) / 2;
    return Math.sqrt(Math.max(0, half * half - statistical * statistical)) / m.joules();
  }
}
