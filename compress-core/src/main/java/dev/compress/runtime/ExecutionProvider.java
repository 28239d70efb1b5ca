package dev.compress.runtime;

import java.io.Serializable;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What computes a model's nodes in place of the processor, with its settings by ONNX Runtime's
 * names. Nodes that it has no kernel for go to the next provider, and to the processor at last.
 *
 * @param kind which one
 * @param options such as {@code device_id} or {@code cudnn_conv_algo_search}
 */
public record ExecutionProvider(Kind kind, Map<String, String> options) implements Serializable {
  /** What ONNX Runtime calls the processor's own kernels. */
  public static final String CPU = "CPUExecutionProvider";

  /** The option that says which GPU. */
  public static final String DEVICE_ID = "device_id";

  /** The providers that sessions can be given. */
  public enum Kind {
    /** CUDA kernels. */
    CUDA("CUDAExecutionProvider"),
    /** TensorRT engines. */
    TENSORRT("TensorrtExecutionProvider");

    private final String title;

    Kind(String title) {
      this.title = title;
    }

    /** ONNX Runtime's name for it, as in its profiles. */
    public String title() {
      return title;
    }
  }

  /** Copies; the options keep their order. */
  public ExecutionProvider {
    options = Collections.unmodifiableMap(new LinkedHashMap<>(options));
  }

  /** The GPU that it runs on. */
  public int deviceId() {
    return Integer.parseInt(options.getOrDefault(DEVICE_ID, "0"));
  }
}
