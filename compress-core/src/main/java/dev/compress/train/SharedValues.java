package dev.compress.train;

import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.pack.ChannelTables;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.OptionalInt;

/**
 * How many values the weights of a clustered model share, in how many runs of channels: what it was
 * clustered with, as its weights tell. Of all numbers of runs it is the one with which indices and
 * tables take the fewest bits: {@code sum over weights of n * ceil(log2 K) + 32 K G}, K being the
 * most values that one of G runs of a weight has.
 *
 * @param most the most values of a run of any weight; 0 where nothing is shared
 * @param groups how many runs
 */
public record SharedValues(int most, int groups) {
  /** Nothing is shared. */
  public static final SharedValues NONE = new SharedValues(0, 1);

  private static final int[] GROUPS = {
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 24, 32, 48, 64
  };

  private static final long VALUE_BITS = 32;

  /**
   * Looks at the weights whose values are shared.
   *
   * @param model a float model
   */
  public static SharedValues of(OnnxModel model) {
    Structure structure = Structure.of(model);
    List<Tensor> weights =
        model.graph().initializers().stream()
            .filter(i -> structure.rules().get(i.name()) == Structure.Rule.SHARED)
            .map(Initializer::tensor)
            .toList();
    SharedValues best = NONE;
    long fewest = Long.MAX_VALUE;
    for (int groups : weights.isEmpty() ? new int[0] : GROUPS) {
      int most = 0;
      long bits = 0;
      for (Tensor weight : weights) {
        OptionalInt values = ChannelTables.mostInGroup(weight, groups);
        if (values.isEmpty()) {
          bits = Long.MAX_VALUE;
          break;
        }
        int k = values.getAsInt();
        most = Math.max(most, k);
        bits += weight.elementCount() * (Integer.SIZE - Integer.numberOfLeadingZeros(k - 1));
        bits += VALUE_BITS * k * groups;
      }
      if (bits < fewest) {
        fewest = bits;
        best = new SharedValues(most, groups);
      }
    }
    return best;
  }
}
