package dev.compress.quantize;

import dev.compress.calibrate.ActivationStatistics;
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
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Writes a plan into the graph: activations, then weights and biases layer by layer. */
final class StaticEmission {
  private final QuantizeInt8 settings;
  private final OnnxModel model;
  private final Shapes shapes;
  private final PassContext context;
  private final StaticPlan plan;
  private final Map<String, AffineParameters> parameters;
  private final List<Change> changes = new ArrayList<>();
  private final List<Skipped> skipped = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private final List<Trace> traces = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  /**
   * Of a plan.
   *
   * @param parameters of each value that the plan quantizes, by its root
   */
  StaticEmission(
      QuantizeInt8 settings,
      OnnxModel model,
      Shapes shapes,
      PassContext context,
      StaticPlan plan,
      Map<String, AffineParameters> parameters) {
    this.settings = settings;
    this.model = model;
    this.shapes = shapes;
    this.context = context;
    this.plan = plan;
    this.parameters = parameters;
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

  /** The quantized graph. */
  Graph emit(ActivationStatistics statistics) {
    GraphEditor editor = new GraphEditor(model.graph());
    QdqEmitter emitter = new QdqEmitter(model.graph(), editor, plan, parameters);
    Map<Node, Node> replaced = new IdentityHashMap<>();
    emitter.emitActivations(replaced);
    List<NodePattern> layers =
        model.graph().nodes().stream().map(plan.weighted::get).filter(Objects::nonNull).toList();
    List<List<NodePattern>> weights = List.copyOf(NodePattern.byWeightUse(layers).values());
    Optional<LayerRounding> rounding = rounding(layers);
    Optional<SaturationTrial> saturation = saturation(layers);
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
        weights.size(),
        one ? 1 : context.threads(),
        i -> {
          context.progress().check();
          return quantize(weights.get(i), quantizer, rounding, saturation);
        },
        readers -> readers.forEach(layer -> emit(layer, edit)));
    rounding.ifPresent(r -> skipped.addAll(r.skipped()));
    saturation.ifPresent(
        s -> {
          warnings.addAll(s.warnings());
          notes.addAll(s.notes());
        });
    for (Node node : plan.others) {
      changes.add(Change.of(node, StaticQuantizer.STATIC));
    }
    editor.removeDead();
    return editor.build();
  }

  /** Quantizes the layers that read a weight, with the same codes as far as their biases fit. */
  private List<LayerQuantizer.Layer> quantize(
      List<NodePattern> readers,
      LayerQuantizer quantizer,
      Optional<LayerRounding> rounding,
      Optional<SaturationTrial> saturation) {
    boolean plain = rounding.isEmpty() && saturation.isEmpty() && settings.codes().most() == 0;
    List<LayerQuantizer.Layer> layers = new ArrayList<>();
    for (NodePattern reader : readers) {
      LayerQuantizer.Finish finish =
          plain
              ? LayerQuantizer.Finish.NONE
              : (codes, least, offset) -> rounded(reader, codes, least, offset, rounding);
      LayerQuantizer.Layer layer =
          layers.stream()
              .flatMap(other -> quantizer.quantizeWith(other.codes(), reader).stream())
              .findFirst()
              .orElseGet(() -> quantizer.quantize(reader, finish));
      boolean own = layers.stream().noneMatch(other -> other.codes() == layer.codes());
      if (rounding.isPresent() && own && !layers.isEmpty()) {
        skipped.add(
            Skipped.of(
                reader.node(),
                "rounded to nearest: its bias does not fit the scales of the others that read its"
                    + " weight"));
      }
      saturation.ifPresent(s -> s.check(reader, layer.codes()));
      layers.add(layer);
    }
    return layers;
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

  private Optional<LayerRounding> rounding(List<NodePattern> layers) {
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

  private Optional<SaturationTrial> saturation(List<NodePattern> layers) {
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
  private String outputOf(Node node, GraphIndex index) {
    return index
        .onlyConsumer(node.output(0))
        .filter(plan.absorbed::contains)
        .orElse(node)
        .output(0);
  }

  private void emit(LayerQuantizer.Layer layer, Edit edit) {
    NodePattern pattern = layer.pattern();
    Node node = pattern.node();
    QdqEmitter emitter = edit.emitter();
    edit.change(
        node,
        n ->
            n.withInput(
                1, emitter.emitWeight(pattern.weight(), layer.codes(), pattern.outputAxis())));
    if (layer.bias().length > 0) {
      emitBias(layer, edit);
    }
    changes.add(Change.of(node, StaticQuantizer.STATIC));
    String output = outputOf(node, edit.index());
    traces.add(
        new Trace(
            node.label(),
            node.opType(),
            node.output(0),
            "static",
            output,
            emitter.dequantized(output)));
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
    void change(Node node, UnaryOperator<Node> how) {
      Node current = replaced.getOrDefault(node, node);
      replaced.put(node, editor.replace(current, how.apply(current)));
    }
  }
}
