package dev.compress.train;

import dev.compress.graph.OnnxModel;

/**
 * What a training left.
 *
 * @param model the one that was best on the selection data; as it came where no epoch was finished
 * @param summary how it came about
 */
public record TrainingResult(OnnxModel model, TrainingSummary summary) {}
