package dev.compress.error;

import org.jspecify.annotations.Nullable;

/** The output exists already and overwriting was not asked for. */
public final class OutputExistsException extends CompressionException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the error.
   *
   * @param message what, where (node, op, shape, file) and what to do
   */
  public OutputExistsException(String message) {
    super(message);
  }

  /**
   * Creates the error with its cause.
   *
   * @param message what, where (node, op, shape, file) and what to do
   * @param cause the underlying failure
   */
  public OutputExistsException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
