package dev.compress.quantize;

import dev.compress.calibrate.ActivationCollector;
import dev.compress.calibrate.ActivationStatistics;
import dev.compress.calibrate.Histogram;
import dev.compress.calibrate.QuantizationGrid;
import dev.compress.calibrate.RangeMethod;
import dev.compress.calibrate.Samples;
import dev.compress.calibrate.ValueRange;
import dev.compress.calibrate.ValueSummary;
import dev.compress.error.InvalidDataException;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.parallel.ParallelLoop;
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
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

/** Quantizes one model by calibrated ranges: plan, calibrate, quantize weights, write. */
final class StaticQuantizer {
  private static final String STATIC = "int8, static";

  /** How often nodes are put aside because the outputs are poor. */
  private static final int MOST_LOOKS = 2;

  /** What {@code auto} chooses from. */
  private static final List<RangeMethod> CANDIDATES =
      List.of(
          RangeMethod.MIN_MAX,
          new RangeMethod.Percentile(99.99),
          new RangeMethod.Percentile(99.999),
          RangeMethod.SQUARED_ERROR,
          RangeMethod.KULLBACK_LEIBLER);

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
    ActivationStatistics statistics = observe(plan);
    Map<String, AffineParameters> parameters = fit(plan, statistics, samples);
    for (int look = 0; look < MOST_LOOKS && leaveWorst(plan, parameters, samples); look++) {
      plan = plan();
      if (!parameters.keySet().containsAll(plan.roots())) {
        statistics = observe(plan);
        parameters = fit(plan, statistics, samples);
      }
    }
    skipped.addAll(planned);
    return plan.weighted.isEmpty() ? model.graph() : emit(plan, parameters, statistics);
  }

  /** Puts the nodes aside that ruin the outputs; false if there are none. */
  private boolean leaveWorst(
      StaticPlan plan, Map<String, AffineParameters> parameters, Samples samples) {
    Set<Node> worst =
        plan.weighted.isEmpty() || !settings.guarded()
            ? Set.of()
            : new FidelityFloor(model, plan, parameters, samples, context).worst(products(plan));
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

  private ActivationStatistics observe(StaticPlan plan) {
    Map<String, Integer> channelAxes = new LinkedHashMap<>();
    for (NodePattern pattern : plan.weighted.values()) {
      channelAxes.put(pattern.node().input(0), pattern.node().is("Conv") ? 1 : -1);
    }
    ActivationCollector collector = new ActivationCollector().meansOf(channelAxes);
    boolean extremesOnly =
        settings.method().filter(RangeMethod.MinMax.class::isInstance).isPresent();
    collector =
        extremesOnly ? collector.extremesOf(plan.roots()) : collector.histogramsOf(plan.roots());
    return context.observe(model, shapes, collector);
  }

  private Map<String, AffineParameters> fit(
      StaticPlan plan, ActivationStatistics statistics, Samples samples) {
    GraphIndex index = new GraphIndex(model.graph());
    List<RangeMethod> methods = settings.method().map(List::of).orElse(CANDIDATES);
    Map<String, List<AffineParameters>> candidates = new LinkedHashMap<>();
    for (String root : plan.roots()) {
      ValueSummary summary = Objects.requireNonNull(statistics.summaries().get(root), root);
      if (summary.nonFiniteCount() > 0) {
        warnings.add(
            "Value "
                + root
                + " held "
                + summary.nonFiniteCount()
                + " NaN or infinite elements during calibration; they were left out.");
      }
      List<AffineParameters> fitted = new ArrayList<>();
      for (RangeMethod method : methods) {
        fitted.add(parameters(root, range(root, method, statistics), index));
      }
      candidates.put(root, fitted);
    }
    Map<String, Integer> choice =
        methods.size() == 1 ? Map.of() : choices(plan, candidates, samples);
    return RangeSearch.chosen(choice, candidates);
  }

  private Map<String, Integer> choices(
      StaticPlan plan, Map<String, List<AffineParameters>> candidates, Samples samples) {
    Supplier<Map<String, Integer>> search =
        () -> new RangeSearch(model, plan, samples, context).search(candidates, products(plan));
    if (context.cache().isEmpty()) {
      return search.get();
    }
    List<String> nodes =
        plan.weighted.values().stream().map(p -> p.node().output(0)).sorted().toList();
    String question = "ranges\n" + new TreeMap<>(candidates) + nodes;
    return context.cache().get().choices(model, samples, question, search);
  }

  private ValueRange range(String root, RangeMethod method, ActivationStatistics statistics) {
    Histogram histogram = statistics.histograms().get(root);
    return histogram == null
        ? Objects.requireNonNull(statistics.summaries().get(root)).range()
        : method.fit(histogram, grid());
  }

  private QuantizationGrid grid() {
    return settings.target().activationType().grid(settings.target().symmetricActivations());
  }

  private AffineParameters parameters(String root, ValueRange seen, GraphIndex index) {
    QuantizedType type = settings.target().activationType();
    ValueRange range = GatedRange.of(root, seen, index);
    return withinClip(
        root,
        settings.target().symmetricActivations()
            ? AffineParameters.symmetric(range, type)
            : AffineParameters.asymmetric(range, type),
        index);
  }

  private double products(StaticPlan plan) {
    return plan.weighted.values().stream()
        .mapToDouble(p -> Math.max(0, PatternCost.products(p, shapes)))
        .sum();
  }

  /** A Clip is absorbed only if no code stands for a value beyond its bound. */
  private static AffineParameters withinClip(
      String root, AffineParameters parameters, GraphIndex index) {
    Optional<Float> bound =
        index
            .producer(root, "Clip")
            .flatMap(clip -> index.constant(clip.input(2)))
            .map(t -> t.toFloats()[0]);
    AffineParameters fitted = parameters;
    while (bound.isPresent()
        && bound.get() > 0
        && fitted.range().high() > bound.get()
        && fitted.scale() > AffineParameters.MIN_SCALE) {
      fitted =
          new AffineParameters(Math.nextDown(fitted.scale()), fitted.zeroPoint(), fitted.type());
    }
    return fitted;
  }

  private Graph emit(
      StaticPlan plan, Map<String, AffineParameters> parameters, ActivationStatistics statistics) {
    GraphEditor editor = new GraphEditor(model.graph());
    QdqEmitter emitter = new QdqEmitter(model.graph(), editor, plan, parameters);
    Map<Node, Node> replaced = new IdentityHashMap<>();
    emitter.emitActivations(replaced);
    List<NodePattern> layers =
        model.graph().nodes().stream().map(plan.weighted::get).filter(Objects::nonNull).toList();
    Optional<LayerRounding> rounding = rounding(layers, plan, parameters);
    Optional<SaturationTrial> saturation = saturation(layers, plan, parameters);
    Edit edit = new Edit(new GraphIndex(model.graph()), editor, emitter, replaced);
    LayerQuantizer quantizer =
        new LayerQuantizer(
            settings.target(),
            edit.index(),
            node -> Objects.requireNonNull(parameters.get(plan.root(node.input(0)))),
            statistics,
            context);
    // Rounding and trials have a state that follows the layers.
    boolean one = rounding.isPresent() || saturation.isPresent();
    ParallelLoop.run(
        layers.size(),
        one ? 1 : context.threads(),
        i -> {
          context.progress().check();
          NodePattern pattern = layers.get(i);
          return quantizer.quantize(
              pattern,
              !one && settings.codes().most() == 0
                  ? LayerQuantizer.Finish.NONE
                  : (codes, least, offset) -> {
                    LayerQuantizer.Finished used = rounded(pattern, codes, least, offset, rounding);
                    saturation.ifPresent(s -> s.check(pattern, used.codes()));
                    return used;
                  });
        },
        layer -> {
          Node node = layer.pattern().node();
          emit(layer, edit);
          changes.add(Change.of(node, STATIC));
          String output = outputOf(node, plan, edit.index());
          traces.add(
              new Trace(
                  node.label(),
                  node.opType(),
                  node.output(0),
                  "static",
                  output,
                  emitter.dequantized(output)));
        });
    rounding.ifPresent(r -> skipped.addAll(r.skipped()));
    saturation.ifPresent(
        s -> {
          warnings.addAll(s.warnings());
          notes.addAll(s.notes());
        });
    for (Node node : plan.others) {
      changes.add(Change.of(node, STATIC));
    }
    editor.removeDead();
    return editor.build();
  }

  /** The codes that a layer is written with. */
  private LayerQuantizer.Finished rounded(
      NodePattern pattern,
      WeightCodes codes,
      float[] least,
      boolean offset,
      Optional<LayerRounding> rounding) {
    if (settings.codes().most() == 0) {
      return LayerQuantizer.Finished.of(
          rounding.isPresent() ? rounding.get().round(pattern, codes) : codes);
    }
    ChannelLayout layout = ChannelLayout.of(pattern.tensor().shape(), pattern.outputAxis());
    WeightCodes clustered = codes.mapped(settings.codes(), layout, context);
    return rounding.isPresent()
        ? rounding.get().among(pattern, codes, clustered, least, offset, settings.codes().groups())
        : LayerQuantizer.Finished.of(clustered);
  }

  private Optional<LayerRounding> rounding(
      List<NodePattern> layers, StaticPlan plan, Map<String, AffineParameters> parameters) {
    boolean clusters = settings.codes().most() > 0 && LayerRounding.isQuick(layers);
    return settings.rounding() == Rounding.ADAPTIVE || clusters
        ? Optional.of(
            new LayerRounding(
                model,
                shapes,
                context,
                layers,
                node -> parameters.get(plan.root(node.input(0))),
                settings.target().maxWeightCode()))
        : Optional.empty();
  }

  private Optional<SaturationTrial> saturation(
      List<NodePattern> layers, StaticPlan plan, Map<String, AffineParameters> parameters) {
    return settings.target() == Target.CPU_AVX2
        ? Optional.of(
            SaturationTrial.gather(
                model,
                shapes,
                context,
                layers,
                node -> Objects.requireNonNull(parameters.get(plan.root(node.input(0))))))
        : Optional.empty();
  }

  /** A layer's output, behind the activation that quantization performs. */
  private static String outputOf(Node node, StaticPlan plan, GraphIndex index) {
    return index
        .onlyConsumer(node.output(0))
        .filter(plan.absorbed::contains)
        .orElse(node)
        .output(0);
  }

  private void emit(LayerQuantizer.Layer layer, Edit edit) {
    NodePattern pattern = layer.pattern();
    WeightCodes codes = layer.codes();
    edit.change(
        pattern.node(),
        n ->
            n.withInput(
                1,
                edit.emitter()
                    .emitWeight(
                        pattern.weight(), codes.codes(), codes.scales(), pattern.outputAxis())));
    if (layer.bias().length > 0) {
      emitBias(layer, edit);
    }
  }

  /**
   * Conv and Gemm take an int32 bias. So does the Add after a MatMul of fixed shape, which the
   * runtime turns into a Gemm; where a dim is free it stays a float Add.
   */
  private void emitBias(LayerQuantizer.Layer layer, Edit edit) {
    NodePattern pattern = layer.pattern();
    Optional<BiasAdd> biasAdd = layer.biasAdd();
    Node node = pattern.node();
    if (biasAdd.isPresent() && !PatternCost.isFixed(node.input(0), shapes)) {
      Tensor old = biasAdd.get().bias();
      String corrected =
          edit.editor()
              .addInitializer(
                  biasAdd.get().name() + "_c", Tensor.ofFloats(old.shape(), layer.bias()));
      edit.change(biasAdd.get().add(), n -> n.withInput(biasAdd.get().inputIndex(), corrected));
      return;
    }
    String base =
        biasAdd
            .map(BiasAdd::name)
            .orElse(pattern.bias().isEmpty() ? node.output(0) + "_bias" : pattern.bias());
    String name = edit.emitter().emitBias(base, layer.biasCodes(), layer.biasScales());
    if (biasAdd.isPresent()) {
      edit.change(biasAdd.get().add(), n -> n.withInput(biasAdd.get().inputIndex(), name));
    } else {
      edit.change(node, n -> n.withInput(2, name));
    }
  }

  /** One graph being edited, with the instance that each of its nodes has become. */
  private record Edit(
      GraphIndex index, GraphEditor editor, QdqEmitter emitter, Map<Node, Node> replaced) {
    void change(Node node, java.util.function.UnaryOperator<Node> how) {
      Node current = replaced.getOrDefault(node, node);
      replaced.put(node, editor.replace(current, how.apply(current)));
    }
  }
}
