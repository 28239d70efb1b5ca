package dev.compress.evaluation.energy;

import java.io.IOException;

/**
 * One value of power on a board.
 *
 * @param domain its name
 * @param file where it is read, for advice
 * @param probe reads it
 * @param isTotal whether it holds all that the board takes
 * @param samplingSeconds how often it is worth reading
 */
record PowerRail(String domain, String file, Probe probe, boolean isTotal, double samplingSeconds) {
  /** Reads a power. */
  @FunctionalInterface
  interface Probe {
    /** Watts now. */
    double watts() throws IOException;
  }
}
