package dev.compress.train;

/**
 * What a transformation tunes on, and where it keeps how far it is.
 *
 * @param data what is learned from and selected by
 * @param files the checkpoint is that of the first training; of the others the number follows its
 *     name, as in {@code model.checkpoint.2}
 */
public record TuningJob(TuningData data, TrainingFiles files) {}
