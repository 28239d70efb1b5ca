package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.util.Optional;

/**
 * QuantizeLinear and DequantizeLinear as fake quantization: codes are floating-point numbers that
 * hold integers, and rounding passes the gradient straight through where the value is in range
 * (Bengio et al., arXiv 1308.3432).
 */
final class QuantizationOperators {
  private QuantizationOperators() {}

  static void register(OperatorRegistry registry) {
    registry.single("QuantizeLinear", QuantizationOperators::quantize);
    registry.single("DequantizeLinear", QuantizationOperators::dequantize);
  }

  private static Operator.Single quantize(NodeReader node) {
    node.require(node.intOf("block_size", 0) == 0, "blocks of scales are not known here");
    int axis = node.intOf("axis", 1);
    ElementType type = codeType(node);
    boolean signed = type.name().startsWith("int");
    double least = signed ? -Math.pow(2, type.bits() - 1) : 0;
    double most = Math.pow(2, signed ? type.bits() - 1 : type.bits()) - 1;
    return in -> {
      NDArray x = in.get(0);
      NDArray scaled = x.div(aligned(in.get(1), x, axis));
      if (!in.has(2)) {
        return rounded(Torch.clip(scaled, least, most));
      }
      NDArray zero = aligned(in.get(2).toType(x.getDataType(), false), x, axis);
      // rounded before the zero point is added, as ONNX has it: it decides what half goes to
      NDArray inRange = scaled.maximum(zero.neg().add(least)).minimum(zero.neg().add(most));
      return rounded(inRange).add(zero);
    };
  }

  private static ElementType codeType(NodeReader node) {
    Optional<ElementType> stored = node.stored(2).map(Tensor::type);
    node.require(
        stored.isPresent() || !node.hasInput(2), "its zero point is not stored in the model");
    ElementType type =
        stored.orElseGet(
            () -> {
              int code = node.intOf("output_dtype", 0);
              return code == 0 ? ElementType.UINT8 : ElementType.of(code);
            });
    node.require(
        type.name().startsWith("int") || type.name().startsWith("uint"),
        "codes of type " + type + " are not known here");
    return type;
  }

  /** To the nearest integer, half to even, with the gradient of a straight line. */
  private static NDArray rounded(NDArray x) {
    return x.add(x.round().sub(x).stopGradient());
  }

  private static Operator.Single dequantize(NodeReader node) {
    node.require(node.intOf("block_size", 0) == 0, "blocks of scales are not known here");
    int axis = node.intOf("axis", 1);
    return in -> {
      NDArray scale = in.get(1);
      DataType type = scale.getDataType();
      NDArray codes = in.get(0).toType(type, false);
      if (in.has(2)) {
        codes = codes.sub(aligned(in.get(2).toType(type, false), codes, axis));
      }
      return codes.mul(aligned(scale, codes, axis));
    };
  }

  /** One number a channel, as it broadcasts over an axis. */
  private static NDArray aligned(NDArray perChannel, NDArray x, int axis) {
    if (perChannel.size() == 1) {
      return perChannel.reshape();
    }
    long[] dims = Window.filled(Dims.rank(x), 1);
    dims[Dims.axis(axis, dims.length)] = perChannel.size();
    return perChannel.reshape(dims);
  }
}
