package dev.compress.evaluation.energy;

import dev.compress.energy.EnergyMeter;
import dev.compress.energy.Mark;
import dev.compress.energy.TimeSource;
import dev.compress.evaluation.energy.Workload.Load;
import dev.compress.progress.Progress;
import java.util.List;

/**
 * Takes windows: keeps a load running and marks the meter at the edges only. Where the counter
 * ticks slowly, a window begins and ends on a tick, found by marking after every run near the edges
 * (Haehnel et al. 2012, doi 10.1145/2425248.2425252).
 */
final class WindowTaker {
  private static final double NANOS = 1e9;

  /** The meter and the clock are looked at this often within a window, at most. */
  private static final double CHUNK_SECONDS = 0.02;

  /** Ticks to wait for one before the counter is taken to stand still. */
  private static final double PATIENCE_TICKS = 5;

  private static final double PATIENCE_SECONDS = 0.05;

  /** Whoever cancels does not want to wait. */
  private static final long LONGEST_PAUSE_NANOS = 100_000_000;

  private final EnergyMeter meter;
  private final TimeSource time;
  private final Progress progress;

  /** Joules of the domains within a span of time and runs. */
  record Taken(double seconds, long runs, List<Double> joules) {
    double total() {
      return joules.stream().mapToDouble(Double::doubleValue).sum();
    }

    double watts() {
      return total() / seconds;
    }
  }

  /**
   * How a window is aligned.
   *
   * @param domain whose ticks count; negative if windows are not aligned
   * @param periodSeconds between its ticks
   */
  record Alignment(int domain, double periodSeconds) {
    static final Alignment NONE = new Alignment(-1, 0);

    boolean isOn() {
      return domain >= 0;
    }
  }

  private record Edge(Mark mark, long runs) {}

  WindowTaker(EnergyMeter meter, TimeSource time, Progress progress) {
    this.meter = meter;
    this.time = time;
    this.progress = progress;
  }

  /** Runs for a while without measuring energy, and tells the time of a run. */
  double settle(Load load, double seconds) {
    long start = time.nanos();
    long runs = 0;
    long chunk = 1;
    do {
      progress.check();
      load.run(chunk);
      runs += chunk;
      chunk = chunk(start, runs);
    } while (time.nanos() - start < seconds * NANOS);
    return (time.nanos() - start) / NANOS / runs;
  }

  /** A window of a load. */
  Taken take(Load load, double seconds, Alignment alignment) {
    Edge start = alignment.isOn() ? nextTick(load, alignment) : new Edge(meter.mark(), 0);
    long from = start.mark().nanos();
    long end = from + (long) (seconds * NANOS);
    double unread = meter.description().traits().longestUnreadSeconds();
    long reading = from;
    long runs = 0;
    long chunk = 1;
    do {
      progress.check();
      load.run(chunk);
      runs += chunk;
      chunk = Math.min(chunk(from, runs), runsUntil(end, from, runs));
      if (time.nanos() - reading > unread / 2 * NANOS) {
        reading = meter.mark().nanos(); // or a wrap might be missed
      }
    } while (time.nanos() < end);
    Edge last = alignment.isOn() ? nextTick(load, alignment) : new Edge(meter.mark(), 0);
    return taken(start.mark(), last.mark(), runs + last.runs());
  }

  /** A window without a load. */
  Taken idle(double seconds, Alignment alignment) {
    long step = (long) Math.max(1, Math.max(alignment.periodSeconds() / 50, 1e-4) * NANOS);
    Load waiting = runs -> time.pause(step);
    Edge start = alignment.isOn() ? nextTick(waiting, alignment) : new Edge(meter.mark(), 0);
    long end = start.mark().nanos() + (long) (seconds * NANOS);
    double unread = meter.description().traits().longestUnreadSeconds();
    long reading = start.mark().nanos();
    while (time.nanos() < end) {
      progress.check();
      time.pause(Math.min(end - time.nanos(), LONGEST_PAUSE_NANOS));
      if (time.nanos() - reading > unread / 2 * NANOS) {
        reading = meter.mark().nanos(); // or a wrap might be missed
      }
    }
    Edge last = alignment.isOn() ? nextTick(waiting, alignment) : new Edge(meter.mark(), 0);
    return taken(start.mark(), last.mark(), 1);
  }

  private Taken taken(Mark start, Mark end, long runs) {
    return new Taken((end.nanos() - start.nanos()) / NANOS, runs, meter.joulesBetween(start, end));
  }

  private Edge nextTick(Load load, Alignment alignment) {
    Mark first = meter.mark();
    double patience = Math.max(PATIENCE_SECONDS, PATIENCE_TICKS * alignment.periodSeconds());
    long limit = first.nanos() + (long) (patience * NANOS);
    double before = first.joules().get(alignment.domain());
    long runs = 0;
    Mark mark;
    do {
      load.run(1);
      runs++;
      mark = meter.mark();
    } while (mark.joules().get(alignment.domain()) == before && mark.nanos() < limit);
    return new Edge(mark, runs);
  }

  private long chunk(long start, long runs) {
    double perRun = Math.max(1, time.nanos() - start) / (double) runs;
    return (long) Math.max(1, Math.min(2.0 * runs, CHUNK_SECONDS * NANOS / perRun));
  }

  private long runsUntil(long end, long start, long runs) {
    double perRun = Math.max(1, time.nanos() - start) / (double) runs;
    return (long) Math.max(1, Math.ceil((end - time.nanos()) / perRun));
  }
}
