package dev.compress.quantize;

import dev.compress.calibrate.ActivationReader;
import dev.compress.calibrate.Samples;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.linalg.GramMatrix;
import dev.compress.parallel.ParallelLoop;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Rounds the weights of a model's layers adaptively, by the inputs that calibration gives them
 * ({@link AdaptiveRounding}). Layers are taken in groups, in order, so that the matrices in memory
 * stay within a budget; each group is one run over the samples.
 */
final class LayerRounding {
  /** The longest row: 512 channels under a 3x3 kernel. */
  static final int LONGEST_ROW = 4608;

  private static final double DAMPING = 0.01;
  private static final long BUDGET_BYTES = 128L << 20;

  /** Multiplications for the matrix of one layer. */
  private static final double BUDGET_PRODUCTS = 1.5e10;

  private static final int MIN_ROWS = 512;
  private static final int MAX_ROWS = 8192;

  private final OnnxModel model;
  private final Shapes shapes;
  private final Samples samples;
  private final PassContext context;
  private final int limit;
  private final Function<Node, @Nullable AffineParameters> inputParameters;
  private final List<NodePattern> waiting = new ArrayList<>();
  private final List<Skipped> skipped = new ArrayList<>();
  private final Map<Node, GramMatrix[]> gathered = new IdentityHashMap<>();

  /**
   * Prepares.
   *
   * @param layers the layers in the order in which they will be asked for
   * @param inputParameters how a layer's input is quantized; null if its range is not known
   * @param limit the outermost code
   */
  LayerRounding(
      OnnxModel model,
      Shapes shapes,
      PassContext context,
      List<NodePattern> layers,
      Function<Node, @Nullable AffineParameters> inputParameters,
      int limit) {
    this.model = model;
    this.shapes = shapes;
    this.samples = context.calibration().orElseThrow();
    this.context = context;
    this.limit = limit;
    this.inputParameters = inputParameters;
    for (NodePattern layer : layers) {
      String reason = reasonAgainst(layer);
      if (reason.isEmpty()) {
        waiting.add(layer);
      } else {
        skipped.add(Skipped.of(layer.node(), "rounded to nearest: " + reason));
      }
    }
  }

  private static String reasonAgainst(NodePattern layer) {
    WeightLayout layout = InputRows.layoutOf(layer);
    return layout.rowLength() > LONGEST_ROW
        ? "too many inputs to round together"
        : InputRows.reasonAgainst(layer);
  }

  /** The layers that are rounded to nearest, with reasons. */
  List<Skipped> skipped() {
    return skipped;
  }

  /**
   * Rounds a layer's weight.
   *
   * @param nearest the weight's scales, and codes rounded to nearest
   * @return the same scales with codes that change the layer's output less
   */
  WeightCodes round(NodePattern layer, WeightCodes nearest) {
    while (!gathered.containsKey(layer.node()) && contains(waiting, layer.node())) {
      gather();
    }
    GramMatrix[] grams = gathered.remove(layer.node());
    if (grams == null || grams[0].rows() == 0) {
      return nearest;
    }
    WeightLayout layout = InputRows.layoutOf(layer);
    float[] weights = layer.tensor().toFloats();
    byte[] codes = new byte[weights.length];
    int outputs = layout.outPerGroup();
    int length = layout.rowLength();
    int threads = layout.groups() > 1 ? 1 : context.threads();
    ParallelLoop.run(
        layout.groups(),
        layout.groups() > 1 ? context.threads() : 1,
        group -> {
          float[] part = new float[Math.multiplyExact(outputs, length)];
          float[] scales = new float[outputs];
          for (int o = 0; o < outputs; o++) {
            layout.readRow(weights, group * outputs + o, part, o * length);
            scales[o] = nearest.scales()[group * outputs + o];
          }
          RoundingGrid grid = RoundingGrid.perRow(length, scales, limit);
          double[][] mean = grams[group].mean();
          grams[group] = new GramMatrix(1, 1); // the memory may go
          byte[] rounded =
              new AdaptiveRounding(mean, DAMPING, true, threads).round(part, grid).codes();
          for (int o = 0; o < outputs; o++) {
            layout.writeRow(rounded, o * length, group * outputs + o, codes);
          }
        });
    context.progress().check();
    Tensor stored = context.scratch().store(ElementType.INT8, layer.tensor().shape(), codes);
    return new WeightCodes(stored, nearest.scales());
  }

  private static boolean contains(List<NodePattern> layers, Node node) {
    return layers.stream().anyMatch(l -> l.node() == node);
  }

  /** Runs the samples for as many of the next layers as fit. */
  private void gather() {
    Map<String, List<InputRows>> readers = new java.util.LinkedHashMap<>();
    long bytes = 0;
    while (!waiting.isEmpty()) {
      NodePattern layer = waiting.get(0);
      WeightLayout layout = InputRows.layoutOf(layer);
      long needed = 12L * layout.rowLength() * layout.rowLength() * layout.groups();
      if (!readers.isEmpty() && bytes + needed > BUDGET_BYTES) {
        break;
      }
      bytes += needed;
      waiting.remove(0);
      GramMatrix[] grams = new GramMatrix[layout.groups()];
      for (int g = 0; g < grams.length; g++) {
        grams[g] = new GramMatrix(layout.rowLength(), grams.length > 1 ? 1 : context.threads());
      }
      InputRows rows =
          new InputRows(
              layer,
              inputParameters.apply(layer.node()),
              rowsPerSample(layout.rowLength()),
              (group, values, from) -> grams[group].observe(values, from, 1));
      gathered.put(layer.node(), grams);
      readers.computeIfAbsent(layer.node().input(0), v -> new ArrayList<>()).add(rows);
    }
    Set<String> values = new LinkedHashSet<>(readers.keySet());
    new ActivationReader(model, shapes, context.threads(), context.progress())
        .read(
            values,
            samples,
            "gather inputs",
            (batch, n) ->
                batch.forEach(
                    (value, tensor) ->
                        Objects.requireNonNull(readers.get(value))
                            .forEach(r -> r.observe(tensor))));
  }

  private int rowsPerSample(int length) {
    double affordable = BUDGET_PRODUCTS / ((double) length * length);
    double rows = Math.max(MIN_ROWS, Math.min(MAX_ROWS, affordable));
    return (int) Math.max(1, Math.ceil(rows / Math.max(1, samples.count())));
  }
}
