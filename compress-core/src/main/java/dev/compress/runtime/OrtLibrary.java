package dev.compress.runtime;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import dev.compress.error.DeviceUnavailableException;

/** The native library: loaded once a process, quiet, without telemetry. */
final class OrtLibrary {
  private OrtLibrary() {}

  /** Loads on first use; the JVM makes it once whatever the number of threads. */
  private static final class Holder {
    static final OrtEnvironment ENVIRONMENT = load();

    private static OrtEnvironment load() {
      OrtEnvironment environment =
          OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "compress");
      try {
        environment.setTelemetry(false);
      } catch (OrtException e) {
        throw new IllegalStateException("Cannot turn telemetry off", e);
      }
      return environment;
    }
  }

  /**
   * The one environment.
   *
   * @throws DeviceUnavailableException if the library cannot be loaded here
   */
  static OrtEnvironment environment() {
    try {
      return Holder.ENVIRONMENT;
    } catch (LinkageError | IllegalStateException e) {
      Throwable cause = e.getCause() != null ? e.getCause() : e;
      throw new DeviceUnavailableException(
          "ONNX Runtime's native library cannot be loaded on this machine ("
              + System.getProperty("os.name")
              + " "
              + System.getProperty("os.arch")
              + "): "
              + OrtErrors.oneLine(String.valueOf(cause.getMessage()))
              + ". It is there for Linux x64 and arm64, macOS arm64 and Windows x64; a library of"
              + " your own can be given with -Donnxruntime.native.path=FOLDER.",
          e);
    }
  }
}
