package dev.compress.train;

import dev.compress.graph.OnnxModel;

/**
 * What is to be trained.
 *
 * @param model whose weights change; nothing else of it does
 * @param data what it learns from, and what the best epoch is chosen on
 * @param objective what it is to learn
 * @param settings how
 * @param structure what must stay as it is
 * @param files where checkpoints and the log go
 */
public record TrainingJob(
    OnnxModel model,
    TrainingData data,
    Objective objective,
    TrainingSettings settings,
    Structure structure,
    TrainingFiles files) {}
