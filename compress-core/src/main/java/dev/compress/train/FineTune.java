package dev.compress.train;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Trains what was made of a model to do again what the model did: from labels and from the original
 * as a teacher. Zeros stay zero, shared values shared, channels removed.
 *
 * @param plan how
 * @param run the trainings of this transformation: data and files
 * @param original the model before anything was taken from it
 */
public record FineTune(Plan plan, TuningRun run, OnnxModel original) implements CompressionPass {
  /**
   * How to tune.
   *
   * @param epochs how long
   * @param rate the largest learning rate, of AdamW along a cosine
   * @param pruning zeros that come meanwhile; empty: none
   * @param shared how many values clustering left a weight at most; 0: nothing was clustered
   */
  public record Plan(int epochs, double rate, Optional<GradualPruning> pruning, int shared) {
    /** For a model that has lost weights. */
    public static final double RATE = 1e-3;

    /** Checks. */
    public Plan {
      if (epochs < 1) {
        throw new IllegalArgumentException("--fine-tune must be 1 epoch or more, not " + epochs);
      }
    }
  }

  @Override
  public String name() {
    return "fine-tune";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return Optional.empty();
  }

  @Override
  public PassResult plan(OnnxModel model, PassContext context) {
    return PassResult.of(model, trained(model, Map.of()), List.of());
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    if (run.stopped()) {
      return PassResult.unchanged(model);
    }
    Structure kept = Structure.of(model, plan.shared());
    Tutoring tutoring = new Tutoring(name(), run, original);
    TrainingResult result =
        tutoring.train(
            model,
            plan.pruning().map(kept::prunedBy).orElse(kept),
            plan.epochs(),
            plan.rate(),
            context);
    TrainingSummary summary = result.summary();
    if (summary.bestEpoch() == 0) {
      return new PassResult(
          plan.pruning().map(p -> p.pruner().prune(model, p.share())).orElse(model),
          List.of(),
          List.of(),
          Tutoring.warnings(summary),
          List.of(),
          List.of("Tuning made nothing better: the weights are as they were."));
    }
    Map<String, Initializer> old = new HashMap<>();
    model.graph().initializers().forEach(i -> old.put(i.name(), i));
    return new PassResult(
        result.model(),
        trained(result.model(), old),
        List.of(),
        Tutoring.warnings(summary),
        List.of(),
        List.of(tutoring.account("Tuned", summary)));
  }

  /** The nodes that read a weight that differs. */
  private static List<Change> trained(OnnxModel model, Map<String, Initializer> old) {
    Graph graph = model.graph();
    GraphIndex index = new GraphIndex(graph);
    Set<Node> nodes = new LinkedHashSet<>();
    for (Initializer initializer : graph.initializers()) {
      boolean weight =
          initializer.tensor().type().isFloatingPoint() && initializer.tensor().shape().rank() >= 2;
      if (weight && old.get(initializer.name()) != initializer) {
        index.uses(initializer.name()).forEach(use -> nodes.add(use.node()));
      }
    }
    return nodes.stream().map(node -> Change.of(node, "weights tuned")).toList();
  }
}
