package dev.compress.quantize;

import dev.compress.calibrate.ActivationStatistics;
import dev.compress.calibrate.Samples;
import dev.compress.error.InvalidDataException;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.pass.PassResult.Trace;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Quantizes one model by calibrated ranges: plan, calibrate, quantize weights, write. */
final class StaticQuantizer {
  /** What is told of a node that was quantized here. */
  static final String STATIC = "int8, static";

  /** How often nodes are put aside because the outputs are poor. */
  private static final int MOST_LOOKS = 2;

  private final QuantizeInt8 settings;
  private final PassContext context;
  private final Shapes shapes;
  private final List<Change> changes = new ArrayList<>();
  private final List<Skipped> skipped = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private final List<Trace> traces = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final Set<String> left = new HashSet<>();
  private List<Skipped> planned = List.of();
  private OnnxModel model;

  StaticQuantizer(QuantizeInt8 settings, OnnxModel model, Shapes shapes, PassContext context) {
    this.settings = settings;
    this.model = model;
    this.shapes = shapes;
    this.context = context;
  }

  List<Change> changes() {
    return changes;
  }

  List<Skipped> skipped() {
    return skipped;
  }

  List<String> warnings() {
    return warnings;
  }

  List<Trace> traces() {
    return traces;
  }

  List<String> notes() {
    return notes;
  }

  private Samples samples() {
    return context
        .calibration()
        .orElseThrow(
            () ->
                new InvalidDataException(
                    "Static quantization needs calibration data: give --calibration-data, or "
                        + "use --quantize-mode dynamic or weights."));
  }

  /**
   * Plans alone: no sample is read and no weight looked at.
   *
   * @return the graph with something small in place of each weight that will be integer, so that
   *     what is left can be told
   */
  Graph outline() {
    samples();
    StaticPlan plan = plan();
    skipped.addAll(planned);
    if (plan.weighted.isEmpty()) {
      return model.graph();
    }
    GraphEditor editor = new GraphEditor(model.graph());
    for (Node node : model.graph().nodes()) {
      NodePattern pattern = plan.weighted.get(node);
      if (pattern != null) {
        Tensor codes = Tensor.ofBytes(ElementType.INT8, Shape.of(1), new byte[1]);
        String weight = editor.addInitializer(pattern.weight() + "_q", codes);
        editor.replace(node, node.withInput(1, weight));
        changes.add(Change.of(node, STATIC));
      }
    }
    plan.others.forEach(node -> changes.add(Change.of(node, STATIC)));
    editor.removeDead();
    return editor.build();
  }

  /** The quantized graph; the same one if nothing could be quantized. */
  Graph quantize() {
    Samples samples = samples();
    StaticPlan plan = plan();
    if (plan.weighted.isEmpty()) {
      skipped.addAll(planned);
      return model.graph();
    }
    ActivationStatistics statistics = ranges().observe(plan);
    Map<String, AffineParameters> parameters = ranges().fit(plan, statistics, samples);
    for (int look = 0; look < MOST_LOOKS && leaveWorst(plan, parameters, samples); look++) {
      plan = plan();
      if (!parameters.keySet().containsAll(plan.roots())) {
        statistics = ranges().observe(plan);
        parameters = ranges().fit(plan, statistics, samples);
      }
    }
    skipped.addAll(planned);
    return plan.weighted.isEmpty() ? model.graph() : emit(plan, parameters, statistics);
  }

  private StaticRanges ranges() {
    return new StaticRanges(settings, model, shapes, context, warnings);
  }

  private Graph emit(
      StaticPlan plan, Map<String, AffineParameters> parameters, ActivationStatistics statistics) {
    StaticEmission emission =
        new StaticEmission(settings, model, shapes, context, plan, parameters);
    Graph graph = emission.emit(statistics);
    changes.addAll(emission.changes());
    skipped.addAll(emission.skipped());
    warnings.addAll(emission.warnings());
    traces.addAll(emission.traces());
    notes.addAll(emission.notes());
    return graph;
  }

  /** Puts the nodes aside that ruin the outputs; false if there are none. */
  private boolean leaveWorst(
      StaticPlan plan, Map<String, AffineParameters> parameters, Samples samples) {
    Set<Node> worst =
        plan.weighted.isEmpty() || !settings.guarded()
            ? Set.of()
            : new FidelityFloor(model, plan, parameters, samples, context)
                .worst(PatternCost.products(plan.weighted.values(), shapes));
    for (Node node : worst) {
      left.add(node.output(0));
      skipped.add(Skipped.of(node, "rounding its values ruins the model's outputs"));
    }
    return !worst.isEmpty();
  }

  private StaticPlan plan() {
    StaticPlan plan = planned();
    for (Set<Node> small = tooSmall(plan); !small.isEmpty(); small = tooSmall(plan)) {
      for (Node node : small) {
        left.add(node.output(0));
        skipped.add(
            Skipped.of(node, "a small integer island: its borders cost more than it saves"));
      }
      plan = planned();
    }
    Optional<Graph> commuted = PoolAfterFloatConv.commute(model.graph(), plan);
    if (commuted.isPresent()) {
      model = model.withGraph(commuted.get());
      plan = planned();
    }
    return plan;
  }

  private Set<Node> tooSmall(StaticPlan plan) {
    return settings.target().isCpu()
        ? new Islands(model.graph(), plan, shapes).tooSmall()
        : Set.of();
  }

  private StaticPlan planned() {
    StaticPlanner planner =
        new StaticPlanner(
            model.graph(), shapes, n -> settings.allows(n) && !left.contains(n.output(0)));
    StaticPlan plan = planner.plan();
    planned = planner.skipped().stream().filter(s -> !s.reason().equals("excluded")).toList();
    return plan;
  }
}
