package dev.compress.evaluation.latency;

/** Something that times itself, run by run. */
public interface LatencySubject {
  /** What reports call it. */
  String name();

  /**
   * Runs for a while.
   *
   * @param seconds how long; one run at least
   * @return nanoseconds of every run
   */
  long[] run(double seconds);
}
