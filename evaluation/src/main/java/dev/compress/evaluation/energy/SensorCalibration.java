package dev.compress.evaluation.energy;

import dev.compress.energy.EnergyMeter;
import dev.compress.energy.Mark;
import dev.compress.energy.MeterTraits;
import dev.compress.energy.TimeSource;
import java.util.ArrayList;
import java.util.List;

/**
 * How a meter counts on this machine: looks at it often, for a few seconds, and notes when it
 * changes and by how much. Published values conflict, so they are not relied on.
 *
 * @param periodsSeconds time between two changes, one a domain; NaN for a domain that changed less
 *     than twice
 * @param quantumJoules the largest number that divides all changes, but at least what the meter
 *     declares
 * @param lookedSeconds how long it was looked at
 */
record SensorCalibration(List<Double> periodsSeconds, double quantumJoules, double lookedSeconds) {
  private static final double NANOS = 1e9;
  private static final long LOOK_EVERY_NANOS = 100_000;
  private static final int ENOUGH_CHANGES = 24;

  SensorCalibration {
    periodsSeconds = List.copyOf(periodsSeconds);
  }

  /**
   * Looks.
   *
   * @param meter what to look at
   * @param time its time
   * @param longestSeconds when to give up waiting for changes
   * @throws dev.compress.error.DeviceUnavailableException if the meter cannot be read
   */
  static SensorCalibration of(EnergyMeter meter, TimeSource time, double longestSeconds) {
    MeterTraits traits = meter.description().traits();
    int domains = meter.description().domains().size();
    long start = time.nanos();
    long end = start + (long) (longestSeconds * NANOS);
    if (traits.kind() == MeterTraits.Kind.POWER) {
      time.pause(end - start);
      double period = Math.max(meter.observedPeriodSeconds(), traits.samplingSeconds());
      List<Double> periods = new ArrayList<>();
      for (int d = 0; d < domains; d++) {
        periods.add(Double.isNaN(period) ? traits.samplingSeconds() : period);
      }
      return new SensorCalibration(periods, traits.quantumJoules(), longestSeconds);
    }
    List<Changes> changes = new ArrayList<>();
    for (int d = 0; d < domains; d++) {
      changes.add(new Changes());
    }
    do {
      Mark mark = meter.mark();
      for (int d = 0; d < domains; d++) {
        changes.get(d).look(mark.nanos(), mark.joules().get(d), traits.resolutionJoules());
      }
      time.pause(LOOK_EVERY_NANOS);
    } while (time.nanos() < end && changes.stream().anyMatch(c -> c.count < ENOUGH_CHANGES));
    double quantum = traits.quantumJoules();
    for (Changes c : changes) {
      quantum = Math.max(quantum, c.divisor * traits.resolutionJoules());
    }
    return new SensorCalibration(
        changes.stream().map(Changes::periodSeconds).toList(),
        quantum,
        (time.nanos() - start) / NANOS);
  }

  /** The slowest domain's; if one was not seen to change, what it was looked at for. */
  double slowestSeconds() {
    double slowest = 0;
    for (double period : periodsSeconds) {
      slowest = Math.max(slowest, Double.isNaN(period) ? lookedSeconds : period);
    }
    return slowest;
  }

  /** Whether some domain was not seen to change, and its period is unknown. */
  boolean isUncertain() {
    return periodsSeconds.stream().anyMatch(p -> p.isNaN());
  }

  private static final class Changes {
    private double last = Double.NaN;
    private long firstNanos;
    private long lastNanos;
    private int count;
    private long divisor;

    void look(long nanos, double joules, double resolution) {
      if (Double.isNaN(last)) {
        last = joules;
        return;
      }
      if (joules == last) {
        return;
      }
      if (count == 0) {
        firstNanos = nanos;
      } else if (resolution > 0) {
        // The first change may be a part of one: the meter was opened in between.
        divisor = commonDivisor(divisor, Math.round((joules - last) / resolution));
      }
      lastNanos = nanos;
      count++;
      last = joules;
    }

    double periodSeconds() {
      return count < 2 ? Double.NaN : (lastNanos - firstNanos) / NANOS / (count - 1);
    }

    private static long commonDivisor(long a, long b) {
      long x = Math.abs(a);
      long y = Math.abs(b);
      while (y != 0) {
        long rest = x % y;
        x = y;
        y = rest;
      }
      return x;
    }
  }
}
