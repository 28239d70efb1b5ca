package dev.compress.progress;

/**
 * Progress of work that can end early and still be worth having: once it has heeded the wish to
 * stop, what is left to put it away is not stopped by that wish any more.
 */
public final class HeedingProgress implements Progress {
  private final Progress progress;
  private volatile boolean heeded;

  /**
   * Over another.
   *
   * @param progress told everything; asked whether to stop
   */
  public HeedingProgress(Progress progress) {
    this.progress = progress;
  }

  /** From now on nothing is stopped. */
  public void heed() {
    heeded = true;
    progress.heeded();
  }

  @Override
  public void begin(String stage, long total) {
    progress.begin(stage, total);
  }

  @Override
  public void advance(long steps) {
    progress.advance(steps);
  }

  @Override
  public void status(String text) {
    progress.status(text);
  }

  @Override
  public boolean cancelled() {
    return !heeded && progress.cancelled();
  }

  @Override
  public void heeded() {
    heed();
  }
}
