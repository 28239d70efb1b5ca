package dev.compress.error;

import org.jspecify.annotations.Nullable;

/** A device, execution provider or sensor that was asked for is not available. */
public final class DeviceUnavailableException extends CompressionException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the error.
   *
   * @param message what, where (node, op, shape, file) and what to do
   */
  public DeviceUnavailableException(String message) {
    super(message);
  }

  /**
   * Creates the error with its cause.
   *
   * @param message what, where (node, op, shape, file) and what to do
   * @param cause the underlying failure
   */
  public DeviceUnavailableException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
