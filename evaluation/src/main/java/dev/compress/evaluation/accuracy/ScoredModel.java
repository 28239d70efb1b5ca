package dev.compress.evaluation.accuracy;

import dev.compress.data.InputSpec;
import dev.compress.tensor.TensorBuffer;
import java.util.List;
import java.util.Map;

/**
 * A model to score.
 *
 * @param name for messages
 * @param inputs what it wants
 * @param outputs its tensor outputs; metrics are computed from the first
 * @param inference runs it
 */
public record ScoredModel(
    String name, List<InputSpec> inputs, List<String> outputs, Inference inference) {
  public ScoredModel {
    inputs = List.copyOf(inputs);
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
