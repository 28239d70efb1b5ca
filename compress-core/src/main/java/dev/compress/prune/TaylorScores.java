package dev.compress.prune;

import dev.compress.gradient.Differentiated;
import dev.compress.gradient.GradientEngine;
import dev.compress.gradient.GradientJob;
import dev.compress.gradient.SampleGradients;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.ModelWeights.Weight;
import dev.compress.pass.PassContext;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What each element of a weight matters to the loss, in first order (Molchanov et al., "Importance
 * Estimation for Neural Network Pruning", CVPR 2019, arXiv 1906.10771): {@code mean_n (w
 * dL_n/dw)^2} over the samples n. The squares are those of single samples, not of the gradient of
 * many: that one vanishes where a model is trained to its end, and depends on how many samples
 * there are at once. A score is the square root, {@code |w| sqrt(mean_n (dL_n/dw)^2)}, since scores
 * of weights count by their squares.
 */
final class TaylorScores implements SampleGradients {
  /** Share of the typical factor that each has at least: equal scores are ordered by magnitude. */
  private static final double TIES = 1e-6;

  private final Map<String, double[]> squares = new LinkedHashMap<>();

  private TaylorScores(List<Weight> weights) {
    for (Weight weight : weights) {
      squares.put(weight.name(), new double[Math.toIntExact(weight.tensor().elementCount())]);
    }
  }

  /**
   * The scores of some weights.
   *
   * @param byWeight those that gradients reach; of the others nothing is known
   * @param of what was differentiated
   */
  record Found(Map<String, WeightScores> byWeight, Differentiated of) {}

  /**
   * Differentiates by weights.
   *
   * @param engine ready to work
   * @param context with samples
   */
  static Found of(
      GradientEngine engine, OnnxModel model, List<Weight> weights, PassContext context) {
    TaylorScores scores = new TaylorScores(weights);
    Differentiated of =
        engine.differentiate(
            new GradientJob(
                model,
                context.calibration().orElseThrow(),
                scores.squares.keySet(),
                context.seed()),
            context.progress(),
            scores);
    Map<String, WeightScores> found = new HashMap<>();
    for (Weight weight : weights) {
      float[] factors = factors(scores.squares.remove(weight.name()), of.samples());
      if (factors.length > 0) {
        found.put(weight.name(), WeightScores.byInput(factors, 1));
      }
    }
    return new Found(found, of);
  }

  @Override
  public void read(String weight, float[] gradient) {
    double[] sums = squares.get(weight);
    if (sums == null || sums.length != gradient.length) {
      throw new IllegalArgumentException("A gradient of " + gradient.length + " by " + weight);
    }
    for (int i = 0; i < sums.length; i++) {
      sums[i] += (double) gradient[i] * gradient[i];
    }
  }

  /** Roots of means; none where no gradient came. */
  private static float[] factors(double[] sums, long samples) {
    double typical = 0;
    for (double sum : sums) {
      typical += sum;
    }
    if (!(typical > 0)) {
      return new float[0];
    }
    double least = TIES * Math.sqrt(typical / sums.length / samples);
    float[] factors = new float[sums.length];
    for (int i = 0; i < sums.length; i++) {
      factors[i] = (float) (Math.sqrt(sums[i] / samples) + least);
    }
    return factors;
  }
}
