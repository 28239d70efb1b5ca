package dev.compress.runtime;

import dev.compress.tensor.TensorBuffer;
import java.util.Map;

/**
 * Runs of one model on the same inputs, over and over. When {@link #run} returns, the outputs are
 * complete, wherever they lie. Not thread-safe: one thread at a time.
 */
public interface RepeatedRun extends AutoCloseable {
  /** Runs once. */
  void run();

  /**
   * The numeric outputs of the last run, by name, in memory that Java reads.
   *
   * @throws IllegalStateException if nothing was run yet
   */
  Map<String, TensorBuffer> outputs();

  /** Frees what is native. Idempotent. */
  @Override
  void close();
}
