package dev.compress.train;

/**
 * How to train.
 *
 * @param epochs passes over the training data, at least 1
 * @param batch samples a step, at least 1; a model that fixes its batch is trained in that
 * @param optimizer makes steps of gradients
 * @param learningRate how large the steps are
 * @param augmentation what is changed of images
 * @param run of the run itself
 */
public record TrainingSettings(
    int epochs,
    int batch,
    OptimizerSettings optimizer,
    LearningRate learningRate,
    Augmentation augmentation,
    RunSettings run) {
  /** What {@code compress distill} does unless told otherwise. */
  public static final TrainingSettings DEFAULT =
      new TrainingSettings(
          10,
          128,
          OptimizerSettings.ADAMW,
          LearningRate.cosine(OptimizerSettings.ADAMW.usualRate()),
          Augmentation.NONE,
          RunSettings.DEFAULT);

  /** Checks. */
  public TrainingSettings {
    if (epochs < 1) {
      throw new IllegalArgumentException("--epochs must be 1 or more, not " + epochs + ".");
    }
    if (batch < 1) {
      throw new IllegalArgumentException("--batch must be 1 or more, not " + batch + ".");
    }
  }

  /**
   * Of the run itself.
   *
   * @param seed of shuffling, augmentation and whatever is random
   * @param threads to compute with; 0: all cores
   * @param earlyStop epochs without a better model after which it ends; 0: never
   */
  public record RunSettings(long seed, int threads, int earlyStop) {
    /** Seed 0, all cores, no early end. */
    public static final RunSettings DEFAULT = new RunSettings(0, 0, 0);

    /** Checks. */
    public RunSettings {
      if (threads < 0) {
        throw new IllegalArgumentException("--threads must be 1 or more, not " + threads + ".");
      }
      if (earlyStop < 0) {
        throw new IllegalArgumentException("--early-stop must be 1 or more, not " + earlyStop);
      }
    }
  }
}
