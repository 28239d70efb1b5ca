package dev.compress.evaluation;

import dev.compress.evaluation.latency.LatencySettings;

/**
 * How to measure.
 *
 * @param threads inside an operator
 * @param batch samples a run for latency; a model that fixes its batch keeps to that
 * @param warmupSeconds at most, for each variant; it ends earlier once times are steady
 * @param windowSeconds of one variant's turn
 * @param fewestRounds turns of every variant at least, 5 or more for an interval worth its name
 * @param mostRounds turns at most
 * @param seed for the order within the rounds
 */
public record EvaluationSettings(
    int threads,
    int batch,
    double warmupSeconds,
    double windowSeconds,
    int fewestRounds,
    int mostRounds,
    long seed) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if one is out of range; the message says what it may be
   */
  public EvaluationSettings {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be 1 or more, not " + threads);
    }
    if (batch < 1) {
      throw new IllegalArgumentException("batch must be 1 or more, not " + batch);
    }
    if (!(warmupSeconds >= 0 && warmupSeconds <= 3600)) {
      throw new IllegalArgumentException("warmup must be 0 to 3600 seconds, not " + warmupSeconds);
    }
    if (!(windowSeconds > 0 && windowSeconds <= 3600)) {
      throw new IllegalArgumentException(
          "min-window must be over 0 and at most 3600 seconds, not " + windowSeconds);
    }
    if (fewestRounds < 2 || mostRounds < fewestRounds) {
      throw new IllegalArgumentException(
          "rounds must be 2 or more, and not more at least than at most: "
              + fewestRounds
              + ", "
              + mostRounds);
    }
  }

  /** One thread, batch 1, windows of one second, 5 to 30 rounds. */
  public static EvaluationSettings usual() {
    return new EvaluationSettings(1, 1, 10, 1, 5, 30, 0);
  }

  /** What of it times runs. */
  LatencySettings ofLatency() {
    return new LatencySettings(warmupSeconds, windowSeconds, fewestRounds, mostRounds, seed);
  }
}
