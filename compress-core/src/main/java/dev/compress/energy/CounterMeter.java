package dev.compress.energy;

import dev.compress.error.DeviceUnavailableException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A meter over counters of joules. Each counter's wraps are undone by themselves, before anything
 * is summed: {@code delta = e1 >= e0 ? e1 - e0 : range - e0 + e1 + step}.
 *
 * <p>A count that goes back without a known range (a driver that was loaded anew, a range file that
 * cannot be read) is an error for the window that holds it; the next window starts from the new
 * count.
 */
public final class CounterMeter implements EnergyMeter {
  private final MeterDescription description;
  private final List<RawCounter> counters;
  private final TimeSource time;
  private final Runnable closing;
  private final long[] last;
  private final double[] joules;
  private int broken;
  private boolean closed;

  /**
   * Opens a meter by reading every counter once.
   *
   * @param description what it is; its domains are replaced by the counters'
   * @param counters at least one
   * @param time for the marks
   * @param closing done once by {@link #close}
   * @throws DeviceUnavailableException if a counter cannot be read
   */
  public CounterMeter(
      MeterDescription description, List<RawCounter> counters, TimeSource time, Runnable closing) {
    this.counters = List.copyOf(counters);
    this.description =
        new MeterDescription(
            description.source(),
            description.title(),
            this.counters.stream().map(RawCounter::domain).toList(),
            description.scope(),
            description.traits());
    this.time = time;
    this.closing = closing;
    this.last = new long[this.counters.size()];
    this.joules = new double[this.counters.size()];
    for (int i = 0; i < last.length; i++) {
      last[i] = read(this.counters.get(i));
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
    // All are read before any is taken over: a failure leaves no counter ahead of the others.
    long[] now = new long[last.length];
    long nanos = time.nanos();
    for (int i = 0; i < now.length; i++) {
      now[i] = read(counters.get(i));
    }
    RuntimeException wentBack = null;
    List<Double> marked = new ArrayList<>(now.length);
    for (int i = 0; i < now.length; i++) {
      RawCounter counter = counters.get(i);
      double counts = counts(counter, last[i], now[i]);
      if (counts < 0) {
        wentBack = wentBack(counter, last[i], now[i]);
      } else {
        joules[i] += counts * counter.joulesPerCount();
      }
      last[i] = now[i];
      marked.add(joules[i]);
    }
    if (wentBack != null) {
      broken++;
      throw wentBack;
    }
    return new Mark(nanos, marked, broken);
  }

  /** Negative if the counter went back and it is not known how far it counts. */
  private static double counts(RawCounter counter, long before, long now) {
    if (now >= before) {
      return now - before;
    }
    if (counter.range() <= 0 || before > counter.range()) {
      return -1;
    }
    return (double) (counter.range() - before) + now + counter.step();
  }

  private RuntimeException wentBack(RawCounter counter, long before, long now) {
    return new DeviceUnavailableException(
        description.title()
            + ": "
            + counter.domain()
            + " went back from "
            + before
            + " to "
            + now
            + " and it is not known where it starts again; the window is lost. Was the driver"
            + " loaded anew, or the machine suspended?");
  }

  private long read(RawCounter counter) {
    try {
      return counter.reader().read();
    } catch (IOException | RuntimeException e) {
      throw new DeviceUnavailableException(
          description.title()
              + ": "
              + counter.domain()
              + " cannot be read: "
              + (e.getMessage() == null ? e.toString() : e.getMessage())
              + ". See `compress doctor`.",
          e);
    }
  }

  @Override
  public List<Double> joulesBetween(Mark start, Mark end) {
    if (start.breaks() != end.breaks()) {
      throw new DeviceUnavailableException(
          description.title() + " lost count within the window; measure it again.");
    }
    List<Double> deltas = new ArrayList<>(joules.length);
    for (int i = 0; i < joules.length; i++) {
      deltas.add(end.joules().get(i) - start.joules().get(i));
    }
    return deltas;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      closing.run();
    }
  }
}
