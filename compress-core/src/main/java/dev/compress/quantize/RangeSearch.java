package dev.compress.quantize;

import dev.compress.calibrate.Samples;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassContext;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Chooses each value's range among candidates by the error of the model's outputs.
 *
 * <p>First one method for all values is chosen; then value after value takes the candidate with the
 * least output error while the others stay. Large models stop after the first step.
 */
final class RangeSearch {
  /** Multiplications that the search may spend; a few seconds on two cores. */
  private static final double BUDGET_PRODUCTS = 6e10;

  private static final int MAX_SAMPLES = 32;
  private static final int MIN_SAMPLES = 4;

  private final OnnxModel model;
  private final StaticPlan plan;
  private final Samples samples;
  private final PassContext context;

  RangeSearch(OnnxModel model, StaticPlan plan, Samples samples, PassContext context) {
    this.model = model;
    this.plan = plan;
    this.samples = samples;
    this.context = context;
  }

  /**
   * Searches.
   *
   * @param candidates parameters by value; every list in the order of the same methods
   * @param products of one run with one sample
   * @return the choice by value, an index into its candidates
   */
  Map<String, Integer> search(Map<String, List<AffineParameters>> candidates, double products) {
    int methods = candidates.values().stream().mapToInt(List::size).max().orElse(0);
    double runs = BUDGET_PRODUCTS / Math.max(products, 1);
    int count = (int) Math.max(MIN_SAMPLES, Math.min(MAX_SAMPLES, runs / methods));
    count = (int) Math.min(count, samples.count());
    double trials = (double) methods * candidates.size();
    boolean each = trials * count <= runs;
    context.progress().begin("choose ranges", each ? methods + (long) trials : methods);
    QuantizedType type = candidates.values().iterator().next().get(0).type();
    ReferenceOutputs reference = new ReferenceOutputs(model, plan, samples, count, context);
    try (ActivationSimulation simulation =
        new ActivationSimulation(reference, model, plan, root -> true, type, context)) {
      Map<String, Integer> best = new LinkedHashMap<>();
      double least = Double.POSITIVE_INFINITY;
      for (int method = 0; method < methods; method++) {
        Map<String, Integer> choice = new LinkedHashMap<>();
        for (String root : candidates.keySet()) {
          choice.put(root, method);
        }
        double error = simulation.error(chosen(choice, candidates));
        if (best.isEmpty() || error < least) {
          least = error;
          best = choice;
        }
      }
      return each ? refined(best, least, simulation, candidates) : best;
    }
  }

  private static Map<String, Integer> refined(
      Map<String, Integer> start,
      double error,
      ActivationSimulation simulation,
      Map<String, List<AffineParameters>> candidates) {
    Map<String, Integer> best = new LinkedHashMap<>(start);
    double least = error;
    for (Map.Entry<String, List<AffineParameters>> entry : candidates.entrySet()) {
      int current = Objects.requireNonNull(best.get(entry.getKey()));
      for (int i = 0; i < entry.getValue().size(); i++) {
        if (entry.getValue().get(i).equals(entry.getValue().get(current))) {
          continue;
        }
        Map<String, Integer> choice = new LinkedHashMap<>(best);
        choice.put(entry.getKey(), i);
        double tried = simulation.error(chosen(choice, candidates));
        if (tried < least) {
          least = tried;
          best = choice;
          current = i;
        }
      }
    }
    return best;
  }

  /** The candidates that a choice stands for; the first where it names none. */
  static Map<String, AffineParameters> chosen(
      Map<String, Integer> choice, Map<String, List<AffineParameters>> candidates) {
    Map<String, AffineParameters> chosen = new LinkedHashMap<>();
    candidates.forEach((root, all) -> chosen.put(root, all.get(choice.getOrDefault(root, 0))));
    return chosen;
  }
}
