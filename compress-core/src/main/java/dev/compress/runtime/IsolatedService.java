package dev.compress.runtime;

import java.io.Serializable;

/**
 * Work of many requests that may take the whole process down, and is therefore done in another one,
 * which keeps its state between requests. Implementations have a public constructor without
 * parameters, in a public class.
 *
 * @param <I> a request
 * @param <O> what comes back
 */
public interface IsolatedService<I extends Serializable, O extends Serializable>
    extends AutoCloseable {
  /**
   * Does what is asked, in the child process.
   *
   * @param request what the parent sent
   * @return what the parent gets
   * @throws dev.compress.error.CompressionException is thrown again in the parent; the child lives
   *     on
   */
  O call(I request);

  @Override
  void close();
}
