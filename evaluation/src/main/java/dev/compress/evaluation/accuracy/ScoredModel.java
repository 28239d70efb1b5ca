package dev.compress.evaluation.accuracy;

import dev.compress.data.SampleRun;
import dev.compress.tensor.TensorBuffer;
import java.util.List;
import java.util.Map;

/**
 * A model to score.
 *
 * @param name for messages
 * @param run the data, bound to it
 * @param outputs its tensor outputs; metrics are computed from the first that is not fed back
 * @param sampleBySample whether its outputs depend on what else is in the batch
 * @param inference runs it
 */
public record ScoredModel(
    String name, SampleRun run, List<String> outputs, boolean sampleBySample, Inference inference) {
  public ScoredModel {
    outputs = List.copyOf(outputs);
  }

  /** Runs a model once. */
  @FunctionalInterface
  public interface Inference {
    /**
     * Runs it.
     *
     * @param tensors by input name
     * @return numeric outputs by name
     */
    Map<String, TensorBuffer> run(Map<String, TensorBuffer> tensors);
  }
}
