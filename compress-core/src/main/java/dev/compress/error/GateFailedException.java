package dev.compress.error;

import org.jspecify.annotations.Nullable;

/** A limit that the caller set (accuracy, speed, strictness) does not hold; nothing was written. */
public class GateFailedException extends CompressionException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the error.
   *
   * @param message what, where (node, op, shape, file) and what to do
   */
  public GateFailedException(String message) {
    super(message);
  }

  /**
   * Creates the error with its cause.
   *
   * @param message what, where (node, op, shape, file) and what to do
   * @param cause the underlying failure
   */
  public GateFailedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
