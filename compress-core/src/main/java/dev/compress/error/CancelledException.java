package dev.compress.error;

import org.jspecify.annotations.Nullable;

/** The caller cancelled the work; nothing was written, or the message names what is complete. */
public final class CancelledException extends CompressionException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the error.
   *
   * @param message what, where (node, op, shape, file) and what to do
   */
  public CancelledException(String message) {
    super(message);
  }

  /**
   * Creates the error with its cause.
   *
   * @param message what, where (node, op, shape, file) and what to do
   * @param cause the underlying failure
   */
  public CancelledException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
