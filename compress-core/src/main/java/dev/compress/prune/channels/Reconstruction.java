package dev.compress.prune.channels;

import dev.compress.calibrate.ActivationReader;
import dev.compress.calibrate.Samples;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.quantize.GramMatrix;
import dev.compress.quantize.InputRows;
import dev.compress.quantize.NodePattern;
import dev.compress.quantize.WeightLayout;
import dev.compress.runtime.ShapeInference;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatCodec;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Fits the layers behind removed channels anew, in the order in which they run: each to put out,
 * from what the pruned and so far fitted model gives it, what the original put out there. The means
 * of what is gone move into the biases.
 */
final class Reconstruction {
  private static final int LONGEST_ROW = 4608;
  private static final int STAGES = 16;
  private static final double BUDGET_PRODUCTS = 1.5e10;
  private static final int MIN_ROWS = 1024;
  private static final int MAX_ROWS = 16384;

  private final OnnxModel original;
  private final DependencyGroups groups;
  private final Set<Integer> removed;
  private final PassContext context;
  private final Samples samples;
  private final List<Skipped> skipped = new ArrayList<>();
  private final Map<String, Tensor> biases = new HashMap<>();
  private int fitted;

  Reconstruction(
      OnnxModel original, DependencyGroups groups, Set<Integer> removed, PassContext context) {
    this.original = original;
    this.groups = groups;
    this.removed = removed;
    this.context = context;
    this.samples = context.calibration().orElseThrow();
  }

  /** How many layers were fitted. */
  int fitted() {
    return fitted;
  }

  /** The layers that could not be. */
  List<Skipped> skipped() {
    return skipped;
  }

  /**
   * A layer of the pruned model.
   *
   * @param add behind a matrix product, the Add whose constant takes the offsets
   * @param skip what is added to its output, made before it: the layer makes up for that as well
   */
  private record Layer(NodePattern pattern, Optional<Node> add, Optional<String> skip) {
    boolean hasOffset() {
      return !pattern.node().is("MatMul") || add.isPresent();
    }

    String output() {
      return pattern.node().output(0);
    }
  }

  /** The pruned model with fitted weights. */
  OnnxModel fit(OnnxModel pruned) {
    OnnxModel current = pruned;
    Shapes shapes = ShapeInference.infer(pruned);
    pruned.graph().initializers().forEach(i -> biases.put(i.name(), i.tensor()));
    List<Layer> layers = layers(pruned.graph());
    int each = Math.max(1, (layers.size() + STAGES - 1) / STAGES);
    int from = 0;
    while (from < layers.size()) {
      context.progress().check();
      int to = from + 1;
      while (to < layers.size() && to < from + each && layers.get(to).skip().isEmpty()) {
        to++;
      }
      // The nodes before are other instances by now; these ones are still as they were.
      current = fit(current, shapes, layers.subList(from, to));
      from = to;
    }
    return current;
  }

  private List<Layer> layers(Graph graph) {
    GraphIndex index = new GraphIndex(graph);
    Set<String> affected = new HashSet<>();
    List<Layer> layers = new ArrayList<>();
    for (Node node : graph.nodes()) {
      boolean behind = node.inputs().stream().anyMatch(affected::contains);
      boolean loses =
          node.inputs().stream()
              .filter(i -> index.initializer(i).isEmpty())
              .map(i -> groups.values().getOrDefault(i, new int[0][]))
              .flatMap(Arrays::stream)
              .anyMatch(axis -> groups.left(axis, removed).isPresent());
      if (behind || loses) {
        affected.addAll(node.outputs());
        NodePattern.match(node, index).ifPresent(p -> add(p, index, layers));
      }
    }
    return layers;
  }

  private void add(NodePattern pattern, GraphIndex index, List<Layer> layers) {
    WeightLayout layout = InputRows.layoutOf(pattern);
    String reason = InputRows.reasonAgainst(pattern);
    if (layout.rowLength() > LONGEST_ROW) {
      reason = layout.rowLength() + " inputs are too many to fit together";
    } else if (index.uses(pattern.weight()).size() > 1
        || (!pattern.bias().isEmpty() && index.uses(pattern.bias()).size() > 1)) {
      reason = "other nodes share its weight";
    } else if (context.shapes(original).type(pattern.node().output(0)).isEmpty()) {
      reason = "the shape of its output is unknown";
    }
    if (reason.isEmpty()) {
      layers.add(new Layer(pattern, addBehind(pattern, index), skip(pattern.node(), index)));
    } else {
      skipped.add(Skipped.of(pattern.node(), "its weights are not fitted anew: " + reason));
    }
  }

