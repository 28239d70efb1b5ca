package dev.compress.prune;

import dev.compress.graph.GraphEditor;
import dev.compress.graph.OnnxModel;
import dev.compress.linalg.ErrorCompensation;
import dev.compress.linalg.GramMatrix;
import dev.compress.pass.ModelWeights.Weight;
import dev.compress.pass.PassContext;
import dev.compress.prune.fit.InputGrams;
import dev.compress.quantize.InputRows;
import dev.compress.quantize.NodePattern;
import dev.compress.quantize.WeightLayout;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is to be known of each weight before it is decided how much of it is pruned: what each of
 * its elements matters to the layer, and what the layer matters to the model's outputs. For the
 * first, where samples tell the moments H of the layer's input, {@code |w| / sqrt((H^-1)_jj)}: what
 * the output is off by once the others have made up for w (Optimal Brain Surgeon, Hassibi and Stork
 * 1993). For the second each layer alone is pruned by half the share, by the share and by more than
 * that, and the model is run.
 */
final class LayerSurvey {
  /** How often the model is run for each weight. */
  static final int TRIALS = 3;

  /** Multiplications for one trial of one layer: which layers matter needs no exact solution. */
  private static final double EXACT_STEPS = 2e8;

  private final OnnxModel model;
  private final double share;
  private final double[] parts;
  private final boolean secondOrder;
  private final PassContext context;
  private final Optional<OutputShift> shift;
  private final Map<String, WeightScores> scores;
  private final Map<String, ScoreHistogram> histograms = new HashMap<>();
  private final Map<String, LayerCost> costs = new HashMap<>();

  /**
   * Nothing known yet.
   *
   * @param model the model
   * @param share by which layers are pruned to measure them
   * @param given scores by name of weight, where second order does not tell better
   * @param secondOrder whether it may
   * @param shift how outputs are compared; empty where only scores are wanted
   * @param context with samples
   */
  LayerSurvey(
      OnnxModel model,
      double share,
      Map<String, WeightScores> given,
      boolean secondOrder,
      Optional<OutputShift> shift,
      PassContext context) {
    this.model = model;
    this.share = share;
    this.parts = new double[] {share / 2, share, 1 - (1 - share) / 2};
    this.scores = new HashMap<>(given);
    this.secondOrder = secondOrder;
    this.shift = shift;
    this.context = context;
  }

  /** Looks at all weights. */
  void run(List<Weight> weights, Map<String, NodePattern> layers) {
    List<NodePattern> able = new ArrayList<>();
    for (Weight weight : weights) {
      NodePattern layer = layers.get(weight.name());
      if (layer != null && InputGrams.reasonAgainst(layer).isEmpty()) {
        able.add(layer);
      } else {
        measure(weight.name(), weight.tensor(), Optional.empty(), List.of());
      }
    }
    new InputGrams(model, context)
        .forEach(
            able,
            (layer, grams) -> {
              List<ErrorCompensation> groups = new ArrayList<>();
              boolean seen = grams[0].rows() > 0;
              for (int g = 0; g < grams.length && seen; g++) {
                groups.add(
                    ErrorCompensation.within(grams[g].mean(), EXACT_STEPS, context.threads()));
                grams[g] = new GramMatrix(1, 1); // the memory may go
              }
              if (seen && secondOrder) {
                scores.put(layer.weight(), secondOrder(layer, groups));
              }
              measure(
                  layer.weight(),
                  layer.tensor(),
                  seen ? Optional.of(layer) : Optional.empty(),
                  groups);
            });
  }

  /** The scores of a weight's elements. */
  WeightScores scores(String weight) {
    return scores.getOrDefault(weight, WeightScores.magnitude());
  }

  /** The same in bins. */
  ScoreHistogram histogram(String weight) {
    return java.util.Objects.requireNonNull(histograms.get(weight), weight);
  }

  /** What zeros of a weight cost the outputs; if measured. */
  Optional<LayerCost> cost(String weight) {
    return Optional.ofNullable(costs.get(weight));
  }

  private WeightScores secondOrder(NodePattern layer, List<ErrorCompensation> groups) {
    WeightLayout layout = InputRows.layoutOf(layer);
    int length = layout.rowLength();
    double[][] diagonals = new double[groups.size()][];
    for (int g = 0; g < diagonals.length; g++) {
      diagonals[g] = groups.get(g).factor().inverseDiagonal(context.threads());
    }
    // Where the rows of outputs lie side by side, a factor for each element of a row.
    boolean rows = layout.kernel() > 1 || layout.inStride() == 1;
    int outputs = groups.size() > 1 ? layout.outChannels() : 1;
    float[] of = new float[outputs * length];
    for (int out = 0; out < outputs; out++) {
      double[] diagonal = diagonals[out / layout.outPerGroup()];
      for (int i = 0; i < length; i++) {
        of[out * length + i] = (float) (1 / Math.sqrt(diagonal[i]));
      }
    }
    return WeightScores.byInput(of, rows ? 1 : layout.inStride());
  }

  private void measure(
      String name, Tensor tensor, Optional<NodePattern> layer, List<ErrorCompensation> groups) {
    context.progress().check();
    WeightScores of = scores(name);
    ScoreHistogram histogram = ScoreHistogram.of(tensor, of);
    histograms.put(name, histogram);
    if (shift.isEmpty() || share == 0 || !histogram.isFinite()) {
      return;
    }
    List<LayerCost.Point> points = new ArrayList<>();
    for (double part : parts) {
      long lowest = Math.round(part * tensor.elementCount());
      float[] masked =
          WeightMasks.unstructured(tensor, of, histogram, lowest, context.scratch()).toFloats();
      layer.ifPresent(l -> compensate(l, groups, masked));
      GraphEditor editor = new GraphEditor(model.graph());
      editor.setInitializer(name, Tensor.ofFloats(tensor.shape(), masked));
      double moved = shift.get().of(model.withGraph(editor.build()));
      points.add(new LayerCost.Point(lowest, histogram.squaresOfLowest(lowest), moved));
    }
    costs.put(name, LayerCost.of(points));
  }

  private void compensate(NodePattern layer, List<ErrorCompensation> groups, float[] masked) {
    WeightLayout layout = InputRows.layoutOf(layer);
    float[] original = layer.tensor().toFloats();
    int rows = layout.outPerGroup();
    int length = layout.rowLength();
    for (int group = 0; group < layout.groups(); group++) {
      float[] before = new float[Math.multiplyExact(rows, length)];
      float[] after = new float[before.length];
      for (int o = 0; o < rows; o++) {
        layout.readRow(original, group * rows + o, before, o * length);
        layout.readRow(masked, group * rows + o, after, o * length);
      }
      float[] solved = groups.get(group).weights(before, after);
      for (int o = 0; o < rows; o++) {
        layout.writeRow(solved, o * length, group * rows + o, masked);
      }
    }
  }
}
