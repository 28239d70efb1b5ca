package dev.compress.evaluation.energy;

/**
 * How long and how finely to measure energy.
 *
 * @param minWindowSeconds the shortest window; what the sensor needs comes on top
 * @param resolution the share of a window's energy that the sensor's update period and quantum may
 *     be: a window is at least {@code max(T_u, q / P) / resolution} long
 * @param targetHalfWidth stop when every interval's half is at most this share of its mean
 * @param fewestRounds windows a workload at least, 2 or more
 * @param mostRounds windows a workload at most; who has not reached the target by then is unstable
 * @param longestWarmupSeconds when a workload that is not steady yet is measured anyway
 * @param seed for the order within the rounds
 */
public record EnergySettings(
    double minWindowSeconds,
    double resolution,
    double targetHalfWidth,
    int fewestRounds,
    int mostRounds,
    double longestWarmupSeconds,
    long seed) {
  private static final double USUAL_WINDOW_SECONDS = 10;
  private static final double USUAL_RESOLUTION = 0.01;
  private static final double USUAL_WARMUP_SECONDS = 60;
  private static final double QUICK_RESOLUTION = 0.1;
  private static final double USUAL_HALF_WIDTH = 0.02;
  private static final int USUAL_FEWEST = 5;
  private static final int USUAL_MOST = 30;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if one is out of range
   */
  public EnergySettings {
    if (!(minWindowSeconds > 0)
        || !(resolution > 0 && resolution <= 1)
        || !(targetHalfWidth > 0)
        || fewestRounds < 2
        || mostRounds < fewestRounds) {
      throw new IllegalArgumentException(
          "Energy settings are out of range: window "
              + minWindowSeconds
              + " s, resolution "
              + resolution
              + ", half width "
              + targetHalfWidth
              + ", rounds "
              + fewestRounds
              + " to "
              + mostRounds);
    }
  }

  /** With a minute of warm-up at most. */
  public EnergySettings(
      double minWindowSeconds,
      double resolution,
      double targetHalfWidth,
      int fewestRounds,
      int mostRounds,
      long seed) {
    this(
        minWindowSeconds,
        resolution,
        targetHalfWidth,
        fewestRounds,
        mostRounds,
        USUAL_WARMUP_SECONDS,
        seed);
  }

  /** Ten-second windows, five to thirty of them, down to 2%: as MLPerf Tiny's shortest. */
  public static EnergySettings usual(long seed) {
    return new EnergySettings(
        USUAL_WINDOW_SECONDS, USUAL_RESOLUTION, USUAL_HALF_WIDTH, USUAL_FEWEST, USUAL_MOST, seed);
  }

  /** One-second windows: a first look. */
  public static EnergySettings quick(long seed) {
    return new EnergySettings(
        1, QUICK_RESOLUTION, USUAL_HALF_WIDTH, USUAL_FEWEST, USUAL_MOST, seed);
  }

  /** The same with other windows. */
  public EnergySettings withMinWindowSeconds(double seconds) {
    return new EnergySettings(
        seconds, resolution, targetHalfWidth, fewestRounds, mostRounds, longestWarmupSeconds, seed);
  }

  /** The same with other numbers of rounds. */
  public EnergySettings withRounds(int fewest, int most) {
    return new EnergySettings(
        minWindowSeconds, resolution, targetHalfWidth, fewest, most, longestWarmupSeconds, seed);
  }

  /** The same with another limit of the warm-up. */
  public EnergySettings withLongestWarmupSeconds(double seconds) {
    return new EnergySettings(
        minWindowSeconds, resolution, targetHalfWidth, fewestRounds, mostRounds, seconds, seed);
  }
}
