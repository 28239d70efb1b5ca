package dev.compress.timing;

import java.io.Serializable;

/**
 * How long and how finely to measure.
 *
 * @param seconds the budget for everything, warm-up included; it is passed only by what the fewest
 *     rounds take
 * @param blockSeconds how long one variant runs before the next has its turn: short, so that both
 *     meet the same disturbances
 * @param fewestRounds rounds to make even if that takes longer than the budget, at least 1
 * @param seed for the order of the variants within each round
 */
public record TimingSettings(double seconds, double blockSeconds, int fewestRounds, long seed)
    implements Serializable {
  private static final double USUAL_BLOCK_SECONDS = 0.02;

  /** With fewer a 95% interval cannot be had: see {@link LatencyRatio}. */
  private static final int USUAL_FEWEST_ROUNDS = 6;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if a number is not positive
   */
  public TimingSettings {
    if (!(seconds > 0) || !(blockSeconds > 0) || fewestRounds < 1) {
      throw new IllegalArgumentException(
          "Seconds, block seconds and rounds must be positive: "
              + seconds
              + ", "
              + blockSeconds
              + ", "
              + fewestRounds);
    }
  }

  /** A budget, with blocks of 20 ms and at least 6 rounds. */
  public static TimingSettings ofSeconds(double seconds, long seed) {
    return new TimingSettings(seconds, USUAL_BLOCK_SECONDS, USUAL_FEWEST_ROUNDS, seed);
  }
}
