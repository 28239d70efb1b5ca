package dev.compress.energy;

import java.util.List;

/**
 * Where a measured number comes from.
 *
 * @param source the meter's name, such as "rapl"
 * @param title the meter in words
 * @param domains what was summed
 * @param scope what the total holds and what it leaves out
 * @param sensor how the meter was found to count
 * @param windows what was measured
 */
public record Provenance(
    String source,
    String title,
    List<String> domains,
    String scope,
    SensorTiming sensor,
    Windows windows) {
  /** Copies. */
  public Provenance {
    domains = List.copyOf(domains);
  }

  /**
   * How a meter was found to count, on this machine, before the measurement.
   *
   * @param updatePeriodSeconds between two changes; NaN if it was not seen to change often enough
   * @param quantumJoules the smallest step
   * @param aligned whether windows began and ended on a change of the counter
   */
  public record SensorTiming(double updatePeriodSeconds, double quantumJoules, boolean aligned) {}

  /**
   * The windows behind a number.
   *
   * @param count windows that counted
   * @param rejected windows that were disturbed and measured again
   * @param inferences samples in those that counted
   * @param seconds mean length of a window
   */
  public record Windows(int count, int rejected, long inferences, double seconds) {}
}
