package dev.compress.evaluation.energy;

/**
 * Something whose energy is measured: one variant of a model on one device with fixed inputs.
 *
 * @param name what reports call it
 * @param samplesPerRun the batch: energy is told a sample
 * @param load does the work
 */
public record Workload(String name, int samplesPerRun, Load load) {
  /** Work that can be repeated. */
  @FunctionalInterface
  public interface Load {
    /**
     * Runs the model, one run after the other, and returns when the last one's outputs are there.
     * What it throws ends this workload's measurement, not the others'.
     *
     * @param runs how often, at least once
     */
    void run(long runs);
  }

  /**
   * Checks the batch.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public Workload {
    if (samplesPerRun < 1) {
      throw new IllegalArgumentException("A run has at least one sample: " + samplesPerRun);
    }
  }
}
