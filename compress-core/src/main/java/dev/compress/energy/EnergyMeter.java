package dev.compress.energy;

import java.util.List;

/**
 * Something that measures energy. A window's energy is asked for between two marks, since a counter
 * knows it at once while a plug or a log file tells it a little later.
 *
 * <p>A read that fails is an error, never a zero and never a wrap: what was counted before and
 * after it stays right, so a caller repeats the window and goes on. Meters are used by one thread.
 */
public interface EnergyMeter extends AutoCloseable {
  /** What it is. */
  MeterDescription description();

  /**
   * Notes an edge of a window, as cheaply as the sensor allows.
   *
   * @throws dev.compress.error.DeviceUnavailableException if the sensor cannot be read
   */
  Mark mark();

  /**
   * The energy between two marks of this meter.
   *
   * @param start the earlier one
   * @param end the later one
   * @return joules, one a domain
   * @throws dev.compress.error.DeviceUnavailableException if the sensor did not tell the whole of
   *     it
   */
  List<Double> joulesBetween(Mark start, Mark end);

  /**
   * The update period that the meter itself has observed since it was opened, in seconds; NaN if it
   * has not, as with counters, whose marks show it to whoever looks.
   */
  default double observedPeriodSeconds() {
    return Double.NaN;
  }

  /** Lets go of the sensor; a second time does nothing. */
  @Override
  void close();
}
