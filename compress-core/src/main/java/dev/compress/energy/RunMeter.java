package dev.compress.energy;

import dev.compress.error.DeviceUnavailableException;
import org.jspecify.annotations.Nullable;

/**
 * Meters a whole piece of work, however long: reads the meter often enough that no wrap is missed.
 * It closes the meter.
 */
public final class RunMeter implements RunAccount {
  private static final double NANOS = 1e9;

  /** A counter is read at least this often, or its range would have to be trusted. */
  private static final double LONGEST_PAUSE_SECONDS = 60;

  private final EnergyMeter meter;
  private final TimeSource time;
  private final long startNanos;
  private final TimeSource.@Nullable Ticking ticking;
  private @Nullable Mark last;
  private @Nullable String failure;
  private double joules;
  private boolean closed;

  /**
   * Begins.
   *
   * @param meter is closed with this
   * @param time the meter's
   */
  public RunMeter(EnergyMeter meter, TimeSource time) {
    this.meter = meter;
    this.time = time;
    this.startNanos = time.nanos();
    try {
      this.last = meter.mark();
    } catch (DeviceUnavailableException e) {
      this.failure = String.valueOf(e.getMessage());
    }
    double unread = meter.description().traits().longestUnreadSeconds();
    this.ticking =
        failure != null
            ? null
            : time.every(
                (long) (Math.min(LONGEST_PAUSE_SECONDS, unread / 2) * NANOS), this::advance);
  }

  /** A failed read in between is no loss if the next one works: a counter goes on counting. */
  private synchronized void advance() {
    if (closed) {
      return;
    }
    try {
      take();
    } catch (DeviceUnavailableException e) {
      failure = String.valueOf(e.getMessage());
    }
  }

  private void take() {
    Mark before = last;
    if (before == null) {
      return;
    }
    Mark now = meter.mark();
    if (now.nanos() > before.nanos()) {
      double seconds = (now.nanos() - before.nanos()) / NANOS;
      for (double delta : meter.joulesBetween(before, now)) {
        if (delta > seconds * meter.description().traits().highestPlausibleWatts()) {
          throw new DeviceUnavailableException(
              meter.description().title() + " claims " + delta + " J in " + seconds + " s.");
        }
        joules += delta;
      }
      last = now;
      failure = null;
    }
  }

  @Override
  public RunEnergy stop() {
    advance();
    close();
    return result();
  }

  private synchronized RunEnergy result() {
    Mark end = last;
    String why = failure;
    double seconds = ((end == null ? time.nanos() : end.nanos()) - startNanos) / NANOS;
    if (end == null || why != null) {
      return RunEnergy.unavailable(seconds, why == null ? "the meter could not be read" : why);
    }
    return RunEnergy.measured(joules, seconds, meter.description());
  }

  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    // Not under the lock: the ticking thread may be waiting for it.
    if (ticking != null) {
      ticking.close();
    }
    meter.close();
  }
}
