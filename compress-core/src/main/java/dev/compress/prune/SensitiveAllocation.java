package dev.compress.prune;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Divides a share of weights to prune among layers so that the model's outputs change least, by
 * what was measured of each: the squared score of a weight times the layer's cost, the change of
 * the outputs for each squared score that was set to zero there. One threshold for all. No layer
 * goes further than it was measured.
 */
final class SensitiveAllocation {
  private SensitiveAllocation() {}

  private record Run(double value, int layer, int bin, long count) {}

  /**
   * Divides.
   *
   * @param layers the scores of each
   * @param costs of each
   * @param lowest how many weights to prune in all
   * @return how many of each; they add up to {@code lowest}
   */
  static long[] divide(List<ScoreHistogram> layers, List<LayerCost> costs, long lowest) {
    List<Run> runs = new ArrayList<>();
    long[] most = new long[layers.size()];
    for (int layer = 0; layer < layers.size(); layer++) {
      ScoreHistogram scores = layers.get(layer);
      LayerCost cost = costs.get(layer);
      most[layer] = cost.most();
      long already = 0;
      double least = 0;
      for (int bin = 0; bin < WeightScores.BINS; bin++) {
        long count = scores.count(bin);
        if (count > 0) {
          least = Math.max(least, cost.factor(already) * scores.squares(bin) / count);
          runs.add(new Run(least, layer, bin, count));
          already += count;
        }
      }
    }
    runs.sort(
        Comparator.comparingDouble(Run::value)
            .thenComparingInt(Run::bin)
            .thenComparingInt(Run::layer));
    long[] pruned = new long[layers.size()];
    long open = lowest;
    for (Run run : runs) {
      long taken = Math.min(Math.min(open, run.count()), most[run.layer()] - pruned[run.layer()]);
      pruned[run.layer()] += taken;
      open -= taken;
    }
    return pruned;
  }
}
