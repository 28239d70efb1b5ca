package dev.compress.prune.fit;

import dev.compress.calibrate.ActivationReader;
import dev.compress.calibrate.Samples;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.quantize.FewValues;
import dev.compress.quantize.InputRows;
import dev.compress.quantize.NodePattern;
import dev.compress.quantize.WeightLayout;
import dev.compress.runtime.ShapeInference;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Fits layers of a changed model anew, in the order in which they run: each to put out, from what
 * the changed and so far fitted model gives it, what the original put out there. Where something is
 * added to a layer's output, the layer makes up for that as well. What the mean of the output loses
 * moves into the biases.
 */
public final class SequentialFit {
  private static final int LONGEST_ROW = 4608;
  private static final int STAGES = 16;
  private static final long BUDGET_BYTES = 192L << 20;

  /** What becomes of zeros. */
  public enum Zeros {
    /** They are weights as others. */
    NONE,
    /** They stay where they are. */
    FIXED,
    /** As many of a layer stay, where they cost least. */
    MOVABLE
  }

  private final OnnxModel original;
  private final OnnxModel changed;
  private final GraphIndex originalIndex;
  private final GraphIndex index;
  private final PassContext context;
  private final Samples samples;
  private final Zeros zeros;
  private final List<FittedLayer> layers = new ArrayList<>();
  private final List<Skipped> skipped = new ArrayList<>();
  private final Map<String, Tensor> constants = new HashMap<>();
  private final Map<String, FittedLayer.Errors> errors = new HashMap<>();

  /**
   * Nothing offered yet.
   *
   * @param original the model as it was
   * @param changed the same with some weights smaller or zero; names of values and constants are
   *     those of the original
   * @param context with samples
   * @param zeros what becomes of weights that are zero in the changed model
   */
  public SequentialFit(OnnxModel original, OnnxModel changed, PassContext context, Zeros zeros) {
    this.original = original;
    this.changed = changed;
    this.originalIndex = new GraphIndex(original.graph());
    this.index = new GraphIndex(changed.graph());
    this.context = context;
    this.samples = context.calibration().orElseThrow();
    this.zeros = zeros;
  }

  /** How many layers were fitted. */
  public int fitted() {
    return layers.size();
  }

  /** The layers that could not be. */
  public List<Skipped> skipped() {
    return skipped;
  }

  /** What the zeros of a layer's weight cost, where they were kept. */
  public Optional<FittedLayer.Errors> errors(String weight) {
    return Optional.ofNullable(errors.get(weight));
  }

  /**
   * Takes a layer, in the order of the changed graph.
   *
   * @param pattern a layer of the changed model
   * @param outputsLeft which of the original's output channels it has
   */
  public void offer(NodePattern pattern, BitSet outputsLeft) {
    WeightLayout layout = InputRows.layoutOf(pattern);
    String reason = InputRows.reasonAgainst(pattern);
    Optional<NodePattern> whole =
        originalIndex
            .producer(pattern.node().output(0))
            .flatMap(n -> NodePattern.match(n, originalIndex));
    if (layout.rowLength() > LONGEST_ROW) {
      reason = layout.rowLength() + " inputs are too many to fit together";
    } else if (index.uses(pattern.weight()).size() > 1
        || (!pattern.bias().isEmpty() && index.uses(pattern.bias()).size() > 1)) {
      reason = "other nodes share its weight";
    } else if (whole.isEmpty()
        || context.shapes(original).type(pattern.node().output(0)).isEmpty()) {
      reason = "the shape of its output is unknown";
    } else if (FewValues.are(whole.orElseThrow().tensor())) {
      reason = "they share few values, which stay";
    }
    if (reason.isEmpty()) {
      layers.add(
          new FittedLayer(
              pattern,
              whole.orElseThrow(),
              outputsLeft,
              addBehind(pattern),
              skip(pattern.node()),
              zeros,
              samples.count(),
              context));
    } else {
      skipped.add(Skipped.of(pattern.node(), "its weights are not fitted anew: " + reason));
    }
  }

