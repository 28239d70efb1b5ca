package dev.compress.gpu;

import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.runtime.Device;
import dev.compress.runtime.ExecutionProvider;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Sha256;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * With which settings models run on a GPU. They are few and all told in the report: everything else
 * is as ONNX Runtime has it.
 */
final class ProviderSettings {
  private static final String ON = "1";
  private static final String OFF = "0";
  private static final int HASH_DIGITS = 16;

  private final Path cache;

  /**
   * Settings.
   *
   * @param cache a folder for TensorRT's engines, which take minutes to build
   */
  ProviderSettings(Path cache) {
    this.cache = cache;
  }

  /**
   * The providers for a device, the first choice first.
   *
   * @param device a GPU
   * @param model the model's file
   */
  List<ExecutionProvider> of(Device device, Path model) {
    return device.kind() == Device.Kind.TENSORRT
        ? List.of(tensorRt(device.index(), model), cuda(device.index()))
        : List.of(cuda(device.index()));
  }

  /**
   * The search for the fastest convolution is exhaustive and falls into the warm-up. TF32, with
   * which float products keep 10 bits of mantissa on Ampere and later, is on as in ONNX Runtime's
   * own default: what is compared is what users run.
   */
  private static ExecutionProvider cuda(int index) {
    Map<String, String> options = new LinkedHashMap<>();
    options.put(ExecutionProvider.DEVICE_ID, Integer.toString(index));
    options.put("cudnn_conv_algo_search", "EXHAUSTIVE");
    options.put("cudnn_conv_use_max_workspace", ON);
    options.put("use_tf32", ON);
    options.put("arena_extend_strategy", "kNextPowerOfTwo");
    options.put("do_copy_in_default_stream", ON);
    return new ExecutionProvider(ExecutionProvider.Kind.CUDA, options);
  }

  /**
   * A precision is allowed only if the model is in it, or TensorRT would change what it computes:
   * int8 where it has QuantizeLinear nodes, whose scales are taken, fp16 where it has such weights.
   * Engines are kept by the model's content: TensorRT's provider tells them by the graph alone, and
   * two variants may have one graph and other weights.
   */
  private ExecutionProvider tensorRt(int index, Path file) {
    OnnxModel model = OnnxReader.read(file).model();
    String engines = cache.resolve(Sha256.of(file).substring(0, HASH_DIGITS)).toString();
    Map<String, String> options = new LinkedHashMap<>();
    options.put(ExecutionProvider.DEVICE_ID, Integer.toString(index));
    options.put("trt_fp16_enable", isHalf(model) ? ON : OFF);
    options.put("trt_int8_enable", isQuantized(model) ? ON : OFF);
    options.put("trt_engine_cache_enable", ON);
    options.put("trt_engine_cache_path", engines);
    options.put("trt_timing_cache_enable", ON);
    options.put("trt_timing_cache_path", engines);
    return new ExecutionProvider(ExecutionProvider.Kind.TENSORRT, options);
  }

  private static boolean isQuantized(OnnxModel model) {
    return model.graph().nodes().stream().map(Node::opType).anyMatch("QuantizeLinear"::equals);
  }

  private static boolean isHalf(OnnxModel model) {
    return model.graph().initializers().stream()
        .map(Initializer::tensor)
        .anyMatch(t -> t.type().equals(ElementType.FLOAT16));
  }
}
