package dev.compress.quantize;

import dev.compress.calibrate.ValueRange;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.GraphIndex.Use;
import dev.compress.graph.Node;
import java.util.List;

/**
 * The part of a value's range that its readers tell apart. A gate, {@code x * Sigmoid(x)} or
 * HardSwish, turns everything far below zero into nearly zero, and convolutions before one have
 * long tails there: codes spent on these are lost to the values that count.
 */
final class GatedRange {
  /** {@code x * sigmoid(x)} is -0.006 here, and closer to zero below. */
  private static final float LOWEST_BEFORE_SIGMOID = -7;

  /** {@code x * max(0, min(1, x / 6 + 1 / 2))} is zero from here on. */
  private static final float LOWEST_BEFORE_HARD = -3;

  private GatedRange() {}

  /** The range without the part below zero that all readers of the value suppress. */
  static ValueRange of(String value, ValueRange range, GraphIndex index) {
    List<Use> uses = index.uses(value);
    if (uses.isEmpty() || index.isOutput(value)) {
      return range;
    }
    float low = 0;
    for (Use use : uses) {
      low = Math.min(low, lowestReadBy(use.node(), value, index));
    }
    return low <= range.low() ? range : new ValueRange(low, range.high());
  }

  private static float lowestReadBy(Node reader, String value, GraphIndex index) {
    if (reader.is("HardSwish")) {
      return LOWEST_BEFORE_HARD;
    }
    if (reader.is("Mul") && reader.inputs().size() == 2) {
      String other = reader.input(0).equals(value) ? reader.input(1) : reader.input(0);
      return index.producer(other, "Sigmoid").filter(s -> s.input(0).equals(value)).isPresent()
          ? LOWEST_BEFORE_SIGMOID
          : -Float.MAX_VALUE;
    }
    boolean gates =
        reader.is("Sigmoid")
            && index
                .onlyConsumer(reader.output(0))
                .filter(m -> m.is("Mul") && m.inputs().contains(value))
                .isPresent();
    return gates ? 0 : -Float.MAX_VALUE;
  }
}