  /** The changed model with fitted weights. */
  public OnnxModel fit() {
    OnnxModel current = changed;
    Shapes shapes = ShapeInference.infer(changed);
    changed.graph().initializers().forEach(i -> constants.put(i.name(), i.tensor()));
    int each = Math.max(1, (layers.size() + STAGES - 1) / STAGES);
    int from = 0;
    while (from < layers.size()) {
      context.progress().check();
      int to = from + 1;
      long bytes = layers.get(from).bytes();
      while (to < layers.size()
          && to < from + each
          && layers.get(to).skip().isEmpty()
          && bytes + layers.get(to).bytes() <= BUDGET_BYTES) {
        bytes += layers.get(to++).bytes();
      }
      // The nodes before are other instances by now; these ones are still as they were.
      current = fit(current, shapes, layers.subList(from, to));
      from = to;
    }
    return current;
  }

  /** The Add of a constant vector behind a matrix product. */
  private Optional<Node> addBehind(NodePattern pattern) {
    if (!pattern.node().is("MatMul")) {
      return Optional.empty();
    }
    return index
        .onlyConsumer(pattern.node().output(0))
        .filter(n -> n.is("Add"))
        .filter(
            n -> {
              String other = otherInput(n, pattern.node().output(0));
              return index.initializer(other).isPresent()
                  && index.uses(other).size() == 1
                  && index
                      .constant(other)
                      .filter(t -> t.type().equals(ElementType.FLOAT))
                      .filter(t -> t.elementCount() == pattern.outputChannels())
                      .filter(t -> t.shape().dim(-1) == pattern.outputChannels())
                      .isPresent();
            });
  }

  /** The other side of a residual connection, where it is made before the layer. */
  private Optional<String> skip(Node layer) {
    Optional<Node> add = index.onlyConsumer(layer.output(0)).filter(n -> n.is("Add"));
    if (add.isEmpty()) {
      return Optional.empty();
    }
    String other = otherInput(add.get(), layer.output(0));
    List<Node> nodes = original.graph().nodes();
    Shapes shapes = context.shapes(original);
    int at = -1;
    int made = Integer.MAX_VALUE;
    for (int i = 0; i < nodes.size(); i++) {
      at = nodes.get(i).outputs().contains(layer.output(0)) ? i : at;
      made = nodes.get(i).outputs().contains(other) ? i : made;
    }
    boolean alike = shapes.dims(other).equals(shapes.dims(layer.output(0)));
    return made < at && alike ? Optional.of(other) : Optional.empty();
  }

  static String otherInput(Node add, String value) {
    return add.input(0).equals(value) ? add.input(1) : add.input(0);
  }

  private OnnxModel fit(OnnxModel current, Shapes shapes, List<FittedLayer> stage) {
    Set<String> outputs = new LinkedHashSet<>();
    Map<String, List<FittedLayer>> readers = new LinkedHashMap<>();
    for (FittedLayer layer : stage) {
      layer.begin();
      outputs.add(layer.output());
      layer.skip().ifPresent(outputs::add);
      readers.computeIfAbsent(layer.input(), v -> new ArrayList<>()).add(layer);
    }
    new ActivationReader(original, context.shapes(original), context.threads(), context.progress())
        .read(
            outputs,
            samples,
            "gather outputs",
            (batch, n) -> stage.forEach(layer -> layer.wants(batch, n)));
    Set<String> skips =
        stage.stream()
            .flatMap(l -> l.skip().stream())
            .collect(Collectors.toCollection(LinkedHashSet::new));
    ActivationReader reader =
        new ActivationReader(current, shapes, context.threads(), context.progress());
    if (!skips.isEmpty()) {
      reader.read(
          skips,
          samples,
          "gather outputs",
          (batch, n) -> stage.forEach(layer -> layer.has(batch, n)));
    }
    reader.read(
        new LinkedHashSet<>(readers.keySet()),
        samples,
        "gather inputs",
        (batch, n) ->
            batch.forEach(
                (value, tensor) ->
                    Objects.requireNonNull(readers.get(value))
                        .forEach(layer -> layer.gets(tensor, n))));
    GraphEditor editor = new GraphEditor(current.graph());
    for (FittedLayer layer : stage) {
      context.progress().check();
      layer.solve(editor, constants).ifPresent(e -> errors.put(layer.weight(), e));
    }
    return current.withGraph(editor.build());
  }
}
