package dev.compress.calibrate;

import dev.compress.data.Dataset;
import dev.compress.tensor.TensorBuffer;
import java.util.Map;
import java.util.Optional;

/** Inputs of a model, as many as there are, read again at each pass and never all in memory. */
public interface Samples {
  /** How many samples there are. */
  long count();

  /** Whether several samples may be run at once: false where the model fixes its batch. */
  boolean batchable();

  /** Rows of every batch, padding included, where the model fixes them; else 1. */
  default int fixedRows() {
    return 1;
  }

  /**
   * Hands all samples to a reader, in order.
   *
   * @param batchSize how many at once at most; ignored where the batch is fixed
   * @param reader receives each batch: the model's inputs by name, and how many samples it holds
   */
  void forEachBatch(int batchSize, BatchReader reader);

  /**
   * The same with what they are labelled with.
   *
   * @param batchSize as in {@link #forEachBatch}
   * @param reader receives each batch
   */
  default void forEachLabelledBatch(int batchSize, LabelledReader reader) {
    forEachBatch(batchSize, (inputs, samples) -> reader.read(inputs, SampleLabels.none(samples)));
  }

  /** A digest of what the samples are, if that is known: equal ones have equal inputs. */
  default Optional<String> fingerprint() {
    return Optional.empty();
  }

  /** What they are taken from; empty where they are no file's. */
  default Optional<Dataset> source() {
    return Optional.empty();
  }

  /** Receives batches. */
  @FunctionalInterface
  interface BatchReader {
    /**
     * One batch.
     *
     * @param inputs by name; valid during the call only
     * @param samples how many samples it holds
     * @return whether to go on
     */
    boolean read(Map<String, TensorBuffer> inputs, int samples);
  }

  /** Receives batches with labels. */
  @FunctionalInterface
  interface LabelledReader {
    /**
     * One batch.
     *
     * @param inputs by name; valid during the call only
     * @param labels how many samples it holds, and their labels
     * @return whether to go on
     */
    boolean read(Map<String, TensorBuffer> inputs, SampleLabels labels);
  }
}
