package dev.compress.progress;

import dev.compress.error.CancelledException;

/**
 * Told how far the work has come, and asked whether to go on. Implementations are called from
 * worker threads and must be thread-safe.
 */
public interface Progress {
  /** Reports nothing and never cancels. */
  Progress NONE =
      new Progress() {
        @Override
        public void begin(String stage, long total) {}

        @Override
        public void advance(long steps) {}

        @Override
        public boolean cancelled() {
          return false;
        }
      };

  /**
   * A new stage begins; the one before it is finished.
   *
   * @param stage a short text for people, such as "calibrate"
   * @param total its number of steps, or -1 if unknown
   */
  void begin(String stage, long total);

  /**
   * Steps of the current stage were done.
   *
   * @param steps how many, since the last call
   */
  void advance(long steps);

  /**
   * What is to be seen beside how far the stage is, until the next one begins.
   *
   * @param text short, such as "loss 0.41"
   */
  default void status(String text) {}

  /**
   * Whether the caller wants the work to stop.
   *
   * @return true to stop at the next safe point
   */
  boolean cancelled();

  /**
   * The wish to stop was heeded: no more is begun, and what is done is put away properly, which the
   * same wish does not stop.
   */
  default void heeded() {}

  /**
   * Stops here if the caller wants to.
   *
   * @throws CancelledException if {@link #cancelled()}
   */
  default void check() {
    if (cancelled()) {
      throw new CancelledException("Cancelled; nothing was written.");
    }
  }
}
