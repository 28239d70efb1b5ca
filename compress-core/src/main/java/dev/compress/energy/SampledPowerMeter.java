package dev.compress.energy;

import dev.compress.error.DeviceUnavailableException;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A meter over a sensor of power: asks it at a steady pace beside the work and integrates. A window
 * is known as soon as a sample behind its end has come.
 */
public final class SampledPowerMeter implements EnergyMeter {
  /** How many periods to wait for the sample behind a window's end. */
  private static final int LATE_PERIODS = 20;

  private static final double NANOS = 1e9;
  private static final double FEWEST_WAIT_SECONDS = 2;

  private final MeterDescription description;
  private final Probe probe;
  private final TimeSource time;
  private final Runnable closing;
  private final PowerTrace trace;
  private final long periodNanos;
  private final TimeSource.Ticking ticking;
  private volatile @Nullable String failure;
  private boolean closed;

  /** Asks a sensor. */
  @FunctionalInterface
  public interface Probe {
    /**
     * The power now.
     *
     * @return watts, one a domain
     * @throws IOException if the sensor does not tell it
     */
    double[] watts() throws IOException;
  }

  /**
   * Opens a meter and takes the first sample.
   *
   * @param description what it is, with the pace of sampling
   * @param probe asks the sensor for as many values as there are domains
   * @param time for the samples
   * @param closing done once by {@link #close}
   * @throws DeviceUnavailableException if the sensor does not answer
   */
  public SampledPowerMeter(
      MeterDescription description, Probe probe, TimeSource time, Runnable closing) {
    this.description = description;
    this.probe = probe;
    this.time = time;
    this.closing = closing;
    this.trace = new PowerTrace(description.domains().size());
    this.periodNanos = (long) Math.max(1, description.traits().samplingSeconds() * NANOS);
    sample();
    String failed = failure;
    if (failed != null) {
      closing.run();
      throw new DeviceUnavailableException(failed);
    }
    this.ticking = time.every(periodNanos, this::sample);
  }

  private void sample() {
    // Half of the time that the answer took has passed since the sensor looked.
    long before = time.nanos();
    try {
      double[] watts = probe.watts();
      for (double value : watts) {
        if (!Double.isFinite(value)) {
          throw new IOException("the sensor tells " + value + " W");
        }
      }
      trace.add(before + (time.nanos() - before) / 2, watts);
      failure = null;
    } catch (IOException | RuntimeException e) {
      trace.addGap();
      failure =
          description.title()
              + " does not answer: "
              + (e.getMessage() == null ? e.toString() : e.getMessage());
    }
  }

  @Override
  public MeterDescription description() {
    return description;
  }

  @Override
  public Mark mark() {
    if (closed) {
      throw new IllegalStateException("The meter is closed: " + description.title());
    }
    String failed = failure;
    if (failed != null) {
      throw new DeviceUnavailableException(failed);
    }
    return new Mark(time.nanos(), List.of(), 0);
  }

  @Override
  public List<Double> joulesBetween(Mark start, Mark end) {
    long limit =
        end.nanos() + Math.max(LATE_PERIODS * periodNanos, (long) (FEWEST_WAIT_SECONDS * NANOS));
    while (trace.lastNanos() < end.nanos() && failure == null && time.nanos() < limit) {
      time.pause(Math.max(1, periodNanos / 4));
    }
    List<Double> joules = trace.joulesBetween(start.nanos(), end.nanos());
    if (joules.isEmpty()) {
      String failed = failure;
      throw new DeviceUnavailableException(
          failed != null
              ? failed
              : description.title() + " left samples out within the window; measure it again.");
    }
    double longest = trace.longestStepSeconds(start.nanos(), end.nanos());
    if (longest > LATE_PERIODS * periodNanos / NANOS) {
      throw new DeviceUnavailableException(
          description.title()
              + " paused for "
              + longest
              + " s within the window; measure it again.");
    }
    return joules;
  }

  @Override
  public double observedPeriodSeconds() {
    double changes = trace.changePeriodSeconds();
    return Double.isNaN(changes) ? periodNanos / NANOS : Math.max(changes, periodNanos / NANOS);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      ticking.close();
      closing.run();
    }
  }
}
