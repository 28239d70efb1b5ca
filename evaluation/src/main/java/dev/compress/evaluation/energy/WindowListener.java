package dev.compress.evaluation.energy;

/**
 * Told of every measured window, warm-up and idle excluded: for whoever records latency as well.
 */
public interface WindowListener {
  /** Does nothing. */
  WindowListener NONE =
      new WindowListener() {
        @Override
        public void begins(int workload, int round) {}

        @Override
        public void ends(Window window) {}
      };

  /**
   * The next runs belong to a window; a few that align it with the counter's ticks come first.
   *
   * @param workload its index
   * @param round the round, from 0
   */
  void begins(int workload, int round);

  /**
   * It ended.
   *
   * @param window with whether it counts
   */
  void ends(Window window);
}
