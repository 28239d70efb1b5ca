package dev.compress.runtime;

import dev.compress.runtime.Kernel.Arithmetic;
import java.util.List;
import java.util.Set;

/** What is known of the runtime's operators. */
final class Kernels {
  private static final Set<String> INTEGER =
      Set.of(
          "ConvInteger",
          "MatMulInteger",
          "MatMulInteger16",
          "MatMulIntegerToFloat",
          "QGemm",
          "QAttention",
          "QOrderedMatMul",
          // Weights of 4 or 8 bits; the runtime computes in int8 unless told otherwise.
          "MatMulNBits",
          "DynamicQuantizeMatMul",
          "DynamicQuantizeLSTM");

  private static final Set<String> CONVERSION =
      Set.of("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "Cast", "CastLike");

  private static final Set<String> FLOAT_TYPES = Set.of("float", "float16", "double", "bfloat16");

  private static final Set<String> SMALL_INTEGERS = Set.of("int8", "uint8", "int4", "uint4");

  private Kernels() {}

  static Arithmetic arithmetic(String op, List<Profile.TypedShape> outputs) {
    if (CONVERSION.contains(op)) {
      return Arithmetic.CONVERSION;
    }
    String type = outputs.isEmpty() ? "" : outputs.get(0).type();
    if (INTEGER.contains(op) || op.startsWith("QLinear") || SMALL_INTEGERS.contains(type)) {
      return Arithmetic.INTEGER;
    }
    return FLOAT_TYPES.contains(type) ? Arithmetic.FLOAT : Arithmetic.OTHER;
  }

  /** The kind of multiplication, so that a fused kernel finds its node; "" if it is none. */
  static String family(String op) {
    return switch (op) {
      case "Conv", "FusedConv", "NhwcFusedConv", "NhwcConv", "ConvInteger", "QLinearConv" ->
          "convolution";
      case "ConvTranspose" -> "transposed convolution";
      case "Gemm", "FusedGemm", "QGemm", "MatMul", "FusedMatMul", "QLinearMatMul" -> "product";
      case "MatMulInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "MatMulNBits" ->
          "product";
      case "LSTM", "DynamicQuantizeLSTM" -> "LSTM";
      case "GRU", "RNN", "Einsum" -> op;
      default -> "";
    };
  }

  /** The ONNX operator that a kernel of the runtime's own computes. */
  static String plainOp(String op) {
    return switch (op) {
      case "QLinearConv", "ConvInteger", "FusedConv", "NhwcFusedConv", "NhwcConv" -> "Conv";
      case "QGemm", "FusedGemm" -> "Gemm";
      case "QLinearMatMul", "MatMulInteger", "MatMulIntegerToFloat" -> "MatMul";
      case "DynamicQuantizeMatMul", "MatMulNBits", "FusedMatMul" -> "MatMul";
      case "DynamicQuantizeLSTM" -> "LSTM";
      case "NhwcMaxPool" -> "MaxPool";
      default -> op.startsWith("QLinear") ? op.substring("QLinear".length()) : op;
    };
  }
}
