package dev.compress.runtime;

import java.io.Serializable;

/**
 * How work in a child process ended.
 *
 * @param <O> what comes back
 */
public sealed interface IsolatedResult<O extends Serializable> {
  /**
   * It ended well.
   *
   * @param value what came back
   */
  record Finished<O extends Serializable>(O value) implements IsolatedResult<O> {}

  /**
   * The process died.
   *
   * @param how for people: signal, library and the like, such as "SIGSEGV in libonnxruntime.so"
   */
  record Crashed<O extends Serializable>(String how) implements IsolatedResult<O> {}

  /**
   * It took too long, and was ended.
   *
   * @param seconds the limit
   */
  record TimedOut<O extends Serializable>(double seconds) implements IsolatedResult<O> {}
}
