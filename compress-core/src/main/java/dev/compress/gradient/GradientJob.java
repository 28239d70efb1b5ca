package dev.compress.gradient;

import dev.compress.calibrate.Samples;
import dev.compress.graph.OnnxModel;
import java.util.Set;

/**
 * What to differentiate by what.
 *
 * @param model the model
 * @param samples its inputs, with labels where they have any
 * @param weights names of initializers
 * @param seed of the classes and signs that are drawn where labels are missing
 */
public record GradientJob(OnnxModel model, Samples samples, Set<String> weights, long seed) {
  /** Copies. */
  public GradientJob {
    weights = Set.copyOf(weights);
  }
}
