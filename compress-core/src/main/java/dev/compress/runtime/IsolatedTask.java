package dev.compress.runtime;

import java.io.Serializable;

/**
 * Work that may take the whole process down, and is therefore done in another one. Implementations
 * have a public constructor without parameters, in a public class.
 *
 * @param <I> what the work is told
 * @param <O> what comes back
 */
public interface IsolatedTask<I extends Serializable, O extends Serializable> {
  /**
   * Does the work, in the child process.
   *
   * @param input what the parent sent
   * @return what the parent gets
   * @throws dev.compress.error.CompressionException is thrown again in the parent
   */
  O run(I input);
}
