package dev.compress.quantize;

import dev.compress.calibrate.ActivationReader;
import dev.compress.calibrate.Samples;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.linalg.GramMatrix;
import dev.compress.parallel.ParallelLoop;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.quantize.NodePattern.WeightUse;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ChannelGroups;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Rounds the weights of a model's layers adaptively, by the inputs that calibration gives them
 * ({@link AdaptiveRounding}). A weight that several layers read is rounded by the inputs of all.
 * Weights are taken in groups, in order, so that the matrices in memory stay within a budget; each
 * group is one run over the samples.
 */
final class LayerRounding {
  /** The longest row: 512 channels under a 3x3 kernel. */
  static final int LONGEST_ROW = 4608;

  private static final double DAMPING = 0.01;
  private static final long BUDGET_BYTES = 128L << 20;

  /** Multiplications for the matrix of one layer. */
  private static final double BUDGET_PRODUCTS = 1.5e10;

  /** Multiplications for all layers where nobody asked for such rounding. */
  private static final double QUICK_PRODUCTS = 3e10;

  private static final int MIN_ROWS = 512;
  private static final int MAX_ROWS = 8192;

  private final OnnxModel model;
  private final Shapes shapes;
  private final Samples samples;
  private final PassContext context;
  private final int limit;
  private final Function<Node, @Nullable AffineParameters> inputParameters;
  private final Map<WeightUse, List<NodePattern>> waiting;
  private final List<Skipped> skipped = new ArrayList<>();
  private final Map<WeightUse, Gathered> gathered = new HashMap<>();

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
    List<NodePattern> taken = new ArrayList<>();
    for (NodePattern layer : layers) {
      String reason = reasonAgainst(layer);
      if (reason.isEmpty()) {
        taken.add(layer);
      } else {
        skipped.add(Skipped.of(layer.node(), "rounded to nearest: " + reason));
      }
    }
    this.waiting = NodePattern.byWeightUse(taken);
  }

  /**
   * The inputs that a weight is multiplied with.
   *
   * @param grams one a group of its convolution, of rows with a last element that is always 1
   * @param readers how many layers they are of
   */
  @SuppressWarnings("ArrayRecordComponent") // emptied as it is used
  private record Gathered(GramMatrix[] grams, int readers) {}

  /** Whether all layers together take a second or two. */
  static boolean isQuick(List<NodePattern> layers) {
    double products = 0;
    for (NodePattern layer : layers) {
      WeightLayout layout = InputRows.layoutOf(layer);
      double length = layout.rowLength();
      products += length * length * layout.groups() * (rows(layout.rowLength()) + length);
    }
    return products <= QUICK_PRODUCTS;
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
   * Rounds a layer's weight, once for all layers that can share its codes.
   *
   * @param nearest the weight's scales, and codes rounded to nearest
   * @return the same scales with codes that change the layer's output less
   */
  WeightCodes round(NodePattern layer, WeightCodes nearest) {
    Optional<Gathered> inputs = inputs(layer);
    if (inputs.isEmpty()) {
      return nearest;
    }
    GramMatrix[] grams = inputs.get().grams();
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
          double[][] mean = inputsOnly(grams[group].mean(), length);
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

  /**
   * Chooses anew among the codes that clusters left a weight, and its scales with them.
   *
   * @param nearest the weight's scales, and codes before they were clustered
   * @param clustered the same scales with the codes of the clusters
   * @param least the least scale of each channel under which its bias fits
   * @param offset whether a bias makes up for what the means of its outputs are off by
   * @param codeGroups how many runs of channels have codes of their own
   * @return codes of the same clusters that change the layer's output less
   */
  LayerQuantizer.Finished among(
      NodePattern layer,
      WeightCodes nearest,
      WeightCodes clustered,
      float[] least,
      boolean offset,
      int codeGroups) {
    Optional<Gathered> gathered = inputs(layer);
    if (gathered.isEmpty()) {
      return LayerQuantizer.Finished.of(clustered);
    }
    GramMatrix[] grams = gathered.get().grams();
    WeightLayout layout = InputRows.layoutOf(layer);
    float[] weights = layer.tensor().toFloats();
    byte[] before = bytes(nearest.codes());
    byte[] now = bytes(clustered.codes());
    if (Arrays.equals(before, now)) {
      return LayerQuantizer.Finished.of(
          clustered); // clusters that were there before, such as those of a training
    }
    boolean zeroIsMask = true;
    ChannelGroups groups =
        ChannelLayout.of(layer.tensor().shape(), layer.outputAxis()).groups(codeGroups);
    boolean[][] used = new boolean[groups.groups()][256];
    for (int i = 0; i < now.length; i++) {
      zeroIsMask &= now[i] != 0 || before[i] == 0;
      used[groups.groupAt(i)][now[i] + 128] = true;
    }
    byte[] codes = new byte[now.length];
    float[] fittedScales = new float[clustered.scales().length];
    double[] shift = new double[fittedScales.length];
    int outputs = layout.outPerGroup();
    int length = layout.rowLength();
    for (int group = 0; group < layout.groups(); group++) {
      float[] part = new float[Math.multiplyExact(outputs, length)];
      byte[] start = new byte[part.length];
      byte[][] levels = new byte[outputs][];
      int first = group * outputs;
      float[] scales = Arrays.copyOfRange(clustered.scales(), first, first + outputs);
      for (int o = 0; o < outputs; o++) {
        layout.readRow(weights, group * outputs + o, part, o * length);
        layout.readRow(now, group * outputs + o, start, o * length);
        levels[o] = levels(used[groups.of(first + o)]);
      }
      double[][] mean = grams[group].mean();
      grams[group] = new GramMatrix(1, 1); // the memory may go
      double[] inputs = Arrays.copyOf(mean[length], length);
      double[][] errors = offset ? covariance(mean, inputs) : inputsOnly(mean, length);
      float[] floor = Arrays.copyOfRange(least, first, first + outputs);
      ClusterFit.Fitted chosen =
          new ClusterFit(errors, DAMPING, part, floor, start, levels, zeroIsMask, context.threads())
              .fit(scales);
      System.arraycopy(chosen.scales(), 0, fittedScales, first, outputs);
      for (int o = 0; o < outputs; o++) {
        layout.writeRow(chosen.codes(), o * length, first + o, codes);
        for (int i = 0; i < length; i++) {
          int at = o * length + i;
          shift[first + o] +=
              (part[at] - (double) chosen.scales()[o] * chosen.codes()[at]) * inputs[i];
        }
      }
      context.progress().check();
    }
    Tensor stored = context.scratch().store(ElementType.INT8, layer.tensor().shape(), codes);
    WeightCodes fitted = new WeightCodes(stored, fittedScales);
    return gathered.get().readers() == 1
        ? new LayerQuantizer.Finished(fitted, shift)
        : LayerQuantizer.Finished.of(fitted); // each has means of its own
  }

  private static double[][] inputsOnly(double[][] moments, int length) {
    double[][] inputs = new double[length][];
    for (int i = 0; i < length; i++) {
      inputs[i] = Arrays.copyOf(moments[i], length);
    }
    return inputs;
  }

  private static double[][] covariance(double[][] moments, double[] mean) {
    double[][] covariance = new double[mean.length][mean.length];
    for (int i = 0; i < mean.length; i++) {
      for (int j = 0; j < mean.length; j++) {
        covariance[i][j] = moments[i][j] - mean[i] * mean[j];
      }
    }
    return covariance;
  }

  private static byte[] bytes(Tensor codes) {
    byte[] bytes = new byte[Math.toIntExact(codes.elementCount())];
    codes.data().read(0, ByteBuffer.wrap(bytes));
    return bytes;
  }

  private static byte[] levels(boolean[] used) {
    byte[] levels = new byte[256];
    int n = 0;
    for (int i = 0; i < used.length; i++) {
      if (used[i]) {
        levels[n++] = (byte) (i - 128);
      }
    }
    return Arrays.copyOf(levels, n);
  }

  /** What a layer's weight is multiplied with, once; empty where nothing was seen. */
  private Optional<Gathered> inputs(NodePattern layer) {
    WeightUse use = layer.weightUse();
    while (waiting.containsKey(use)) {
      gather();
    }
    return Optional.ofNullable(gathered.remove(use)).filter(g -> g.grams()[0].rows() > 0);
  }

  /** Runs the samples for as many of the next weights as fit. */
  private void gather() {
    Map<String, List<InputRows>> readers = new LinkedHashMap<>();
    long bytes = 0;
    for (WeightUse use : List.copyOf(waiting.keySet())) {
      List<NodePattern> layers = Objects.requireNonNull(waiting.get(use));
      WeightLayout layout = InputRows.layoutOf(layers.get(0));
      long needed = 12L * layout.rowLength() * layout.rowLength() * layout.groups();
      if (!readers.isEmpty() && bytes + needed > BUDGET_BYTES) {
        break;
      }
      bytes += needed;
      waiting.remove(use);
      GramMatrix[] grams = new GramMatrix[layout.groups()];
      for (int g = 0; g < grams.length; g++) {
        // A last element that is always 1 gives the means.
        grams[g] = new GramMatrix(layout.rowLength() + 1, grams.length > 1 ? 1 : context.threads());
      }
      float[] row = new float[layout.rowLength() + 1];
      row[row.length - 1] = 1;
      for (NodePattern layer : layers) {
        InputRows rows =
            new InputRows(
                layer,
                inputParameters.apply(layer.node()),
                rowsPerSample(layout.rowLength()),
                (group, values, from) -> {
                  System.arraycopy(values, from, row, 0, row.length - 1);
                  grams[group].observe(row, 0, 1);
                });
        readers.computeIfAbsent(layer.node().input(0), v -> new ArrayList<>()).add(rows);
      }
      gathered.put(use, new Gathered(grams, layers.size()));
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
    return (int) Math.max(1, Math.ceil(rows(length) / Math.max(1, samples.count())));
  }

  private static double rows(int length) {
    double affordable = BUDGET_PRODUCTS / ((double) length * length);
    return Math.max(MIN_ROWS, Math.min(MAX_ROWS, affordable));
  }
}
