package dev.compress.train;

import dev.compress.error.DeviceUnavailableException;
import dev.compress.graph.OnnxModel;
import dev.compress.progress.Progress;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * Trains models; named in {@code META-INF/services}. Its class must load where the libraries that
 * compute gradients are missing.
 */
public interface TrainingEngine {
  /** What keeps it from training here, with the remedy; empty: nothing. Loads no native library. */
  Optional<String> missing();

  /**
   * Refuses what cannot be trained, before any work.
   *
   * @throws dev.compress.error.UnsupportedModelException naming the nodes that gradients cannot
   *     flow through
   */
  void requireTrainable(OnnxModel model);

  /**
   * Trains a model until its epochs are over, it gets no better, the loss is no number any more, or
   * the caller wants it to stop; the result says which, and holds the best model until then.
   *
   * @param job what to train on what, and how
   * @param progress told the samples; a stage's text holds loss and metric
   * @return the best model and how it came about
   * @throws dev.compress.error.UnsupportedModelException if a node cannot be trained through
   * @throws dev.compress.error.InvalidDataException if data and model do not fit
   * @throws dev.compress.error.ReadWriteException if a checkpoint cannot be read or written
   */
  TrainingResult train(TrainingJob job, Progress progress);

  /**
   * The one on the class path, ready to train.
   *
   * @throws DeviceUnavailableException if there is none, or something that it needs is missing
   */
  static TrainingEngine ready() {
    TrainingEngine engine =
        ServiceLoader.load(TrainingEngine.class)
            .findFirst()
            .orElseThrow(
                () ->
                    new DeviceUnavailableException(
                        "Nothing on the class path trains models. Add the module"
                            + " compress-models."));
    Optional<String> missing = engine.missing();
    if (missing.isPresent()) {
      throw new DeviceUnavailableException(missing.get());
    }
    return engine;
  }
}
