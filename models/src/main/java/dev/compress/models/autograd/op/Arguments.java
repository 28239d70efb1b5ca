package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.jspecify.annotations.Nullable;

/** The inputs of a node in one run of the graph. */
public interface Arguments {
  /** The number of inputs, those that are left out included. */
  int count();

  /** Whether an optional input is given. */
  boolean has(int index);

  /**
   * An input, owned by {@link #scope()}.
   *
   * @throws IllegalStateException if it is left out
   */
  NDArray get(int index);

  /** Whether an input is the same in every run and has no gradient. */
  boolean constant(int index);

  /** An input's integers, such as a shape or axes; read once where they never change. */
  long[] longs(int index);

  /** An input's numbers, such as scales or bounds; read once where they never change. */
  double[] doubles(int index);

  /** Who owns what is computed. */
  NDManager scope();

  /** Whether statistics and dropout behave as in training. */
  boolean training();

  /** An input, or null if it is left out. */
  default @Nullable NDArray orNull(int index) {
    return has(index) ? get(index) : null;
  }
}
