package dev.compress.energy;

/** What was found when a source of energy was looked for. Nothing is measured by looking. */
public sealed interface SensorFinding {
  /** The name by which the source is asked for, such as "rapl". */
  String source();

  /** Where it is and what it counts, or why it is not there. */
  String detail();

  /**
   * It is there and can be read.
   *
   * @param source its name
   * @param detail where, and which domains
   * @param opener opens it
   */
  record Found(String source, String detail, Opener opener) implements SensorFinding {}

  /**
   * It is there, and something is missing.
   *
   * @param source its name
   * @param detail what is in the way
   * @param advice the command or the act that enables it
   */
  record Unreadable(String source, String detail, String advice) implements SensorFinding {}

  /**
   * It is not there.
   *
   * @param source its name
   * @param detail what was looked for
   */
  record Absent(String source, String detail) implements SensorFinding {}

  /** Opens a meter. */
  @FunctionalInterface
  interface Opener {
    /**
     * Opens it; the caller closes it.
     *
     * @throws dev.compress.error.DeviceUnavailableException if it cannot be read after all
     */
    EnergyMeter open();
  }
}
