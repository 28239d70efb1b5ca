package dev.compress.prune.channels;

import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The shape that a Reshape asks for, entry by entry: constants, or what a Concat joins of constants
 * and computed sizes.
 *
 * @param entries one an axis; empty if it is not known what makes it
 */
record TargetShape(List<Entry> entries) {
  /**
   * One size.
   *
   * @param constant whether it is one
   * @param value if it is
   * @param input which input of the Concat holds it, or -1 if the shape itself does
   * @param at its place there
   */
  record Entry(boolean constant, long value, int input, int at) {}

  static TargetShape of(String shape, GraphIndex index) {
    Optional<Tensor> whole = index.constant(shape);
    List<Entry> entries = new ArrayList<>();
    if (whole.isPresent()) {
      add(whole.get(), -1, entries);
      return new TargetShape(entries);
    }
    Optional<Node> concat = index.producer(shape, "Concat");
    if (concat.isEmpty()) {
      return new TargetShape(List.of());
    }
    for (int i = 0; i < concat.get().inputs().size(); i++) {
      Optional<Tensor> part = index.constant(concat.get().input(i));
      if (part.isPresent()) {
        add(part.get(), i, entries);
      } else {
        // Sizes are joined one by one: a longer part makes the count wrong, which is seen.
        entries.add(new Entry(false, 0, i, 0));
      }
    }
    return new TargetShape(entries);
  }

  private static void add(Tensor tensor, int input, List<Entry> entries) {
    long[] values = tensor.toLongs();
    for (int i = 0; i < values.length; i++) {
      entries.add(new Entry(true, values[i], input, i));
    }
  }

  /** Whether the size of an axis can be set, or follows from the input by itself. */
  boolean isSettable(int axis, int rank) {
    return entries.size() == rank && entries.get(axis).constant();
  }
}
