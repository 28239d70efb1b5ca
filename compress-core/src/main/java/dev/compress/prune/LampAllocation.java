package dev.compress.prune;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Divides a share of weights to prune among layers by one threshold for all, which is not of the
 * score s itself, whose size differs from layer to layer, but of {@code s_i^2 / sum of s_j^2 over j
 * with s_j >= s_i}: what would be lost of what is left of the layer (LAMP, Lee et al., 2010.07611).
 * A layer's last weight has the value 1, so none is emptied before all others.
 */
final class LampAllocation {
  private LampAllocation() {}

  private record Run(double value, int layer, int bin, long count) {}

  /**
   * Divides.
   *
   * @param layers the scores of each
   * @param lowest how many weights to prune in all
   * @return how many of each; they add up to {@code lowest}
   */
  static long[] divide(List<ScoreHistogram> layers, long lowest) {
    List<Run> runs = new ArrayList<>();
    for (int layer = 0; layer < layers.size(); layer++) {
      ScoreHistogram scores = layers.get(layer);
      double left = 0;
      for (int bin = WeightScores.BINS - 1; bin >= 0; bin--) {
        long count = scores.count(bin);
        if (count > 0) {
          left += scores.squares(bin);
          double mean = scores.squares(bin) / count;
          runs.add(new Run(left > 0 ? mean / left : 0, layer, bin, count));
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
      long taken = Math.min(open, run.count());
      pruned[run.layer()] += taken;
      open -= taken;
    }
    return pruned;
  }
}
