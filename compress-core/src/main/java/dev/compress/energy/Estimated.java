package dev.compress.energy;

import java.util.List;

/**
 * Energy that a model makes of something else. It is no measurement and cannot be made into one; it
 * is printed with "~", the model's name, its range and two significant figures.
 *
 * @param lowJoules a sample, if every unknown is at its low end
 * @param centralJoules a sample, in the middle
 * @param highJoules a sample, if every unknown is at its high end
 * @param model the model's name and its inputs
 * @param scope what it holds and what it leaves out
 * @param inferences samples it is scaled from
 * @param warnings what a reader should know
 */
public record Estimated(
    double lowJoules,
    double centralJoules,
    double highJoules,
    String model,
    String scope,
    long inferences,
    List<String> warnings)
    implements EnergyReading {
  /**
   * Copies.
   *
   * @throws IllegalArgumentException if the three are not in order
   */
  public Estimated {
    warnings = List.copyOf(warnings);
    if (!(lowJoules >= 0 && lowJoules <= centralJoules && centralJoules <= highJoules)) {
      throw new IllegalArgumentException(
          "An estimate's range must hold it: "
              + lowJoules
              + " <= "
              + centralJoules
              + " <= "
              + highJoules);
    }
  }

  @Override
  public Kind kind() {
    return Kind.ESTIMATED;
  }
}
