package dev.compress.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.compress.data.Dataset;
import dev.compress.error.InvalidDataException;
import dev.compress.models.autograd.TrainableGraph;
import dev.compress.train.TrainingJob;
import java.util.List;
import java.util.Map;

/** Finds labels that are no classes, and data of one class, before any work. */
record LabelCheck(TrainingJob job) {
  /**
   * Checks.
   *
   * @throws InvalidDataException if labels and model do not fit
   */
  void require(TrainableGraph graph, NDManager manager) {
    if (!job.objective().labels()) {
      return;
    }
    Dataset training = job.data().training();
    Map<Long, Long> counts = training.labelCounts();
    if (counts.size() == 1) {
      throw new InvalidDataException(
          "All "
              + training.sampleCount()
              + " samples of "
              + training.name()
              + " are of class "
              + counts.keySet().iterator().next()
              + ": nothing can be learned from one class. Give samples of all classes.");
    }
    if (counts.isEmpty()) {
      return;
    }
    String output = graph.outputNames().get(0);
    try (NDManager scope = manager.newSubManager()) {
      EpochFeed.Samples first = new EpochFeed(training, job.settings(), 0, 0).next();
      NDArray scores =
          graph.forward(scope, BatchArrays.of(first.inputs(), scope), false, List.of()).get(0);
      long classes = Math.max(2, scores.size() / scores.getShape().get(0));
      training.requireLabelsBelow(classes, output);
      job.data().selection().requireLabelsBelow(classes, output);
      int weights = job.objective().classWeights().size();
      if (weights > 0 && weights != classes) {
        throw new InvalidDataException(
            "--class-weights has "
                + weights
                + " numbers, and the model has "
                + classes
                + " classes. Give one a class.");
      }
    }
  }
}
