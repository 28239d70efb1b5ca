package dev.compress.energy;

/**
 * How a meter counts. What is declared here is a starting point: the update period and the quantum
 * are measured before they are relied on, because published values conflict.
 *
 * @param kind whether it counts joules or tells watts
 * @param resolutionJoules the unit of its numbers: differences are whole multiples of it; 0 if they
 *     are continuous
 * @param quantumJoules the smallest step that it is declared to make; at least the resolution
 * @param samplingSeconds how often a meter of power is asked; 0 for a counter
 * @param highestPlausibleWatts more than this in a domain is a fault of the meter
 * @param longestUnreadSeconds it must be read at least so often, or joules are lost (a counter
 *     wraps, a log forgets); infinite if there is no such limit
 */
public record MeterTraits(
    Kind kind,
    double resolutionJoules,
    double quantumJoules,
    double samplingSeconds,
    double highestPlausibleWatts,
    double longestUnreadSeconds) {
  /** What a meter tells. */
  public enum Kind {
    /** Joules since some instant: exact over any window, up to its quantum and staleness. */
    COUNTER,
    /** Watts at instants, which are integrated: what happens between two samples is not seen. */
    POWER
  }

  /** A power that no domain of a computer under test reaches. */
  public static final double IMPLAUSIBLE_WATTS = 5000;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if one is negative or no number
   */
  public MeterTraits {
    if (!(resolutionJoules >= 0)
        || !(quantumJoules >= 0)
        || !(samplingSeconds >= 0)
        || !(highestPlausibleWatts > 0)
        || !(longestUnreadSeconds > 0)) {
      throw new IllegalArgumentException(
          "Traits of a meter must not be negative: "
              + resolutionJoules
              + " J, "
              + quantumJoules
              + " J, "
              + samplingSeconds
              + " s, "
              + highestPlausibleWatts
              + " W, "
              + longestUnreadSeconds
              + " s");
    }
  }

  /**
   * A counter that never needs to be read in between.
   *
   * @param resolutionJoules the unit of its numbers
   */
  public static MeterTraits counter(double resolutionJoules) {
    return new MeterTraits(
        Kind.COUNTER,
        resolutionJoules,
        resolutionJoules,
        0,
        IMPLAUSIBLE_WATTS,
        Double.POSITIVE_INFINITY);
  }

  /**
   * A meter of power.
   *
   * @param samplingSeconds how often it is asked
   */
  public static MeterTraits power(double samplingSeconds) {
    return new MeterTraits(
        Kind.POWER, 0, 0, samplingSeconds, IMPLAUSIBLE_WATTS, PowerTrace.KEPT_SECONDS / 2);
  }
}
