package dev.compress.models.training;

import dev.compress.gradient.Differentiated;
import dev.compress.gradient.GradientEngine;
import dev.compress.gradient.GradientJob;
import dev.compress.gradient.SampleGradients;
import dev.compress.graph.OnnxModel;
import dev.compress.progress.Progress;
import java.util.Optional;

/** Gradients by the PyTorch engine of Deep Java Library, where that is on the class path. */
public final class DjlGradientEngine implements GradientEngine {
  /** Called by {@link java.util.ServiceLoader}. */
  public DjlGradientEngine() {}

  @Override
  public Optional<String> missing() {
    return EngineLibraries.missing();
  }

  @Override
  public void requireDifferentiable(OnnxModel model) {
    EngineLibraries.requireSupported(
        model,
        "No gradients can be taken of the model",
        "Use another --prune-criterion, or replace these nodes.");
  }

  @Override
  public Differentiated differentiate(GradientJob job, Progress progress, SampleGradients reader) {
    return new GradientRun(job, progress, reader).run();
  }
}
