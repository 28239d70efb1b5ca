package dev.compress.error;

import org.jspecify.annotations.Nullable;

/**
 * Base of all failures that a caller of the library is expected to handle. The message says what,
 * where and what to do.
 */
public class CompressionException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the error.
   *
   * @param message what, where (node, op, shape, file) and what to do
   */
  public CompressionException(String message) {
    super(message);
  }

  /**
   * Creates the error with its cause.
   *
   * @param message what, where (node, op, shape, file) and what to do
   * @param cause the underlying failure
   */
  public CompressionException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
