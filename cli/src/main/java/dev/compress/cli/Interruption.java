package dev.compress.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Ctrl-C: tells the work to stop and gives it time to take its temporary files away before the
 * process ends.
 */
final class Interruption {
  private static final long PATIENCE_SECONDS = 10;

  private final AtomicBoolean requested = new AtomicBoolean();
  private final CountDownLatch finished = new CountDownLatch(1);

  /** Listens from now on. */
  static Interruption listen() {
    Interruption interruption = new Interruption();
    Runtime.getRuntime().addShutdownHook(new Thread(interruption::stop, "interruption"));
    return interruption;
  }

  private void stop() {
    requested.set(true);
    try {
      finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Set once the user wants the work to stop. */
  AtomicBoolean requested() {
    return requested;
  }

  /** The work is over and its messages are printed: the process may end. */
  void finished() {
    finished.countDown();
  }
}
