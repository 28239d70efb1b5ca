package dev.compress.error;

import org.jspecify.annotations.Nullable;

/** Reading or writing a file failed: missing, unreadable, disk full. */
public final class ReadWriteException extends CompressionException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the error.
   *
   * @param message what, where (node, op, shape, file) and what to do
   */
  public ReadWriteException(String message) {
    super(message);
  }

  /**
   * Creates the error with its cause.
   *
   * @param message what, where (node, op, shape, file) and what to do
   * @param cause the underlying failure
   */
  public ReadWriteException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
