package dev.compress.pass;

import dev.compress.calibrate.Samples;
import dev.compress.progress.Progress;
import dev.compress.tensor.Scratch;
import java.util.Optional;

/**
 * What a run offers its passes.
 *
 * @param scratch where new tensors go
 * @param progress told how far the work has come; asked whether to stop
 * @param threads how many threads a pass may use, at least 1
 * @param seed for whatever is random
 * @param calibration samples of the model's inputs, if the user gave any
 */
public record PassContext(
    Scratch scratch, Progress progress, int threads, long seed, Optional<Samples> calibration) {
  /** A context without calibration data. */
  public PassContext(Scratch scratch, Progress progress, int threads, long seed) {
    this(scratch, progress, threads, seed, Optional.empty());
  }
}