  /** The Add of a constant vector behind a matrix product. */
  private static Optional<Node> addBehind(NodePattern pattern, GraphIndex index) {
    if (!pattern.node().is("MatMul")) {
      return Optional.empty();
    }
    return index
        .onlyConsumer(pattern.node().output(0))
        .filter(n -> n.is("Add"))
        .filter(
            n -> {
              String other = constantOf(n, pattern.node().output(0));
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
  private Optional<String> skip(Node layer, GraphIndex index) {
    Optional<Node> add = index.onlyConsumer(layer.output(0)).filter(n -> n.is("Add"));
    if (add.isEmpty()) {
      return Optional.empty();
    }
    String other = constantOf(add.get(), layer.output(0));
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

  private static String constantOf(Node add, String value) {
    return add.input(0).equals(value) ? add.input(1) : add.input(0);
  }

  private OnnxModel fit(OnnxModel current, Shapes shapes, List<Layer> stage) {
    Map<Layer, Gathering> gatherings = new LinkedHashMap<>();
    Set<String> outputs = new LinkedHashSet<>();
    Map<String, List<Layer>> readers = new LinkedHashMap<>();
    for (Layer layer : stage) {
      gatherings.put(layer, new Gathering(layer));
      outputs.add(layer.output());
      layer.skip().ifPresent(outputs::add);
      readers.computeIfAbsent(layer.pattern().node().input(0), v -> new ArrayList<>()).add(layer);
    }
    new ActivationReader(original, context.shapes(original), context.threads(), context.progress())
        .read(
            outputs,
            samples,
            "gather outputs",
            (batch, n) -> gatherings.values().forEach(g -> g.wants(batch, n)));
    Set<String> skips =
        stage.stream()
            .flatMap(l -> l.skip().stream())
            .collect(Collectors.toCollection(LinkedHashSet::new));
    if (!skips.isEmpty()) {
      new ActivationReader(current, shapes, context.threads(), context.progress())
          .read(
              skips,
              samples,
              "gather outputs",
              (batch, n) -> gatherings.values().forEach(g -> g.has(batch, n)));
    }
    new ActivationReader(current, shapes, context.threads(), context.progress())
        .read(
            new LinkedHashSet<>(readers.keySet()),
            samples,
            "gather inputs",
            (batch, n) ->
                batch.forEach(
                    (value, tensor) ->
                        Objects.requireNonNull(readers.get(value))
                            .forEach(
                                l -> Objects.requireNonNull(gatherings.get(l)).gets(tensor, n))));
    GraphEditor editor = new GraphEditor(current.graph());
    gatherings.forEach((layer, gathering) -> gathering.solve(editor));
    return current.withGraph(editor.build());
  }

  /** The moments of one layer. */
  private final class Gathering {
    private final Layer layer;
    private final WeightLayout layout;
    private final BitSet outputsLeft;
    private final Rows outputs;
    private final Rows skips;
    private final Rows skipsLeft;
    private final LayerRows given;
    private final List<float[]> targets = new ArrayList<>();
    private final GramMatrix[] moments;
    private final float[] row;
    private int next;

    Gathering(Layer layer) {
      this.layer = layer;
      this.layout = InputRows.layoutOf(layer.pattern());
      int perSample = rowsPerSample(layout.rowLength() + layout.outPerGroup());
      this.given = new LayerRows(layer.pattern(), perSample);
      NodePattern whole = originalOf(layer.pattern());
      this.outputs = new Rows(new LayerRows(whole, perSample));
      this.skips = new Rows(new LayerRows(whole, perSample));
      this.skipsLeft = new Rows(new LayerRows(layer.pattern(), perSample));
      this.outputsLeft = outputsLeft();
      this.row = new float[layout.rowLength() + 1 + layout.outPerGroup()];
      this.moments = new GramMatrix[layout.groups()];
      for (int g = 0; g < moments.length; g++) {
        moments[g] = new GramMatrix(row.length, moments.length > 1 ? 1 : context.threads());
      }
    }

    private NodePattern originalOf(NodePattern pattern) {
      GraphIndex index = groups.coupling().index();
      Node node = index.producer(pattern.node().output(0)).orElseThrow();
      return NodePattern.match(node, index).orElseThrow();
    }

    private BitSet outputsLeft() {
      int[][] axes = groups.values().getOrDefault(layer.output(), new int[0][]);
      int axis = layer.pattern().node().is("Conv") ? 1 : axes.length - 1;
      int all = (int) originalOf(layer.pattern()).outputChannels();
      BitSet every = new BitSet();
      every.set(0, all);
      return axes.length == 0 ? every : groups.left(axes[axis], removed).orElse(every);
    }

    private int rowsPerSample(int length) {
      double affordable = BUDGET_PRODUCTS / ((double) length * length);
      double rows = Math.max(Math.max(MIN_ROWS, 2 * length), Math.min(MAX_ROWS, affordable));
      return (int) Math.max(1, Math.ceil(rows / Math.max(1, samples.count())));
    }

    /** Rows of one value, in order. */
    private static final class Rows {
      private final LayerRows rows;
      private int next;

      Rows(LayerRows rows) {
        this.rows = rows;
      }
    }

    /** Takes what the original puts out, and what is added to it. */
    void wants(Map<String, TensorBuffer> batch, int count) {
      take(batch.get(layer.output()), count, outputs, outputsLeft, 1);
      layer.skip().ifPresent(s -> take(batch.get(s), count, skips, outputsLeft, 1));
    }

    /** Takes off what is added to it by now. */
    void has(Map<String, TensorBuffer> batch, int count) {
      BitSet all = new BitSet();
      all.set(0, layout.outChannels());
      layer.skip().ifPresent(s -> take(batch.get(s), count, skipsLeft, all, -1));
    }

    private void take(
        @Nullable TensorBuffer tensor, int count, Rows rows, BitSet left, float sign) {
      if (tensor == null) {
        return;
      }
      rows.rows.outputs(
          tensor,
          count,
          (group, values, from) -> {
            if (rows.next == targets.size()) {
              targets.add(new float[layout.outChannels()]);
            }
            float[] target = targets.get(rows.next++);
            int at = 0;
            for (int c = left.nextSetBit(0); c >= 0; c = left.nextSetBit(c + 1)) {
              target[at++] += sign * values[from + c];
            }
          });
    }

    void gets(TensorBuffer input, int count) {
      int inputs = layout.rowLength();
      given.inputs(
          input,
          count,
          (group, values, from) -> {
            System.arraycopy(values, from, row, 0, inputs);
            row[inputs] = 1;
            float[] target = targets.get(next / moments.length);
            System.arraycopy(
                target, group * layout.outPerGroup(), row, inputs + 1, layout.outPerGroup());
            moments[group].observe(row, 0, 1);
            next++;
          });
    }

    void solve(GraphEditor editor) {
      targets.clear();
      NodePattern pattern = layer.pattern();
      float[] weights = pattern.tensor().toFloats();
      double[] offsets = new double[layout.outChannels()];
      float[] line = new float[layout.rowLength()];
      for (int g = 0; g < moments.length; g++) {
        int first = g * layout.outPerGroup();
        double[][] old = new double[layout.outPerGroup()][];
        for (int o = 0; o < old.length; o++) {
          layout.readRow(weights, first + o, line, 0);
          old[o] = new double[line.length];
          for (int i = 0; i < line.length; i++) {
            old[o][i] = line[i];
          }
        }
        double[][] mean = moments[g].mean();
        LeastSquares.Fit fit =
            LeastSquares.solve(mean, layout.rowLength(), old, layer.hasOffset(), context.threads());
        for (int o = 0; o < old.length; o++) {
          for (int i = 0; i < line.length; i++) {
            line[i] = (float) fit.weights()[o][i];
          }
          layout.writeRow(line, 0, first + o, weights);
          offsets[first + o] = fit.offsets()[o];
        }
      }
      store(editor, pattern, weights, offsets);
      fitted++;
    }

    private void store(GraphEditor editor, NodePattern pattern, float[] weights, double[] offsets) {
      double[] wide = new double[weights.length];
      for (int i = 0; i < wide.length; i++) {
        wide[i] = weights[i];
      }
      ElementType type = pattern.tensor().type();
      editor.setInitializer(
          pattern.weight(),
          context.scratch().store(type, pattern.tensor().shape(), FloatCodec.encode(type, wide)));
      if (layer.add().isPresent()) {
        String name = constantOf(layer.add().get(), layer.output());
        Tensor constant = biasOf(name);
        double[] sums = FloatCodec.decode(constant);
        for (int i = 0; i < sums.length; i++) {
          sums[i] += offsets[i];
        }
        editor.setInitializer(name, floats(constant.shape(), sums));
      } else if (!pattern.bias().isEmpty()) {
        // What the bias gave is part of what the layer put out.
        editor.setInitializer(pattern.bias(), floats(biasOf(pattern.bias()).shape(), offsets));
      } else if (layer.hasOffset()) {
        String name =
            editor.addInitializer(
                pattern.weight() + "_offset", floats(Shape.of(offsets.length), offsets));
        editor.replace(pattern.node(), pattern.node().withInput(2, name));
      }
    }

    /** The names of initializers are those of the original, their sizes those of the pruned one. */
    private Tensor biasOf(String name) {
      return Objects.requireNonNull(biases.get(name));
    }

    private Tensor floats(Shape shape, double[] values) {
      return Tensor.ofBytes(ElementType.FLOAT, shape, FloatCodec.encode(ElementType.FLOAT, values));
    }
  }
}
