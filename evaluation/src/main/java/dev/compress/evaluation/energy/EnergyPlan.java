package dev.compress.evaluation.energy;

import java.nio.file.Path;
import java.util.List;

/**
 * Whether and how an evaluation measures energy.
 *
 * @param choice of the source
 * @param measuredOnly whether it is an error if there is no sensor
 * @param settings how long and how finely
 * @param rates what carbon and money a joule stands for
 * @param transformReports JSON reports of the transformations that made the variants, besides those
 *     that lie beside them: their own energy is what a variant has to pay back
 */
public record EnergyPlan(
    EnergyChoice choice,
    boolean measuredOnly,
    EnergySettings settings,
    Footprint.Rates rates,
    List<Path> transformReports) {
  /** Copies. */
  public EnergyPlan {
    transformReports = List.copyOf(transformReports);
  }

  /** No energy. */
  public static final EnergyPlan NONE =
      new EnergyPlan(EnergyChoice.NONE, false, EnergySettings.usual(0));

  /** A plan without carbon and money. */
  public EnergyPlan(EnergyChoice choice, boolean measuredOnly, EnergySettings settings) {
    this(choice, measuredOnly, settings, new Footprint.Rates(null, 1, null), List.of());
  }
}
