package dev.compress.train;

import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.pack.ChannelTables;
import dev.compress.tensor.ChannelGroups;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
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
 * @param groups runs of channels of weights that share values within a run only: equal values of
 *     two runs need not stay equal
 * @param gradual zeros that come while it trains; empty: there are none
 * @param quantization what the model reads through quantization
 */
public record Structure(
    Map<String, Rule> rules,
    Map<String, ChannelGroups> groups,
    Optional<GradualPruning> gradual,
    FakeQuantization quantization) {
  /** Nothing has to stay. */
  public static final Structure NONE = new Structure(Map.of(), Optional.empty());

  /** Nothing is quantized. */
  public Structure(Map<String, Rule> rules, Optional<GradualPruning> gradual) {
    this(rules, Map.of(), gradual, FakeQuantization.NONE);
  }

  private static final int MOST_CENTROIDS = 256;
  private static final int FEWEST_WEIGHTS_A_CENTROID = 4;

  /** Of a run of channels; with more, int8 weights of one scale a channel would be taken for it. */
  private static final int BITS_OF_A_GROUP = 7;

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
    groups = Map.copyOf(groups);
  }

  /** The same, pruned while it trains. */
  public Structure prunedBy(GradualPruning pruning) {
    return new Structure(rules, groups, Optional.of(pruning), quantization);
  }

  /**
   * What there is in a model: of each float weight of two or more dims, the zeros, and the values
   * where they are at most 256, or 128 in each of some runs of channels, and each occurs four times
   * or more in the mean. Floats of two runs that were clustered alone are hardly ever equal: equal
   * ones are one value wherever they are.
   *
   * @param model any model
   */
  public static Structure of(OnnxModel model) {
    return of(model, 0);
  }

  /**
   * The same where it is known what clustering left.
   *
   * @param model any model
   * @param shared how many values a clustered weight has at most; 0 where that is not known
   */
  public static Structure of(OnnxModel model, int shared) {
    Map<String, Rule> rules = new LinkedHashMap<>();
    for (Initializer initializer : model.graph().initializers()) {
      if (initializer.tensor().type().equals(ElementType.FLOAT)
          && initializer.tensor().shape().rank() >= 2) {
        Rule rule = ruleOf(initializer.tensor(), shared);
        if (rule != null) {
          rules.put(initializer.name(), rule);
        }
      }
    }
    return new Structure(rules, Optional.empty());
  }

  private static @Nullable Rule ruleOf(Tensor weight, int shared) {
    float[] weights = weight.toFloats();
    Set<Float> values = new HashSet<>();
    int most = Math.max(MOST_CENTROIDS, shared);
    long zeros = 0;
    for (float value : weights) {
      zeros += value == 0 ? 1 : 0;
      if (values.size() <= most) {
        values.add(value == 0 ? 0f : value);
      }
    }
    boolean repeated =
        values.size() <= MOST_CENTROIDS
            && (long) values.size() * FEWEST_WEIGHTS_A_CENTROID <= weights.length;
    boolean known = values.size() <= shared && values.size() < weights.length;
    if (values.size() > 1 && (repeated || known)) {
      return Rule.SHARED;
    }
    if (values.size() > MOST_CENTROIDS
        && ChannelTables.areFew(weight, BITS_OF_A_GROUP, FEWEST_WEIGHTS_A_CENTROID)) {
      return Rule.SHARED;
    }
    return zeros > 0 ? Rule.ZEROS : null; // few of a layer may be many of what a pass took
  }
}
