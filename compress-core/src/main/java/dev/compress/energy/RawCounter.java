package dev.compress.energy;

import java.io.IOException;

/**
 * One counter of energy as a sensor gives it.
 *
 * @param domain what it counts
 * @param reader reads it
 * @param joulesPerCount what one count is worth
 * @param range the count after which it starts at zero again, in counts; 0 if it never does or if
 *     that is unknown, and then a count that goes back is an error
 * @param step counts that the sensor adds at once, at least 1: part of the wrap's formula
 */
public record RawCounter(
    String domain, Reader reader, double joulesPerCount, long range, double step) {
  /** Reads a counter. */
  @FunctionalInterface
  public interface Reader {
    /**
     * The count now.
     *
     * @throws IOException if it cannot be read or is no number
     */
    long read() throws IOException;
  }

  /** A counter that never wraps. */
  public RawCounter(String domain, Reader reader, double joulesPerCount) {
    this(domain, reader, joulesPerCount, 0, 1);
  }
}
