package dev.compress.energy;

import java.util.List;

/**
 * Energy that is unknown.
 *
 * @param reason why, and what to do about it
 * @param warnings what a reader should know
 */
public record Unavailable(String reason, List<String> warnings) implements EnergyReading {
  /** Copies. */
  public Unavailable {
    warnings = List.copyOf(warnings);
  }

  /** Without warnings. */
  public Unavailable(String reason) {
    this(reason, List.of());
  }

  @Override
  public Kind kind() {
    return Kind.UNAVAILABLE;
  }
}
