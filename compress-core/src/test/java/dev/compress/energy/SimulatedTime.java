package dev.compress.energy;

import java.util.ArrayList;
import java.util.List;

/** Time that passes only when somebody waits or works, and as fast as that can be computed. */
public final class SimulatedTime implements TimeSource {
  private final List<Task> tasks = new ArrayList<>();
  private long now;
  private boolean running;

  /** Starts at an instant. */
  public SimulatedTime(long startNanos) {
    this.now = startNanos;
  }

  @Override
  public long nanos() {
    return now;
  }

  /** Lets time pass, and does what is due meanwhile. */
  @Override
  public void pause(long nanos) {
    long end = now + nanos;
    if (!running) {
      running = true;
      try {
        for (Task next = due(end); next != null; next = due(end)) {
          now = Math.max(now, next.at);
          next.at += next.period;
          next.work.run();
        }
      } finally {
        running = false;
      }
    }
    now = Math.max(now, end);
  }

  private @org.jspecify.annotations.Nullable Task due(long end) {
    Task first = null;
    for (Task task : tasks) {
      if (task.at <= end && (first == null || task.at < first.at)) {
        first = task;
      }
    }
    return first;
  }

  @Override
  public Ticking every(long periodNanos, Runnable work) {
    Task task = new Task(now + periodNanos, periodNanos, work);
    tasks.add(task);
    return () -> tasks.remove(task);
  }

  private static final class Task {
    private final long period;
    private final Runnable work;
    private long at;

    Task(long at, long period, Runnable work) {
      this.at = at;
      this.period = period;
      this.work = work;
    }
  }
}
