package dev.compress.runtime;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import ai.onnxruntime.providers.OrtTensorRTProviderOptions;
import java.util.List;
import java.util.Map;

/** Our options as the runtime's. */
final class OrtOptions {
  private OrtOptions() {}

  static OrtSession.SessionOptions of(SessionOptions options) throws OrtException {
    OrtSession.SessionOptions made = new OrtSession.SessionOptions();
    try {
      fill(made, options);
      return made;
    } catch (OrtException | RuntimeException e) {
      made.close();
      throw e;
    }
  }

  private static void fill(OrtSession.SessionOptions made, SessionOptions options)
      throws OrtException {
    // Failures come as exceptions: the runtime need not print them as well.
    made.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
    made.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
    made.setIntraOpNumThreads(options.threads());
    made.setInterOpNumThreads(1);
    made.setOptimizationLevel(
        switch (options.optimization()) {
          case NONE -> OrtSession.SessionOptions.OptLevel.NO_OPT;
          case BASIC -> OrtSession.SessionOptions.OptLevel.BASIC_OPT;
          case EXTENDED -> OrtSession.SessionOptions.OptLevel.EXTENDED_OPT;
          case ALL -> OrtSession.SessionOptions.OptLevel.ALL_OPT;
        });
    made.setCPUArenaAllocator(options.memoryArena());
    if (options.optimizedModel().isPresent()) {
      made.setOptimizedModelFilePath(options.optimizedModel().get().toString());
    }
    if (options.profile().isPresent()) {
      made.enableProfiling(options.profile().get().toString());
    }
    for (Map.Entry<String, String> entry : options.config().entrySet()) {
      made.addConfigEntry(entry.getKey(), entry.getValue());
    }
    for (ExecutionProvider provider : options.providers()) {
      add(made, provider);
    }
  }

  /** The runtime loads a provider's library here: what it lacks shows now. */
  private static void add(OrtSession.SessionOptions made, ExecutionProvider provider) {
    try {
      switch (provider.kind()) {
        case CUDA -> {
          try (OrtCUDAProviderOptions cuda = new OrtCUDAProviderOptions(provider.deviceId())) {
            for (Map.Entry<String, String> option : settings(provider)) {
              cuda.add(option.getKey(), option.getValue());
            }
            made.addCUDA(cuda);
          }
        }
        case TENSORRT -> {
          try (OrtTensorRTProviderOptions trt =
              new OrtTensorRTProviderOptions(provider.deviceId())) {
            for (Map.Entry<String, String> option : settings(provider)) {
              trt.add(option.getKey(), option.getValue());
            }
            made.addTensorrt(trt);
          }
        }
      }
    } catch (OrtException e) {
      throw OrtErrors.provider(provider.kind(), e);
    }
  }

  /** All but the device, which the options are made with. */
  private static List<Map.Entry<String, String>> settings(ExecutionProvider provider) {
    return provider.options().entrySet().stream()
        .filter(option -> !option.getKey().equals(ExecutionProvider.DEVICE_ID))
        .toList();
  }
}
