package dev.compress.models.training;

import dev.compress.data.Batch;
import dev.compress.data.Dataset;
import dev.compress.tensor.TensorBuffer;
import dev.compress.train.TrainingSettings;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;

/**
 * The batches of one epoch in its own order, changed as the augmentation says. What is left over at
 * the end and fills no batch is left out, unless it is all there is: normalization over a few
 * samples would upset what was learned.
 */
final class EpochFeed implements Iterator<EpochFeed.Samples> {
  /**
   * A batch.
   *
   * @param inputs overwritten when the next one is asked for
   * @param positions of the samples in the dataset
   * @param labels the class of each; empty where there are none
   * @param targets the values of each; empty where there are none
   */
  @SuppressWarnings("ArrayRecordComponent") // compared nowhere
  record Samples(
      Map<String, TensorBuffer> inputs, int[] positions, long[] labels, float[] targets) {}

  private final int[] order;
  private final int epoch;
  private final int batch;
  private final ImageChanges changes;
  private final Iterator<Batch> batches;
  private int used;

  /**
   * A feed.
   *
   * @param data bound to the model
   * @param epoch counted from 0
   * @param used samples of the epoch to leave out: a resumed training has used them
   */
  EpochFeed(Dataset data, TrainingSettings settings, int epoch, int used) {
    int samples = Math.toIntExact(data.sampleCount());
    long seed = settings.run().seed();
    this.order = SampleOrder.of(samples, seed, epoch);
    this.epoch = epoch;
    this.batch = batch(data, settings);
    this.changes = new ImageChanges(settings.augmentation(), seed);
    this.used = used;
    int[] rest = Arrays.copyOfRange(order, Math.min(used, samples), samples);
    this.batches =
        rest.length == 0
            ? java.util.Collections.emptyIterator()
            : data.pick(rest).batches(batch).iterator();
  }

  /** Samples a step. */
  static int batch(Dataset data, TrainingSettings settings) {
    return data.fixedBatch() > 0 ? data.fixedBatch() : settings.batch();
  }

  /** Steps an epoch has, where all samples are of one size. */
  static long steps(Dataset data, TrainingSettings settings) {
    return Math.max(1, data.sampleCount() / batch(data, settings));
  }

  @Override
  public boolean hasNext() {
    boolean tail = order.length - used < batch && order.length >= batch;
    return used < order.length && !tail && batches.hasNext();
  }

  @Override
  public Samples next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    Batch next = batches.next();
    int[] positions = Arrays.copyOfRange(order, used, used + next.count());
    used += next.count();
    if (changes.settings().any()) {
      next.inputs().values().forEach(images -> changes.apply(images, epoch, positions));
    }
    return new Samples(next.inputs(), positions, next.labels(), next.targets());
  }

  /** Samples of the epoch that were used. */
  int used() {
    return used;
  }
}
