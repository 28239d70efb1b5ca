package dev.compress.pass;

import dev.compress.calibrate.ActivationCollector;
import dev.compress.calibrate.ActivationReader;
import dev.compress.calibrate.ActivationStatistics;
import dev.compress.calibrate.CalibrationCache;
import dev.compress.calibrate.Samples;
import dev.compress.graph.OnnxModel;
import dev.compress.progress.Progress;
import dev.compress.runtime.ShapeInference;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.Scratch;
import java.util.Optional;
import java.util.function.Function;

/**
 * What a run offers its passes.
 *
 * @param scratch where new tensors go
 * @param progress told how far the work has come; asked whether to stop
 * @param threads how many threads a pass may use, at least 1
 * @param seed for whatever is random
 * @param calibration samples of the model's inputs, if the user gave any
 * @param cache what was learnt from such samples before, if it is kept
 * @param memo what was found out about a model, whatever the samples
 */
public record PassContext(
    Scratch scratch,
    Progress progress,
    int threads,
    long seed,
    Optional<Samples> calibration,
    Optional<CalibrationCache> cache,
    Memo memo) {
  /** A context with a cache that remembers no model yet. */
  public PassContext(
      Scratch scratch,
      Progress progress,
      int threads,
      long seed,
      Optional<Samples> calibration,
      Optional<CalibrationCache> cache) {
    this(scratch, progress, threads, seed, calibration, cache, new Memo());
  }

  /** A context that keeps nothing of what it learns from samples. */
  public PassContext(
      Scratch scratch, Progress progress, int threads, long seed, Optional<Samples> calibration) {
    this(scratch, progress, threads, seed, calibration, Optional.empty());
  }

  /** A context without calibration data. */
  public PassContext(Scratch scratch, Progress progress, int threads, long seed) {
    this(scratch, progress, threads, seed, Optional.empty());
  }

  /**
   * Observes inner values over the calibration samples, or recalls what was seen before.
   *
   * @param model whose values these are
   * @param shapes of its values
   * @param wanted what to observe
   * @throws IllegalStateException if there are no samples
   */
  public ActivationStatistics observe(OnnxModel model, Shapes shapes, ActivationCollector wanted) {
    Samples samples =
        calibration.orElseThrow(() -> new IllegalStateException("No calibration samples"));
    Function<ActivationCollector, ActivationStatistics> run =
        c -> c.collect(new ActivationReader(model, shapes, threads, progress), samples, threads);
    return cache.isPresent() ? cache.get().collect(model, samples, wanted, run) : run.apply(wanted);
  }

  /** The same with other samples. */
  public PassContext calibratingOn(Samples samples) {
    return new PassContext(scratch, progress, threads, seed, Optional.of(samples), cache, memo);
  }

  /** The same without samples. */
  public PassContext withoutCalibration() {
    return new PassContext(scratch, progress, threads, seed, Optional.empty(), cache, memo);
  }

  /** Types and shapes of a model's values, inferred once for each instance. */
  public Shapes shapes(OnnxModel model) {
    Optional<Shapes> known = memo.find(model, Shapes.class);
    if (known.isPresent()) {
      return known.get();
    }
    Shapes shapes = ShapeInference.infer(model);
    memo.keep(model, shapes);
    return shapes;
  }
}
