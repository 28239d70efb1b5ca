package dev.compress.runtime;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import dev.compress.error.DeviceUnavailableException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The native library: loaded once a process, quiet, without telemetry. */
final class OrtLibrary {
  private static final long CREATION_STACK_BYTES = 512L << 20; // reserved, not used up

  private OrtLibrary() {}

  /** Loads on first use; the JVM makes it once whatever the number of threads. */
  private static final class Holder {
    static final OrtEnvironment ENVIRONMENT = load();

    private static OrtEnvironment load() {
      OrtEnvironment environment = create();
      try {
        environment.setTelemetry(false);
      } catch (OrtException e) {
        throw new IllegalStateException("Cannot turn telemetry off", e);
      }
      return environment;
    }
  }

  /**
   * Creates the environment on a thread with a large stack: ONNX Runtime 1.29 looks through the
   * process's command line by recursion, some 200 bytes of stack a character, and a long class path
   * would crash the JVM.
   */
  private static OrtEnvironment create() {
    AtomicReference<@Nullable OrtEnvironment> created = new AtomicReference<>();
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Thread thread =
        new Thread(
            null,
            () ->
                created.set(
                    OrtEnvironment.getEnvironment(
                        OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "compress")),
            "compress-onnxruntime-start",
            CREATION_STACK_BYTES);
    thread.setUncaughtExceptionHandler((t, e) -> failure.set(e));
    thread.setDaemon(true);
    thread.start();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    OrtEnvironment environment = created.get();
    if (environment == null) {
      throw new IllegalStateException("ONNX Runtime did not start", failure.get());
    }
    return environment;
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
