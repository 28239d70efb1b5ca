package dev.compress.pass;

import dev.compress.progress.Progress;
import dev.compress.tensor.Scratch;

/**
 * What a run offers its passes.
 *
 * @param scratch where new tensors go
 * @param progress told how far the work has come; asked whether to stop
 * @param threads how many threads a pass may use, at least 1
 * @param seed for whatever is random
 */
public record PassContext(Scratch scratch, Progress progress, int threads, long seed) {}
