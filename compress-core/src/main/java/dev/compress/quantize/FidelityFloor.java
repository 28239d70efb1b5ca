package dev.compress.quantize;

import dev.compress.calibrate.Samples;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassContext;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Finds the values whose rounding alone ruins a model's outputs, such as those of first layers with
 * heavy tails, so that the nodes around them stay float.
 *
 * <p>How much a value's rounding does to the outputs is not to be seen at the value itself: an
 * error of a few per cent may be all that later layers look at. So groups of values are rounded
 * while all others are not, and always the group that does most harm is halved, until single values
 * are left that do most of the harm.
 */
final class FidelityFloor {
  /** Outputs this close, before the error of weights, are left alone. */
  private static final double LEAST_DB = 21;

  /** Multiplications of a sample up to which a look is taken; the proof judges larger models. */
  private static final double MOST_PRODUCTS = 1e9;

  /** Multiplications that the search may spend in all. */
  private static final double BUDGET_PRODUCTS = 5e10;

  /** The error that a single group may make, as a share of what all may. */
  private static final double SHARE_OF_ONE = 0.25;

  private static final int SAMPLES = 2;
  private static final int MOST_VALUES = 10;
  private static final int MOST_RUNS = 60;

  private final OnnxModel model;
  private final StaticPlan plan;
  private final Map<String, AffineParameters> parameters;
  private final Samples samples;
  private final PassContext context;
  private int runs;

  FidelityFloor(
      OnnxModel model,
      StaticPlan plan,
      Map<String, AffineParameters> parameters,
      Samples samples,
      PassContext context) {
    this.model = model;
    this.plan = plan;
    this.parameters = parameters;
    this.samples = samples;
    this.context = context;
  }

  /**
   * The integer nodes that had better stay float.
   *
   * @param products of one run with one sample
   * @return none if the outputs are close enough, or if looking would take too long
   */
  Set<Node> worst(double products) {
    double most = Math.pow(10, -LEAST_DB / 10);
    if (products > MOST_PRODUCTS) {
      return Set.of();
    }
    context.progress().begin("look for what ruins the outputs", -1);
    int count = (int) Math.min(samples.count(), SAMPLES);
    ReferenceOutputs wanted = new ReferenceOutputs(model, plan, samples, count, context);
    List<String> roots = List.copyOf(plan.roots());
    Group all = new Group(roots, error(Set.copyOf(roots), wanted));
    if (all.error() <= most) {
      return Set.of();
    }
    runs = (int) Math.min(MOST_RUNS, BUDGET_PRODUCTS / Math.max(products, 1) / SAMPLES);
    return around(harmful(all, most, wanted));
  }

  private record Group(List<String> roots, double error) {}

  private Set<String> harmful(Group all, double most, ReferenceOutputs wanted) {
    PriorityQueue<Group> open =
        new PriorityQueue<>(Comparator.comparingDouble(Group::error).reversed());
    open.add(all);
    Set<String> harmful = new HashSet<>();
    while (!open.isEmpty() && harmful.size() < MOST_VALUES && runs > 0) {
      Group worst = open.remove();
      if (worst.error() <= SHARE_OF_ONE * most) {
        break;
      }
      int size = worst.roots().size();
      if (size == 1) {
        harmful.add(worst.roots().get(0));
        continue;
      }
      for (List<String> half :
          List.of(worst.roots().subList(0, size / 2), worst.roots().subList(size / 2, size))) {
        open.add(new Group(half, error(Set.copyOf(half), wanted)));
      }
    }
    return harmful;
  }

  private double error(Set<String> rounded, ReferenceOutputs wanted) {
    runs--;
    QuantizedType type = parameters.values().iterator().next().type();
    try (ActivationSimulation simulation =
        new ActivationSimulation(wanted, model, plan, rounded::contains, type, context)) {
      return simulation.error(parameters);
    }
  }

  /** The integer nodes that make or read these values. */
  private Set<Node> around(Set<String> roots) {
    Set<Node> nodes = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Node node : model.graph().nodes()) {
      if (plan.isInteger(node) && touches(node, roots)) {
        nodes.add(node);
      }
    }
    return nodes;
  }

  private boolean touches(Node node, Set<String> roots) {
    for (String output : node.outputs()) {
      if (isOf(roots, output) || isOf(roots, absorbedOutput(output))) {
        return true;
      }
    }
    return node.inputs().stream().anyMatch(i -> isOf(roots, i));
  }

  private boolean isOf(Set<String> roots, String value) {
    return plan.quantized.containsKey(value) && roots.contains(plan.root(value));
  }

  /** What an activation that quantization performs makes of a value, or the value itself. */
  private String absorbedOutput(String value) {
    return plan.absorbed.stream()
        .filter(n -> n.input(0).equals(value))
        .map(n -> n.output(0))
        .findFirst()
        .orElse(value);
  }
}
