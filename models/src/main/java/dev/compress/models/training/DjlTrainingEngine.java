package dev.compress.models.training;

import dev.compress.graph.OnnxModel;
import dev.compress.progress.Progress;
import dev.compress.train.TrainingEngine;
import dev.compress.train.TrainingJob;
import dev.compress.train.TrainingResult;
import java.util.Optional;

/** Training by the PyTorch engine of Deep Java Library, where that is on the class path. */
public final class DjlTrainingEngine implements TrainingEngine {
  /** Called by {@link java.util.ServiceLoader}. */
  public DjlTrainingEngine() {}

  @Override
  public Optional<String> missing() {
    return EngineLibraries.missing();
  }

  @Override
  public void requireTrainable(OnnxModel model) {
    EngineLibraries.requireSupported(
        model,
        "The model cannot be trained",
        "Compress it without training, or replace these nodes.");
  }

  @Override
  public TrainingResult train(TrainingJob job, Progress progress) {
    return TrainingRun.of(job, progress).run();
  }
}
