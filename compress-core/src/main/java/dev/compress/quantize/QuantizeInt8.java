package dev.compress.quantize;

import dev.compress.calibrate.RangeMethod;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.ModelWeights;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.pass.PassResult.Trace;
import dev.compress.pass.PassResult.WeightClaim;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Quantizes to int8: static where ranges are known, dynamic for matrix products without data, and
 * 8-bit storage for the weights that keep computing in float.
 *
 * @param mode how activations get their ranges
 * @param target where the model will run
 * @param filter which nodes may be changed
 * @param method how ranges are fitted, or empty for the best of all per tensor
 * @param keptFloat nodes, by their first output, that must go on computing in float
 * @param rounding how weights of integer nodes are rounded
 * @param guarded whether nodes whose rounding ruins the outputs are left float unasked
 * @param codes what becomes of the codes of weights
 */
public record QuantizeInt8(
    QuantizationMode mode,
    Target target,
    NodeFilter filter,
    Optional<RangeMethod> method,
    Set<String> keptFloat,
    Rounding rounding,
    boolean guarded,
    CodeMap codes)
    implements CompressionPass {
  /** The first operator set with a scale a channel. */
  public static final long STATIC_OPSET = 13;

  /** The first operator set with DynamicQuantizeLinear. */
  public static final long DYNAMIC_OPSET = 11;

  public QuantizeInt8 {
    keptFloat = Set.copyOf(keptFloat);
  }

  /** Settings that leave codes as they are. */
  public QuantizeInt8(
      QuantizationMode mode,
      Target target,
      NodeFilter filter,
      Optional<RangeMethod> method,
      Set<String> keptFloat,
      Rounding rounding,
      boolean guarded) {
    this(mode, target, filter, method, keptFloat, rounding, guarded, CodeMap.NONE);
  }

  /** Settings that round to nearest. */
  public QuantizeInt8(
      QuantizationMode mode,
      Target target,
      NodeFilter filter,
      Optional<RangeMethod> method,
      Set<String> keptFloat) {
    this(mode, target, filter, method, keptFloat, Rounding.NEAREST, true, CodeMap.NONE);
  }

  /** Guarded settings. */
  public QuantizeInt8(
      QuantizationMode mode,
      Target target,
      NodeFilter filter,
      Optional<RangeMethod> method,
      Set<String> keptFloat,
      Rounding rounding) {
    this(mode, target, filter, method, keptFloat, rounding, true, CodeMap.NONE);
  }

  /** The same with other nodes kept in float. */
  public QuantizeInt8 keepingFloat(Set<String> outputs) {
    return new QuantizeInt8(mode, target, filter, method, outputs, rounding, guarded, codes);
  }

  /** The same with another mode. */
  public QuantizeInt8 in(QuantizationMode other) {
    return new QuantizeInt8(other, target, filter, method, keptFloat, rounding, guarded, codes);
  }

  /** Whether a node may compute in integers. */
  boolean allows(Node node) {
    return filter.test(node) && !keptFloat.contains(node.output(0));
  }

  @Override
  public String name() {
    return "quantize-int8";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    GraphIndex index = new GraphIndex(model.graph());
    boolean weights =
        model.graph().nodes().stream().anyMatch(n -> NodePattern.match(n, index).isPresent())
            || model.graph().initializers().stream()
                .anyMatch(i -> StoredWeights.match(i, index).isPresent())
            || SubgraphWeights.exist(model.graph())
            || FloatWeights.exist(model);
    return weights
        ? Optional.empty()
        : Optional.of(new NotApplicable("no float weight is large enough to be worth it"));
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    List<Change> changes = new ArrayList<>();
    List<Skipped> skipped = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    List<Trace> traces = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    Graph graph = model.graph();
    Shapes shapes = context.shapes(model);
    warnings.addAll(shapes.warnings());
    if (rounding == Rounding.ADAPTIVE && context.calibration().isEmpty()) {
      warnings.add(
          "Adaptive rounding takes calibration data: weights were rounded to nearest. Give"
              + " --calibration-data.");
    }
    if (isStatic(context, model)) {
      StaticQuantizer quantizer = new StaticQuantizer(this, model, shapes, context);
      graph = quantizer.quantize();
      changes.addAll(quantizer.changes());
      skipped.addAll(quantizer.skipped());
      warnings.addAll(quantizer.warnings());
      traces.addAll(quantizer.traces());
      notes.addAll(quantizer.notes());
    } else if (model.opset() >= DYNAMIC_OPSET
        && (mode == QuantizationMode.DYNAMIC
            || (mode == QuantizationMode.AUTO && target.isCpu()))) {
      graph = new DynamicQuantizer(model, shapes, this, context).quantize(changes, skipped, traces);
    }
    graph = StoredWeights.storeAll(graph, filter, codes, context, changes);
    skipped.addAll(keepingValues(model, model.withGraph(graph)));
    skipped.addAll(FloatWeights.left(model.withGraph(graph), filter, skipped));
    if (!changes.isEmpty()) { // not worth it alone
      graph = StoreFloat16.storeExact(graph, filter, context.scratch(), changes);
    }
    return new PassResult(model.withGraph(graph), changes, skipped, warnings, traces, notes)
        .claiming(claims(model.graph(), graph));
  }

  /** Of weights that were not there before, where codes are joined. */
  private List<WeightClaim> claims(Graph before, Graph after) {
    if (codes.most() == 0) {
      return List.of();
    }
    Set<String> known = names(before);
    return after.initializers().stream()
        .filter(i -> !known.contains(i.name()) && i.tensor().type().equals(ElementType.INT8))
        .filter(i -> i.tensor().shape().rank() > 1)
        .map(i -> WeightClaim.ofDistinct(i.name(), codes.most(), codes.groups()))
        .toList();
  }

  /**
   * Weights that have codes already; and those without codes, where codes are joined: what is left
   * float is what few values ruin.
   */
  private List<Skipped> keepingValues(OnnxModel before, OnnxModel after) {
    Set<String> known = names(before.graph());
    boolean joined = codes.most() > 0;
    ModelWeights floats =
        ModelWeights.of(
            after,
            filter,
            i -> known.contains(i.name()) && (joined || !i.tensor().type().isFloatingPoint()));
    List<Skipped> kept = new ArrayList<>(floats.skipped());
    for (ModelWeights.Weight weight : floats.weights()) {
      kept.add(
          Skipped.ofWeight(
              weight.readers().get(0), weight.name(), "stays float and is not clustered"));
    }
    return kept;
  }

  private static Set<String> names(Graph graph) {
    return graph.initializers().stream().map(Initializer::name).collect(Collectors.toSet());
  }

  /** Which nodes will be integer follows from shapes; what the data may change of it is noted. */
  @Override
  public PassResult plan(OnnxModel model, PassContext context) {
    if (!isStatic(context, model)) {
      boolean rounds = rounding == Rounding.ADAPTIVE && context.calibration().isPresent();
      QuantizeInt8 quick =
          rounds
              ? new QuantizeInt8(
                  mode, target, filter, method, keptFloat, Rounding.NEAREST, guarded, codes)
              : this;
      return quick.apply(model, context.withoutCalibration());
    }
    Shapes shapes = context.shapes(model);
    StaticQuantizer quantizer = new StaticQuantizer(this, model, shapes, context);
    Graph outline = quantizer.outline();
    List<Change> changes = new ArrayList<>(quantizer.changes());
    outline = StoredWeights.storeAll(outline, filter, codes, context, changes);
    List<Skipped> skipped = new ArrayList<>(quantizer.skipped());
    skipped.addAll(keepingValues(model, model.withGraph(outline)));
    skipped.addAll(FloatWeights.left(model.withGraph(outline), filter, skipped));
    List<String> notes =
        quantizer.changes().isEmpty()
            ? List.of()
            : List.of(
                "Nothing was calibrated yet: where rounding turns out to ruin the outputs, more"
                    + " nodes stay float.");
    return new PassResult(model, changes, skipped, shapes.warnings(), List.of(), notes);
  }

  private boolean isStatic(PassContext context, OnnxModel model) {
    return (mode == QuantizationMode.STATIC
            || (mode == QuantizationMode.AUTO && context.calibration().isPresent()))
        && model.opset() >= STATIC_OPSET
        && target.runsIntegerKernels();
  }
}
