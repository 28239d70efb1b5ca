package dev.compress.energy;

import java.util.List;

/**
 * One edge of a window, as one meter saw it. It means something to that meter only.
 *
 * @param nanos the instant, of the meter's {@link TimeSource}
 * @param joules for a counter, what each domain counted since the meter was opened; empty for a
 *     meter of power, which knows a window's energy only afterwards
 * @param breaks how often the meter had lost count before
 */
public record Mark(long nanos, List<Double> joules, long breaks) {
  /** Copies. */
  public Mark {
    joules = List.copyOf(joules);
  }
}
