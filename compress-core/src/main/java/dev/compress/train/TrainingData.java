package dev.compress.train;

import dev.compress.data.Dataset;
import dev.compress.error.InvalidDataException;

/**
 * The two sets that a training sees; the third, which gives the final score, it must not see.
 *
 * @param training what gradients come from; bound to the model
 * @param selection what the best epoch is chosen on; bound to the model
 */
public record TrainingData(Dataset training, Dataset selection) {
  private static final int LARGEST_SPLIT = 10_000;

  /**
   * Takes the selection from the training data, where there is no other: a tenth of it, at most
   * 10,000 samples, drawn by seed.
   *
   * @param data all samples, bound or not
   * @param seed of the draw
   * @throws InvalidDataException if there are fewer than two
   */
  public static TrainingData split(Dataset data, long seed) {
    long all = data.sampleCount();
    if (all < 2) {
      throw new InvalidDataException(
          data.name()
              + " has "
              + all
              + " sample: too few to learn from some and select on others. Give more, or name"
              + " --validation-data.");
    }
    long selected = Math.min(Math.max(1, all / 10), LARGEST_SPLIT);
    Dataset shuffled = data.shuffled(seed);
    return new TrainingData(shuffled.slice(selected, all - selected), shuffled.slice(0, selected));
  }
}
