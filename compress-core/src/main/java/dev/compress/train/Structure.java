package dev.compress.train;

import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.tensor.ElementType;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What training must not undo, by the name of the initializer: zeros stay zeros, and weights that
 * share a value go on sharing one, values that are quantized are. Removed channels stay removed
 * whatever this says.
 *
 * @param rules what holds of which weight; of others nothing
 * @param gradual zeros that come while it trains; empty: there are none
 * @param quantization what the model reads through quantization
 */
public record Structure(
    Map<String, Rule> rules, Optional<GradualPruning> gradual, FakeQuantization quantization) {
  /** Nothing has to stay. */
  public static final Structure NONE = new Structure(Map.of(), Optional.empty());

  /** Nothing is quantized. */
  public Structure(Map<String, Rule> rules, Optional<GradualPruning> gradual) {
    this(rules, gradual, FakeQuantization.NONE);
  }

  private static final int MOST_CENTROIDS = 256;
  private static final int FEWEST_WEIGHTS_A_CENTROID = 4;

  /** What holds of a weight. */
  public enum Rule {
    /** Zeros stay. */
    ZEROS,
    /** Equal values stay equal, and zeros stay. */
    SHARED
  }

  /** Copies. */
  public Structure {
    rules = Collections.unmodifiableMap(new LinkedHashMap<>(rules));
  }

  /** The same, pruned while it trains. */
  public Structure prunedBy(GradualPruning pruning) {
    return new Structure(rules, Optional.of(pruning), quantization);
  }

  /**
   * What there is in a model: of each float weight of two or more dims, the zeros, and the values
   * where they are at most 256 and each occurs four times or more in the mean.
   *
   * @param model any model
   */
  public static Structure of(OnnxModel model) {
    Map<String, Rule> rules = new LinkedHashMap<>();
    for (Initializer initializer : model.graph().initializers()) {
      if (initializer.tensor().type().equals(ElementType.FLOAT)
          && initializer.tensor().shape().rank() >= 2) {
        Rule rule = ruleOf(initializer.tensor().toFloats());
        if (rule != null) {
          rules.put(initializer.name(), rule);
        }
      }
    }
    return new Structure(rules, Optional.empty());
  }

  private static @Nullable Rule ruleOf(float[] weights) {
    Set<Float> values = new HashSet<>();
    long zeros = 0;
    for (float weight : weights) {
      zeros += weight == 0 ? 1 : 0;
      if (values.size() <= MOST_CENTROIDS) {
        values.add(weight == 0 ? 0f : weight);
      }
    }
    if (values.size() <= MOST_CENTROIDS
        && (long) values.size() * FEWEST_WEIGHTS_A_CENTROID <= weights.length
        && values.size() > 1) {
      return Rule.SHARED;
    }
    return zeros > 0 ? Rule.ZEROS : null; // few of a layer may be many of what a pass took
  }
}
