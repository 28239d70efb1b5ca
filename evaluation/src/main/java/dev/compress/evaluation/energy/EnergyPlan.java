package dev.compress.evaluation.energy;

/**
 * Whether and how an evaluation measures energy.
 *
 * @param choice of the source
 * @param measuredOnly whether it is an error if there is no sensor
 * @param settings how long and how finely
 */
public record EnergyPlan(EnergyChoice choice, boolean measuredOnly, EnergySettings settings) {
  /** No energy. */
  public static final EnergyPlan NONE =
      new EnergyPlan(EnergyChoice.NONE, false, EnergySettings.usual(0));
}
