package dev.compress.quantize;

import java.util.Locale;
import java.util.Optional;

/** Where the model will run; decides number formats and which patterns become integer kernels. */
public enum Target {
  /** x86-64 with VNNI or AMX: exact 8-bit dot products. */
  CPU_VNNI("cpu-vnni"),
  /** x86-64 whose 8-bit products saturate at 16 bits: weights get 7 bits. */
  CPU_AVX2("cpu-avx2"),
  /** Arm with dot-product instructions: signed activations. */
  ARM("arm"),
  /** The CUDA provider: no integer Conv or MatMul, only weight-only MatMulNBits. */
  CUDA("cuda"),
  /** The TensorRT provider: signed, symmetric activations; fuses Q/DQ itself. */
  TENSORRT("tensorrt");

  private final String id;

  Target(String id) {
    this.id = id;
  }

  /** The name on the command line and in recipes. */
  public String id() {
    return id;
  }

  /** The target of that name. */
  public static Optional<Target> of(String id) {
    for (Target target : values()) {
      if (target.id.equals(id.toLowerCase(Locale.ROOT))) {
        return Optional.of(target);
      }
    }
    return Optional.empty();
  }

  /** The type of quantized activations. */
  public QuantizedType activationType() {
    return this == ARM || this == TENSORRT ? QuantizedType.INT8 : QuantizedType.UINT8;
  }

  /** Whether activations must have zero point 0 of a signed type. */
  public boolean symmetricActivations() {
    return this == TENSORRT;
  }

  /** Bits of a quantized weight: 7 where products saturate. */
  public int weightBits() {
    return this == CPU_AVX2 ? 7 : 8;
  }

  /** The largest weight code; codes are symmetric about zero. */
  public int maxWeightCode() {
    return (1 << (weightBits() - 1)) - 1;
  }

  /** Whether a quantize-dequantize graph runs in integer kernels there. */
  public boolean runsIntegerKernels() {
    return this != CUDA;
  }

  /** Whether ONNX Runtime's CPU provider runs it. */
  public boolean isCpu() {
    return this == CPU_VNNI || this == CPU_AVX2 || this == ARM;
  }
}
