package dev.compress.onnx;

import dev.compress.error.UnsupportedModelException;

/**
 * Counts what a model's graph takes on the heap while it is read, so that a file made of a hundred
 * million empty nodes ends in a message and not in an {@link OutOfMemoryError}. The costs are
 * rounded guesses of what the JVM needs for each thing.
 */
final class HeapBudget {
  /** A record with its lists. */
  static final int MESSAGE = 96;

  /** A string without its characters. */
  static final int STRING = 56;

  /** A boxed number in a list. */
  static final int NUMBER = 32;

  private static final long AT_LEAST = 32L << 20;

  private final String name;
  private final long limit;
  private long used;

  /**
   * A budget.
   *
   * @param name of the model, for messages
   * @param limit in bytes
   */
  HeapBudget(String name, long limit) {
    this.name = name;
    this.limit = limit;
  }

  /**
   * Half of the heap that this JVM may have.
   *
   * @param name of the model, for messages
   */
  static HeapBudget ofThisJvm(String name) {
    return new HeapBudget(name, Math.max(AT_LEAST, Runtime.getRuntime().maxMemory() / 2));
  }

  /**
   * Counts bytes that are about to be allocated.
   *
   * @throws UnsupportedModelException if they are too many
   */
  void take(long bytes) {
    used += bytes;
    if (used > limit || used < 0) {
      throw new UnsupportedModelException(
          name
              + ": the graph without its weights needs more than "
              + (limit >> 20)
              + " MiB of memory. If it is a real model, give Java more (-Xmx).");
    }
  }
}
