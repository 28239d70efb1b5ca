package dev.compress.train;

import dev.compress.calibrate.DatasetSamples;
import dev.compress.data.Dataset;
import dev.compress.error.InvalidDataException;
import dev.compress.graph.OnnxModel;

/**
 * The two sets that a training sees; the third, which gives the final score, it must not see.
 *
 * @param training what gradients come from; bound to the model
 * @param selection what the best epoch is chosen on; bound to the model
 */
public record TrainingData(Dataset training, Dataset selection) {
  private static final int LARGEST_SPLIT = 10_000;

  /**
   * Brings data to a model that is to be trained on it.
   *
   * @throws InvalidDataException if they do not fit, or a sample takes several runs of the model
   */
  public static Dataset bind(Dataset data, OnnxModel model) {
    if (data.holdsSequences()) {
      throw new InvalidDataException(
          data.name()
              + " is described as sequences that a model is run along window by window, its state"
              + " fed back; training takes samples of one run. Leave sequence: out of the"
              + " descriptor for a model that takes whole sequences, or cut them into windows with"
              + " a label each.");
    }
    return data.bind(DatasetSamples.inputsOf(model.graph()));
  }

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
