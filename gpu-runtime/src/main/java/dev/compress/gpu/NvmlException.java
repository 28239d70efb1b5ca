package dev.compress.gpu;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A call into NVML that did not work. */
final class NvmlException extends IOException {
  /** The device has no such sensor. */
  static final int NOT_SUPPORTED = 3;

  /** The driver refuses. */
  static final int NO_PERMISSION = 4;

  /** The driver is installed and not loaded. */
  static final int DRIVER_NOT_LOADED = 9;

  /** The driver has no such function. */
  static final int FUNCTION_NOT_FOUND = 13;

  /** The GPU has fallen off its bus. */
  static final int GPU_IS_LOST = 15;

  /** The library and the loaded driver have different versions. */
  static final int VERSION_MISMATCH = 18;

  /** No code of NVML: the library itself is missing. */
  static final int LIBRARY_NOT_FOUND = -1;

  private static final long serialVersionUID = 1L;

  private final int code;

  NvmlException(int code, String message) {
    this(code, message, null);
  }

  NvmlException(int code, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  int code() {
    return code;
  }
}
