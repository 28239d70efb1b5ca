package dev.compress.error;

import org.jspecify.annotations.Nullable;

/** A dataset, or its description, is malformed or does not fit the model. */
public final class InvalidDataException extends CompressionException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the error.
   *
   * @param message what, where (node, op, shape, file) and what to do
   */
  public InvalidDataException(String message) {
    super(message);
  }

  /**
   * Creates the error with its cause.
   *
   * @param message what, where (node, op, shape, file) and what to do
   * @param cause the underlying failure
   */
  public InvalidDataException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
