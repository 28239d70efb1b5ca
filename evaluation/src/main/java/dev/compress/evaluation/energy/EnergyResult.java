package dev.compress.evaluation.energy;

import dev.compress.energy.EnergyReading;
import java.util.ArrayList;
import java.util.List;

/**
 * What a measurement found.
 *
 * @param readings one a workload, in the order given
 * @param windows every window taken, the rejected ones included, in the order of time
 * @param rounds how often each workload had its turn
 * @param seconds how long everything took
 */
public record EnergyResult(
    List<EnergyReading> readings, List<Window> windows, int rounds, double seconds) {
  /** Copies. */
  public EnergyResult {
    readings = List.copyOf(readings);
    windows = List.copyOf(windows);
  }

  /** Each workload's energy over that of one of them. */
  public List<EnergyComparison> comparedTo(int baseline) {
    List<EnergyComparison> comparisons = new ArrayList<>();
    for (EnergyReading reading : readings) {
      comparisons.add(EnergyComparison.of(readings.get(baseline), reading));
    }
    return comparisons;
  }
}
