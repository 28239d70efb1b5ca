package dev.compress.runtime;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtProvider;
import dev.compress.error.DeviceUnavailableException;
import java.util.List;

/**
 * The ONNX Runtime of this process.
 *
 * @param version its version, such as "1.29.0"
 * @param providers the execution providers that it was built with, such as "CPUExecutionProvider"
 */
public record RuntimeInfo(String version, List<String> providers) {
  public RuntimeInfo {
    providers = List.copyOf(providers);
  }

  /**
   * Loads the native library, if it is not loaded yet, and asks it.
   *
   * @throws DeviceUnavailableException if there is none for this machine
   */
  public static RuntimeInfo get() {
    return new RuntimeInfo(
        OrtLibrary.environment().getVersion(),
        OrtEnvironment.getAvailableProviders().stream().map(OrtProvider::getName).toList());
  }
}
