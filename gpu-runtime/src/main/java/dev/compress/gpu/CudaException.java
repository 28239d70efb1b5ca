package dev.compress.gpu;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A call into the CUDA driver that did not work. */
final class CudaException extends IOException {
  private static final long serialVersionUID = 1L;

  CudaException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
