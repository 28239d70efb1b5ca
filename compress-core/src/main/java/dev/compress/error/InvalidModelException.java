package dev.compress.error;

import org.jspecify.annotations.Nullable;

/**
 * The model is malformed: it breaks the ONNX format, or its own declarations contradict each other.
 */
public final class InvalidModelException extends CompressionException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the error.
   *
   * @param message what, where (node, op, shape, file) and what to do
   */
  public InvalidModelException(String message) {
    super(message);
  }

  /**
   * Creates the error with its cause.
   *
   * @param message what, where (node, op, shape, file) and what to do
   * @param cause the underlying failure
   */
  public InvalidModelException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /**
   * The error of a weight that holds NaN or infinities.
   *
   * @param weight its name
   */
  public static InvalidModelException notFinite(String weight) {
    return new InvalidModelException(
        "Weight "
            + weight
            + " holds NaN or infinite values: the model is broken. Train it again, or leave its"
            + " nodes out with --exclude-nodes.");
  }
}
