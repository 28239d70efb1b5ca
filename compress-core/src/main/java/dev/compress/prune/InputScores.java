package dev.compress.prune;

import dev.compress.calibrate.ActivationCollector;
import dev.compress.calibrate.ActivationStatistics;
import dev.compress.calibrate.ChannelStatistics;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassContext;
import dev.compress.quantize.InputRows;
import dev.compress.quantize.NodePattern;
import dev.compress.quantize.WeightLayout;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** What each element of a weight matters by what samples multiply it with (Wanda, 2306.11695). */
final class InputScores {
  private InputScores() {}

  /**
   * The scores of layers' weights.
   *
   * @param layers by weight
   * @param context with samples
   */
  static Map<String, WeightScores> of(
      OnnxModel model, Map<String, NodePattern> layers, PassContext context) {
    Map<String, Integer> axes = new LinkedHashMap<>();
    layers.values().forEach(p -> axes.put(p.node().input(0), p.node().is("Conv") ? 1 : -1));
    if (axes.isEmpty()) {
      return Map.of();
    }
    ActivationStatistics statistics =
        context.observe(model, context.shapes(model), new ActivationCollector().channelsOf(axes));
    Map<String, WeightScores> scores = new HashMap<>();
    layers.forEach(
        (name, layer) ->
            statistics
                .channelsOf(layer.node().input(0))
                .ifPresent(c -> scores.put(name, of(layer, c))));
    return scores;
  }

  private static WeightScores of(NodePattern layer, ChannelStatistics channels) {
    WeightLayout layout = InputRows.layoutOf(layer);
    double[] squares = channels.meanSquare();
    if (squares.length != layout.inChannels()) {
      return WeightScores.magnitude();
    }
    // For groups, one factor for each pair of an output and one of its inputs.
    int outputs = layout.groups() > 1 ? layout.outChannels() : 1;
    float[] factors = new float[outputs * layout.inPerGroup()];
    for (int out = 0; out < outputs; out++) {
      int first = out / layout.outPerGroup() * layout.inPerGroup();
      for (int in = 0; in < layout.inPerGroup(); in++) {
        factors[out * layout.inPerGroup() + in] = (float) Math.sqrt(squares[first + in]);
      }
    }
    return WeightScores.byInput(factors, layout.inStride());
  }
}
