package dev.compress.evaluation.energy;

import dev.compress.energy.EnergyReading;
import dev.compress.energy.Estimated;
import dev.compress.energy.Unavailable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Estimates of several workloads that take turns. Each one's reading is that of its middle round:
 * other work on the machine makes some rounds dearer, which says nothing of the workload. Not
 * thread-safe.
 */
public final class EstimateRounds {
  /** Turns of each workload. */
  public static final int ROUNDS = 5;

  private final List<List<EnergyReading>> readings = new ArrayList<>();

  /**
   * Without a reading yet.
   *
   * @param workloads how many there are
   */
  public EstimateRounds(int workloads) {
    for (int i = 0; i < workloads; i++) {
      readings.add(new ArrayList<>());
    }
  }

  /**
   * Whose turn it is: forwards and backwards, so that none is always behind the same other.
   *
   * @param round from 0
   */
  public List<Integer> order(int round) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < readings.size(); i++) {
      order.add(round % 2 == 0 ? i : readings.size() - 1 - i);
    }
    return order;
  }

  /**
   * Adds a round's reading.
   *
   * @param workload its index
   * @param reading estimated, or unavailable
   */
  public void add(int workload, EnergyReading reading) {
    readings.get(workload).add(reading);
  }

  /**
   * A workload's reading.
   *
   * @param workload its index
   * @return the estimate in the middle, with the samples of all rounds; else why there is none
   */
  public EnergyReading reading(int workload) {
    List<Estimated> estimates =
        readings.get(workload).stream()
            .filter(Estimated.class::isInstance)
            .map(Estimated.class::cast)
            .sorted(Comparator.comparingDouble(Estimated::centralJoules))
            .toList();
    if (estimates.isEmpty()) {
      return readings.get(workload).stream()
          .findFirst()
          .orElseGet(() -> new Unavailable("the model ended before its energy was estimated"));
    }
    Estimated middle = estimates.get(estimates.size() / 2);
    return new Estimated(
        middle.lowJoules(),
        middle.centralJoules(),
        middle.highJoules(),
        middle.model(),
        middle.scope(),
        estimates.stream().mapToLong(Estimated::inferences).sum(),
        middle.warnings());
  }
}
