package dev.compress.evaluation.energy;

import dev.compress.evaluation.energy.WindowTaker.Taken;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

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

  /** After minus before; null if there is only one. */
  @Nullable Double driftWatts() {
    return watts.size() < 2 ? null : (Double) (watts.get(watts.size() - 1) - watts.get(0));
  }

  /**
   * The baseline lay anywhere between the two: a rectangular distribution. Of a single one nothing
   * is known.
   */
  double standardUncertaintyWatts() {
    Double drift = driftWatts();
    return drift == null ? Double.NaN : Math.abs(drift) / 2 / Math.sqrt(3);
  }

  List<String> disturbances() {
    return disturbances;
  }
}
