package dev.compress.train;

import dev.compress.data.Dataset;
import java.util.Optional;

/**
 * What a transformation tunes on.
 *
 * @param training what it learns from
 * @param selection what the best epoch is chosen on; empty: a part of the training data by seed
 */
public record TuningData(Dataset training, Optional<Dataset> selection) {}
