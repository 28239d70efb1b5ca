package dev.compress.energy;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Time as a meter sees it, so that a test can let it pass at will. */
public interface TimeSource {
  /** A monotonic instant in nanoseconds, of no meaning by itself. */
  long nanos();

  /**
   * Waits.
   *
   * @param nanos how long
   */
  void pause(long nanos);

  /**
   * Does a task again and again, beside the caller.
   *
   * @param periodNanos from one start to the next
   * @param task must not throw
   * @return ends it, and returns when the task no longer runs
   */
  Ticking every(long periodNanos, Runnable task);

  /** A task that is done again and again. */
  interface Ticking extends AutoCloseable {
    @Override
    void close();
  }

  /** This machine's. */
  static TimeSource system() {
    return SystemTime.INSTANCE;
  }

  /** {@link System#nanoTime} and a daemon thread for each task. */
  enum SystemTime implements TimeSource {
    /** The only one. */
    INSTANCE;

    private static final long LONGEST_STOP_SECONDS = 10;

    @Override
    public long nanos() {
      return System.nanoTime();
    }

    @Override
    public void pause(long nanos) {
      long end = System.nanoTime() + nanos;
      for (long left = nanos; left > 0; left = end - System.nanoTime()) {
        if (Thread.currentThread().isInterrupted()) {
          return; // whoever interrupts wants the caller to look at its cancellation
        }
        LockSupport.parkNanos(left);
      }
    }

    @Override
    public Ticking every(long periodNanos, Runnable task) {
      ScheduledExecutorService thread =
          Executors.newSingleThreadScheduledExecutor(
              work -> {
                Thread made = new Thread(work, "compress-energy");
                made.setDaemon(true);
                return made;
              });
      var unused = thread.scheduleAtFixedRate(task, 0, periodNanos, TimeUnit.NANOSECONDS);
      return () -> {
        thread.shutdownNow();
        try {
          if (!thread.awaitTermination(LONGEST_STOP_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("A sensor's thread does not end");
          }
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      };
    }
  }
}
