package dev.compress.evaluation.energy;

import java.util.List;

/**
 * One window of one workload.
 *
 * @param workload its index
 * @param round the round that it belongs to, from 0
 * @param seconds from its first mark to its last
 * @param runs of the model within it
 * @param joules counted, one a domain; empty if the meter failed
 * @param disturbances why it does not count, or is to be doubted; empty if it is good
 * @param counts whether it is part of the result
 */
public record Window(
    int workload,
    int round,
    double seconds,
    long runs,
    List<Double> joules,
    List<String> disturbances,
    boolean counts) {
  /** Copies. */
  public Window {
    joules = List.copyOf(joules);
    disturbances = List.copyOf(disturbances);
  }

  /** Over all domains. */
  public double totalJoules() {
    return joules.stream().mapToDouble(Double::doubleValue).sum();
  }

  /** Mean power over all domains. */
  public double watts() {
    return totalJoules() / seconds;
  }

  /** Mean time of a run. */
  public double secondsPerRun() {
    return seconds / runs;
  }
}
