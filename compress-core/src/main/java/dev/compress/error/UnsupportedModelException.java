package dev.compress.error;

import org.jspecify.annotations.Nullable;

/** The model is well-formed, but holds something that cannot be handled here. */
public final class UnsupportedModelException extends CompressionException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the error.
   *
   * @param message what, where (node, op, shape, file) and what to do
   */
  public UnsupportedModelException(String message) {
    super(message);
  }

  /**
   * Creates the error with its cause.
   *
   * @param message what, where (node, op, shape, file) and what to do
   * @param cause the underlying failure
   */
  public UnsupportedModelException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
