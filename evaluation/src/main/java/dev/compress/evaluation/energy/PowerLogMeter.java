package dev.compress.evaluation.energy;

import dev.compress.energy.EnergyMeter;
import dev.compress.energy.Mark;
import dev.compress.energy.MeterDescription;
import dev.compress.energy.MeterTraits;
import dev.compress.energy.PowerTrace;
import dev.compress.energy.SensorFinding;
import dev.compress.energy.TimeSource;
import dev.compress.error.CompressionException;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.error.InvalidDataException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;

/**
 * A meter of any kind whose software writes a {@link PowerLog} while this runs. A window's energy
 * is known when the log has passed the window's end; both clocks must be the same machine's or
 * synchronised.
 */
final class PowerLogMeter implements EnergyMeter {
  /** The name by which it is asked for, with a path behind a colon. */
  static final String SOURCE = "file";

  private static final double NANOS = 1e9;
  private static final double STALE_SECONDS = 60;
  private static final double FEWEST_WAIT_SECONDS = 5;
  private static final int LATE_PERIODS = 10;
  private static final double UNKNOWN_PERIOD_SECONDS = 1;

  private final Path file;
  private final PowerLog log;
  private final TimeSource time;
  private final PowerTrace trace = new PowerTrace(1);
  private final MeterDescription description;

  /** Epoch minus the time source's, in nanoseconds: fixed, so that a clock's step moves nothing. */
  private final long offsetNanos;

  /**
   * Opens a log that is being written.
   *
   * @param file the log
   * @param time for the marks
   * @param clock to tell which line belongs to which instant
   * @throws DeviceUnavailableException if it cannot be read or is not being written
   * @throws dev.compress.error.InvalidDataException if a line is no sample
   */
  PowerLogMeter(Path file, TimeSource time, Clock clock) {
    this.file = file;
    this.time = time;
    this.log = new PowerLog(file, clock.getZone());
    Instant now = clock.instant();
    this.offsetNanos = now.getEpochSecond() * 1_000_000_000L + now.getNano() - time.nanos();
    this.description =
        new MeterDescription(
            SOURCE,
            "power log " + file.getFileName(),
            List.of("log"),
            "what the meter behind " + file.getFileName() + " measures",
            MeterTraits.power(0));
    read();
    if (trace.lastNanos() == Long.MIN_VALUE) {
      throw new DeviceUnavailableException(
          "The power log "
              + file
              + " holds no sample of the last minute. Start the meter's logger first: it has to"
              + " write while compress measures.");
    }
  }

  static SensorFinding find(Path file, TimeSource time, Clock clock) {
    if (!Files.isReadable(file)) {
      return new SensorFinding.Absent(SOURCE, "the power log " + file + " cannot be read");
    }
    try {
      new PowerLogMeter(file, time, clock).close();
    } catch (CompressionException e) {
      return new SensorFinding.Unreadable(
          SOURCE,
          String.valueOf(e.getMessage()),
          "A power log has lines of a timestamp and watts, and grows while compress measures.");
    }
    return new SensorFinding.Found(
        SOURCE, file.toString(), () -> new PowerLogMeter(file, time, clock));
  }

  private void read() {
    long oldest = time.nanos() - (long) (STALE_SECONDS * NANOS);
    for (PowerLog.Sample sample : log.more()) {
      long at = sample.epochNanos() - offsetNanos;
      if (at >= oldest) {
        trace.add(at, sample.watts());
      }
    }
  }

  @Override
  public MeterDescription description() {
    return description;
  }

  @Override
  public Mark mark() {
    return new Mark(time.nanos(), List.of(), 0);
  }

  @Override
  public List<Double> joulesBetween(Mark start, Mark end) {
    double period = periodSeconds();
    double patience = Math.max(FEWEST_WAIT_SECONDS, LATE_PERIODS * period);
    long limit = end.nanos() + (long) (patience * NANOS);
    try {
      read();
      while (trace.lastNanos() < end.nanos() && time.nanos() < limit) {
        time.pause((long) (Math.min(1, period) / 4 * NANOS));
        read();
      }
    } catch (InvalidDataException e) { // in the midst of a measurement the meter has failed
      throw new DeviceUnavailableException(String.valueOf(e.getMessage()), e);
    }
    List<Double> joules = trace.joulesBetween(start.nanos(), end.nanos());
    if (joules.isEmpty()) {
      throw new DeviceUnavailableException(
          "The power log "
              + file
              + " does not reach "
              + (trace.lastNanos() < end.nanos() ? "to the end of" : "back to the start of")
              + " the window. Does its logger still run, on the same clock?");
    }
    double longest = trace.longestStepSeconds(start.nanos(), end.nanos());
    if (longest > LATE_PERIODS * period) {
      throw new DeviceUnavailableException(
          "The power log " + file + " has a hole of " + longest + " s within the window.");
    }
    return joules;
  }

  private double periodSeconds() {
    double period = trace.samplePeriodSeconds();
    return Double.isNaN(period) ? UNKNOWN_PERIOD_SECONDS : period;
  }

  @Override
  public double observedPeriodSeconds() {
    double changes = trace.changePeriodSeconds();
    return Double.isNaN(changes) ? periodSeconds() : Math.max(periodSeconds(), changes);
  }

  @Override
  public void close() {
    // A log is opened for each look only.
  }
}
