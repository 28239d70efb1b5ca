package dev.compress.prune.channels;

import dev.compress.calibrate.ActivationCollector;
import dev.compress.error.InvalidModelException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.gradient.GradientEngine;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.prune.channels.Coupling.Role;
import dev.compress.prune.channels.Coupling.Use;
import dev.compress.prune.channels.DependencyGroups.Family;
import dev.compress.quantize.NodeFilter;
import dev.compress.runtime.MacCount;
import dev.compress.runtime.MacCounter;
import dev.compress.runtime.ShapeInference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/**
 * Removes channels, attention heads and hidden units for good: the model has fewer of them and
 * multiplies less. What is left computes what the model computes where those channels are zero for
 * all that reads them; with samples the readers' weights are then fitted anew.
 *
 * @param share how much to remove, over 0 and under 1
 * @param target what that is a share of
 * @param criterion by what a channel matters; empty for what the data allows
 * @param global whether layers that can spare more give more; else each gives the same share
 * @param round what is left of a layer is a multiple of that, where it has more
 * @param filter the nodes whose channels may be removed
 */
public record PruneChannels(
    double share,
    ChannelTarget target,
    Optional<ChannelCriterion> criterion,
    boolean global,
    int round,
    NodeFilter filter)
    implements CompressionPass {
  /** What the kernels of most machines like. */
  public static final int USUAL_ROUND = 8;

  /** Checks the numbers. */
  public PruneChannels {
    if (!(share > 0 && share < 1) || round < 1) {
      throw new IllegalArgumentException("share " + share + ", round " + round);
    }
  }

  /** Whether it has to run before batch normalization is folded. */
  public boolean wantsBatchNorm() {
    return criterion.equals(Optional.of(ChannelCriterion.BN));
  }

  @Override
  public String name() {
    return "prune-channels";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    boolean linear =
        model.graph().nodes().stream()
            .anyMatch(
                n ->
                    Set.of("Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU", "RNN")
                        .contains(n.opType()));
    return linear
        ? Optional.empty()
        : Optional.of(new NotApplicable("the model has no layer that makes channels"));
  }

  /** Whether gradients decide which channels go. */
  public boolean takesGradients() {
    return criterion.equals(Optional.of(ChannelCriterion.TAYLOR));
  }

  @Override
  public PassResult plan(OnnxModel model, PassContext context) {
    requireGradients(model, context);
    return prune(model, context.withoutCalibration());
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    requireGradients(model, context);
    return prune(model, context);
  }

  private void requireGradients(OnnxModel model, PassContext context) {
    if (takesGradients()) {
      GradientEngine.ready(context.calibration()).requireDifferentiable(model);
    }
  }

  private PassResult prune(OnnxModel model, PassContext context) {
    DependencyGroups groups =
        DependencyGroups.of(model.graph(), context.shapes(model), model.opset(), filter);
    List<Skipped> skipped = new ArrayList<>();
    groups.kept().forEach(k -> skipped.add(Skipped.of(k.node(), k.reason())));
    List<String> notes = new ArrayList<>();
    Map<Integer, Double> scores = scores(model, groups, notes, context);
    ChannelSelection selection = new ChannelSelection(groups, scores, round, global);
    LatencyTarget latency = new LatencyTarget(model, groups, context);
    Set<Integer> removed = select(selection, model, groups, latency);
    for (Family family : groups.families()) {
      if (family.units().stream().noneMatch(removed::contains)) {
        makers(family).forEach(n -> skipped.add(Skipped.of(n, whyWhole(family))));
      }
    }
    if (removed.isEmpty()) {
      return PassResult.of(model, List.of(), skipped);
    }
    Graph graph =
        ChannelRemoval.remove(model.graph(), groups, removed, model.opset(), context.scratch());
    OnnxModel pruned = model.withGraph(graph);
    try {
      ShapeInference.infer(pruned);
    } catch (InvalidModelException e) {
      throw new IllegalStateException("Channels were removed that hang together with others", e);
    }
    notes.addAll(notes(model, groups, removed));
    latency.note().ifPresent(notes::add);
    if (context.calibration().isPresent()) {
      Reconstruction reconstruction = new Reconstruction(model, pruned, groups, removed, context);
      pruned = reconstruction.fit();
      skipped.addAll(reconstruction.skipped());
      notes.add(
          "Fitted the weights of " + reconstruction.fitted() + " layers anew to what is left.");
    }
    return new PassResult(
        pruned, changes(groups, removed), skipped, latency.warnings(), List.of(), notes);
  }

  private String whyWhole(Family family) {
    return "its "
        + family.units().size()
        + " channels stay: a step is "
        + Math.max(1, round / family.positions())
        + " of them, and the share that they would give is less than that";
  }

  private Map<Integer, Double> scores(
      OnnxModel model, DependencyGroups groups, List<String> notes, PassContext context) {
    boolean data = context.calibration().isPresent();
    Map<Integer, Double> magnitudes = UnitScores.byMagnitude(groups); // refuses what is not finite
    return switch (criterion.orElse(
        data ? ChannelCriterion.ACTIVATION : ChannelCriterion.MAGNITUDE)) {
      case BN -> UnitScores.byBatchNorm(groups);
      case ACTIVATION ->
          data
              ? UnitScores.byActivation(
                  groups,
                  context.observe(
                      model,
                      context.shapes(model),
                      new ActivationCollector().channelsOf(UnitScores.observed(groups))))
              : magnitudes;
      case TAYLOR -> {
        if (!data) { // a plan
          yield magnitudes;
        }
        UnitGradients.Found found =
            UnitGradients.of(GradientEngine.ready(context.calibration()), model, groups, context);
        notes.add(found.of().note());
        yield UnitScores.byTaylor(groups, found.byUnit());
      }
      case MAGNITUDE -> magnitudes;
    };
  }

  private Set<Integer> select(
      ChannelSelection selection, OnnxModel model, DependencyGroups groups, LatencyTarget latency) {
    return switch (target) {
      case CHANNELS -> selection.ofChannels(share);
      case PARAMS -> selection.saving(share, removed -> parameters(model, groups, removed));
      case LATENCY -> latency.take(selection, share);
      case MACS -> {
        ToDoubleFunction<Set<Integer>> macs = macs(model, groups);
        if (!(macs.applyAsDouble(Set.of()) > 0)) {
          throw new UnsupportedModelException(
              "The multiplications of the model cannot be counted, as its shapes are unknown. Use"
                  + " --prune-target params or channels.");
        }
        yield selection.saving(share, macs);
      }
    };
  }

  private static double parameters(OnnxModel model, DependencyGroups groups, Set<Integer> removed) {
    return model.graph().initializers().stream()
        .filter(i -> i.tensor().type().isFloatingPoint())
        .mapToDouble(i -> groups.elementsLeft(i, removed))
        .sum();
  }

  /** A layer's multiplications shrink as its weight does. */
  private static ToDoubleFunction<Set<Integer>> macs(OnnxModel model, DependencyGroups groups) {
    Map<String, Initializer> weights = new HashMap<>();
    model.graph().initializers().forEach(i -> weights.put(i.name(), i));
    Map<Initializer, Double> macsOf = new LinkedHashMap<>();
    for (MacCount.NodeMacs counted : MacCounter.countOne(model).nodes()) {
      Node node = counted.node();
      node.inputs().stream()
          .map(weights::get)
          .filter(w -> w != null && w.tensor().shape().rank() >= 2)
          .findFirst()
          .ifPresent(w -> macsOf.merge(w, (double) counted.macs(), Double::sum));
    }
    return removed ->
        macsOf.entrySet().stream()
            .mapToDouble(
                e ->
                    e.getValue()
                        * groups.elementsLeft(e.getKey(), removed)
                        / e.getKey().tensor().elementCount())
            .sum();
  }

  private static Set<Node> makers(Family family) {
    Set<Node> nodes = new LinkedHashSet<>();
    family.outputs().forEach(u -> nodes.add(u.node()));
    return nodes;
  }

  private static List<Change> changes(DependencyGroups groups, Set<Integer> removed) {
    Map<Node, List<String>> parts = new LinkedHashMap<>();
    for (Use use : groups.uses()) {
      int[] axis = groups.axis(use);
      if (use.role() != Role.FOLLOWER && axis.length > 0) {
        groups
            .left(axis, removed)
            .ifPresent(
                left ->
                    parts
                        .computeIfAbsent(use.node(), n -> new ArrayList<>())
                        .add(
                            left.cardinality()
                                + " of "
                                + axis.length
                                + (use.role() == Role.OUTPUT ? " made" : " read")));
      }
    }
    List<Change> changes = new ArrayList<>();
    parts.forEach(
        (node, texts) ->
            changes.add(Change.of(node, "channels left: " + String.join(", ", texts))));
    return changes;
  }

  private static List<String> notes(
      OnnxModel model, DependencyGroups groups, Set<Integer> removed) {
    double parameters = parameters(model, groups, removed) / parameters(model, groups, Set.of());
    ToDoubleFunction<Set<Integer>> macs = macs(model, groups);
    double all = macs.applyAsDouble(Set.of());
    long units = groups.families().stream().mapToLong(f -> f.units().size()).sum();
    String text =
        String.format(
            Locale.ROOT,
            "Removed %d of the %d channels that can be told apart; %.1f%% of the parameters are left",
            removed.size(),
            units,
            100 * parameters);
    String products =
        all > 0
            ? String.format(
                Locale.ROOT,
                " and %.1f%% of the multiplications.",
                100 * macs.applyAsDouble(removed) / all)
            : ".";
    return List.of(text + products);
  }
}
