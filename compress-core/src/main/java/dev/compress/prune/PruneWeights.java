package dev.compress.prune;

import dev.compress.error.InvalidModelException;
import dev.compress.gradient.GradientEngine;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.parallel.ParallelLoop;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.ModelWeights;
import dev.compress.pass.ModelWeights.Weight;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.pass.PassResult.WeightClaim;
import dev.compress.prune.fit.FittedLayer;
import dev.compress.prune.fit.SequentialFit;
import dev.compress.quantize.InputRows;
import dev.compress.quantize.NodeFilter;
import dev.compress.quantize.NodePattern;
import dev.compress.quantize.WeightLayout;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Sets a share of the weights to zero, exactly, and, where calibration data is there, changes the
 * others of each layer so that its outputs stay close ({@link SequentialFit}). The zeros are the
 * mask: later passes keep them. No kernel of the CPU is faster for it; the file is smaller once its
 * weights are packed.
 *
 * @param share of the weights, 0 to under 1; for {@link PruneKind#TWO_OF_FOUR} 0.5
 * @param kind which weights may go together
 * @param criterion by what they matter, or empty for the best that the data allows
 * @param allocation how the share is divided among layers
 * @param filter which nodes may be changed
 */
public record PruneWeights(
    double share,
    PruneKind kind,
    Optional<PruneCriterion> criterion,
    PruneAllocation allocation,
    NodeFilter filter)
    implements CompressionPass {
  private static final int GROUP = 4;

  /** Checks the share. */
  public PruneWeights {
    if (!(share >= 0 && share < 1)) {
      throw new IllegalArgumentException(
          "--prune " + share + ": use a share from 0 to under 1, such as 0.5.");
    }
    if (kind == PruneKind.TWO_OF_FOUR && share != 0.5) {
      throw new IllegalArgumentException(
          "--prune " + share + ": with --prune-kind 2:4 it is 0.5, two of every four.");
    }
  }

  @Override
  public String name() {
    return "prune-weights";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    ModelWeights found = ModelWeights.of(model, filter).unlessQuantized();
    return found.weights().isEmpty() && found.skipped().isEmpty()
        ? Optional.of(ModelWeights.none(model, "prune"))
        : Optional.empty();
  }

  @Override
  public PassResult plan(OnnxModel model, PassContext context) {
    ModelWeights found = ModelWeights.of(model, filter).unlessQuantized();
    requireGradients(model, context);
    List<Change> changes =
        found.weights().stream()
            .map(w -> Change.of(w.readers().get(0), "weight " + w.name() + " pruned"))
            .toList();
    return new PassResult(model, changes, found.skipped(), List.of());
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    ModelWeights found = ModelWeights.of(model, filter).unlessQuantized();
    List<Skipped> skipped = new ArrayList<>(found.skipped());
    List<String> warnings = new ArrayList<>(found.warningIfNone("--prune"));
    boolean data = context.calibration().isPresent();
    if (criterion.equals(Optional.of(PruneCriterion.ACTIVATION)) && !data) {
      warnings.add(
          "--prune-criterion activation takes calibration data: weights were pruned by magnitude."
              + " Give --calibration-data.");
    }
    GraphIndex index = new GraphIndex(model.graph());
    Map<String, NodePattern> layers = layers(found.weights(), index);
    List<String> notes = new ArrayList<>();
    Map<String, WeightScores> scores = scores(model, found.weights(), layers, notes, context);
    Map<String, Pruned> pruned = new LinkedHashMap<>();
    if (kind == PruneKind.TWO_OF_FOUR) {
      prunePairs(found.weights(), layers, scores, pruned, skipped, context);
    } else {
      pruneAny(survey(model, found.weights(), layers, scores, context), pruned, context);
    }
    GraphEditor editor = new GraphEditor(model.graph());
    for (Weight weight : found.weights()) {
      Pruned result = pruned.get(weight.name());
      if (result != null && result.tensor != weight.tensor()) {
        editor.setInitializer(weight.name(), result.tensor);
      }
    }
    OnnxModel masked = model.withGraph(editor.build());
    OnnxModel fitted = masked;
    if (data && masked.graph() != model.graph()) {
      fitted = compensate(model, masked, pruned, skipped, context);
    }
    List<Change> changes = new ArrayList<>();
    List<WeightClaim> claims = new ArrayList<>();
    for (Weight weight : found.weights()) {
      Pruned result = pruned.get(weight.name());
      if (result != null && result.tensor != weight.tensor()) {
        changes.add(Change.of(weight.readers().get(0), result.what(weight)));
        claims.add(WeightClaim.ofZeros(weight.name(), result.zeros));
      }
    }
    return new PassResult(fitted, changes, skipped, warnings, List.of(), notes).claiming(claims);
  }

  /** Whether gradients decide which weights go. */
  public boolean takesGradients() {
    return criterion.equals(Optional.of(PruneCriterion.TAYLOR));
  }

  private void requireGradients(OnnxModel model, PassContext context) {
    if (takesGradients()) {
      GradientEngine.ready(context.calibration()).requireDifferentiable(model);
    }
  }

  private Map<String, WeightScores> scores(
      OnnxModel model,
      List<Weight> weights,
      Map<String, NodePattern> layers,
      List<String> notes,
      PassContext context) {
    if (takesGradients()) {
      requireGradients(model, context);
      weights.forEach(
          w -> requireFinite(w, ScoreHistogram.of(w.tensor(), WeightScores.magnitude())));
      TaylorScores.Found found =
          TaylorScores.of(GradientEngine.ready(context.calibration()), model, weights, context);
      notes.add(found.of().note());
      return found.byWeight();
    }
    return context.calibration().isPresent()
            && !criterion.equals(Optional.of(PruneCriterion.MAGNITUDE))
        ? InputScores.of(model, layers, context)
        : Map.of();
  }

  /** A pruned weight with what is known of it. */
  private static final class Pruned {
    private final long zeros;
    private final double lost;
    private final Tensor tensor;
    private Optional<FittedLayer.Errors> errors = Optional.empty();

    Pruned(Tensor tensor, long zeros, double lost) {
      this.tensor = tensor;
      this.zeros = zeros;
      this.lost = lost;
    }

    String what(Weight weight) {
      String text =
          String.format(
              Locale.ROOT,
              "weight %s: %d of %d set to zero",
              weight.name(),
              zeros,
              weight.tensor().elementCount());
      if (errors.isEmpty()) {
        return Double.isNaN(lost)
            ? text
            : text + String.format(Locale.ROOT, ", %.2f%% of its energy", 100 * lost);
      }
      return text
          + String.format(
              Locale.ROOT,
              ", its output off by %.2f%%, by %.2f%% before the others made up for it",
              100 * Math.sqrt(errors.get().compensated()),
              100 * Math.sqrt(errors.get().alone()));
    }
  }

  /** The layers whose inputs are known, by the one weight that they alone read. */
  private static Map<String, NodePattern> layers(List<Weight> weights, GraphIndex index) {
    Map<String, NodePattern> layers = new HashMap<>();
    for (Weight weight : weights) {
      List<Node> readers = weight.readers();
      if (readers.size() == 1) {
        NodePattern.match(readers.get(0), index)
            .filter(p -> p.weight().equals(weight.name()))
            .ifPresent(p -> layers.put(weight.name(), p));
      }
    }
    return layers;
  }

  /** A weight, its scores, and what the model's outputs lose with it. */
  private record Candidate(
      Weight weight, WeightScores scores, ScoreHistogram histogram, Optional<LayerCost> cost) {}

  private List<Candidate> survey(
      OnnxModel model,
      List<Weight> weights,
      Map<String, NodePattern> layers,
      Map<String, WeightScores> scores,
      PassContext context) {
    List<Candidate> candidates = new ArrayList<>();
    if (context.calibration().isPresent()) {
      weights.forEach(
          w -> requireFinite(w, ScoreHistogram.of(w.tensor(), WeightScores.magnitude())));
      Optional<OutputShift> shift =
          allocation == PruneAllocation.GLOBAL
              ? OutputShift.of(model, LayerSurvey.TRIALS * weights.size(), context)
              : Optional.empty();
      LayerSurvey survey =
          new LayerSurvey(model, share, scores, criterion.isEmpty(), shift, context);
      survey.run(weights, layers);
      for (Weight weight : weights) {
        String name = weight.name();
        candidates.add(
            new Candidate(weight, survey.scores(name), survey.histogram(name), survey.cost(name)));
      }
      return candidates;
    }
    context.progress().begin("look at weights", weights.size());
    ParallelLoop.run(
        weights.size(),
        context.threads(),
        i -> ScoreHistogram.of(weights.get(i).tensor(), scoresOf(weights.get(i), scores)),
        histogram -> {
          context.progress().check();
          Weight weight = weights.get(candidates.size());
          requireFinite(weight, histogram);
          candidates.add(
              new Candidate(weight, scoresOf(weight, scores), histogram, Optional.empty()));
          context.progress().advance(1);
        });
    return candidates;
  }

  private long[] divided(List<Candidate> candidates) {
    List<ScoreHistogram> histograms = candidates.stream().map(Candidate::histogram).toList();
    if (allocation == PruneAllocation.LAYER) {
      return histograms.stream().mapToLong(h -> Math.round(share * h.elements())).toArray();
    }
    long lowest = Math.round(share * histograms.stream().mapToLong(ScoreHistogram::elements).sum());
    return candidates.stream().allMatch(c -> c.cost().isPresent())
        ? SensitiveAllocation.divide(
            histograms, candidates.stream().map(c -> c.cost().orElseThrow()).toList(), lowest)
        : LampAllocation.divide(histograms, lowest);
  }

  private void pruneAny(
      List<Candidate> candidates, Map<String, Pruned> pruned, PassContext context) {
    long[] divided = divided(candidates);
    context.progress().begin("prune weights", candidates.size());
    ParallelLoop.run(
        divided.length,
        context.threads(),
        i -> {
          Candidate candidate = candidates.get(i);
          ScoreHistogram histogram = candidate.histogram();
          Tensor tensor =
              WeightMasks.unstructured(
                  candidate.weight().tensor(),
                  candidate.scores(),
                  histogram,
                  divided[i],
                  context.scratch());
          return new Pruned(tensor, divided[i], histogram.shareOfLowest(divided[i]));
        },
        result -> {
          context.progress().check();
          pruned.put(candidates.get(pruned.size()).weight().name(), result);
          context.progress().advance(1);
        });
  }

  private static WeightScores scoresOf(Weight weight, Map<String, WeightScores> scores) {
    return scores.getOrDefault(weight.name(), WeightScores.magnitude());
  }

  private static void requireFinite(Weight weight, ScoreHistogram histogram) {
    if (!histogram.isFinite()) {
      throw InvalidModelException.notFinite(weight.name());
    }
  }

  private static void prunePairs(
      List<Weight> weights,
      Map<String, NodePattern> layers,
      Map<String, WeightScores> scores,
      Map<String, Pruned> pruned,
      List<Skipped> skipped,
      PassContext context) {
    context.progress().begin("prune weights", weights.size());
    for (Weight weight : weights) {
      context.progress().check();
      NodePattern layer = layers.get(weight.name());
      String why =
          layer == null
              ? "2:4 is for products whose inputs can be told"
              : InputRows.layoutOf(layer).inPerGroup() % GROUP != 0
                  ? InputRows.layoutOf(layer).inPerGroup() + " inputs do not divide into fours"
                  : "";
      if (!why.isEmpty() || layer == null) {
        skipped.add(Skipped.ofWeight(weight.readers().get(0), weight.name(), why));
        continue;
      }
      requireFinite(weight, ScoreHistogram.of(weight.tensor(), scoresOf(weight, scores)));
      WeightLayout layout = InputRows.layoutOf(layer);
      Tensor tensor =
          WeightMasks.twoOfFour(
              weight.tensor(),
              scoresOf(weight, scores),
              layout.inPerGroup(),
              layout.inStride(),
              context.scratch());
      pruned.put(weight.name(), new Pruned(tensor, weight.tensor().elementCount() / 2, Double.NaN));
      context.progress().advance(1);
    }
  }

  /** Lets the weights that are left of each layer make up for the others, and for those before. */
  private OnnxModel compensate(
      OnnxModel model,
      OnnxModel masked,
      Map<String, Pruned> pruned,
      List<Skipped> skipped,
      PassContext context) {
    GraphIndex index = new GraphIndex(masked.graph());
    // With a criterion of the user's, that chooses.
    boolean movable = kind == PruneKind.UNSTRUCTURED && criterion.isEmpty();
    SequentialFit.Zeros zeros = movable ? SequentialFit.Zeros.MOVABLE : SequentialFit.Zeros.FIXED;
    SequentialFit fit = new SequentialFit(model, masked, context, zeros);
    for (Node node : masked.graph().nodes()) {
      Optional<NodePattern> layer = NodePattern.match(node, index).filter(p -> filter.test(node));
      if (layer.isPresent() && pruned.containsKey(layer.get().weight())) {
        BitSet outputs = new BitSet();
        outputs.set(0, (int) layer.get().outputChannels());
        fit.offer(layer.get(), outputs);
      }
    }
    OnnxModel fitted = fit.fit();
    skipped.addAll(fit.skipped());
    pruned.forEach((name, result) -> result.errors = fit.errors(name));
    return fitted;
  }
}
