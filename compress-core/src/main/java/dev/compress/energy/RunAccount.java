package dev.compress.energy;

/**
 * Keeps account of the energy of a piece of work from when it was opened: measured, or estimated.
 */
public interface RunAccount extends AutoCloseable {
  /** Ends, and says what it took. A second time says the same. */
  RunEnergy stop();

  /** Releases what it holds, without an answer. Idempotent. */
  @Override
  void close();
}
