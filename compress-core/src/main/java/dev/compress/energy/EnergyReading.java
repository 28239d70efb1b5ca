package dev.compress.energy;

import java.util.List;

/**
 * How much energy one inference takes, and what kind of number that is. A measurement, an estimate
 * and an unknown have no number in common: there is nothing here to add or to divide, so that they
 * are never mixed. Only two {@link Measured} have a ratio.
 */
public sealed interface EnergyReading permits Measured, Estimated, Unavailable {
  /** The kinds. */
  enum Kind {
    /** Read from a sensor. */
    MEASURED,
    /** Computed by a model from something else. */
    ESTIMATED,
    /** Unknown: neither zero nor a guess. */
    UNAVAILABLE
  }

  /** Which kind. */
  Kind kind();

  /** What a reader of the number should know. */
  List<String> warnings();
}
