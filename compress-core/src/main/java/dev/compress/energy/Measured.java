package dev.compress.energy;

import dev.compress.metric.Interval;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Energy that a sensor counted.
 *
 * @param joules a sample, total: with what the machine takes when idle
 * @param ci95 the 95% confidence interval of the total: statistical, so without the sensor's own
 *     gain error, which cancels in a ratio on the same device
 * @param expandedUncertaintyJoules {@code U = 2 u_c}: that interval's spread together with the idle
 *     baseline's and the sensor's resolution
 * @param idle the same net of idle; null where no baseline was measured
 * @param windowJoules joules a sample in each window that counted, in the order of the rounds:
 *     windows of one run at one index are neighbours in time
 * @param stable false if the interval is wider than was asked for
 * @param provenance where it comes from
 * @param warnings what a reader should know
 */
public record Measured(
    double joules,
    Interval ci95,
    double expandedUncertaintyJoules,
    @Nullable Idle idle,
    List<Double> windowJoules,
    boolean stable,
    Provenance provenance,
    List<String> warnings)
    implements EnergyReading {
  /** Copies. */
  public Measured {
    windowJoules = List.copyOf(windowJoules);
    warnings = List.copyOf(warnings);
  }

  @Override
  public Kind kind() {
    return Kind.MEASURED;
  }

  /**
   * What the machine takes with the session loaded and nothing to do.
   *
   * @param watts mean of the windows before and after
   * @param driftWatts after minus before; null if the sensor was gone before the second look, and
   *     then no part of {@code netCi95}
   * @param netJoules a sample, less what idling would have taken in the same time
   * @param netCi95 its 95% confidence interval, the baseline's uncertainty included
   */
  public record Idle(
      double watts, @Nullable Double driftWatts, double netJoules, Interval netCi95) {}
}
