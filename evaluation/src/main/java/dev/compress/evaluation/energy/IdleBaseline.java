package dev.compress.evaluation.energy;

import dev.compress.evaluation.energy.WindowTaker.Taken;
import java.util.ArrayList;
import java.util.List;

/** Power with the sessions loaded and nothing to do, before and after. */
final class IdleBaseline {
  private final List<Double> watts = new ArrayList<>();
  private final List<String> disturbances = new ArrayList<>();

  void add(Taken taken, List<String> disturbed) {
    watts.add(taken.watts());
    disturbances.addAll(disturbed);
  }

  boolean isKnown() {
    return !watts.isEmpty();
  }

  double watts() {
    return watts.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
  }

  /** After minus before; 0 if there is only one. */
  double driftWatts() {
    return watts.get(watts.size() - 1) - watts.get(0);
  }

  /** The baseline lay anywhere between the two: a rectangular distribution. */
  double standardUncertaintyWatts() {
    return Math.abs(driftWatts()) / 2 / Math.sqrt(3);
  }

  List<String> disturbances() {
    return disturbances;
  }
}
