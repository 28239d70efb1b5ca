package dev.compress.runtime;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.compress.error.InvalidDataException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Dim;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Tensors to and from the runtime. */
final class OrtTensors {
  private OrtTensors() {}

  /** Whether a value is a tensor that a {@link TensorBuffer} can hold. */
  static boolean isNumeric(ValueType type) {
    return type instanceof ValueType.TensorType tensor && tensor.element().isFixedSize();
  }

  /** The tensor itself if its buffer is direct, else a copy that is. */
  static TensorBuffer direct(TensorBuffer tensor) {
    if (tensor.bytes().isDirect()) {
      return tensor;
    }
    TensorBuffer copy = TensorBuffer.allocate(tensor.type(), tensor.shape());
    copy.bytes().put(tensor.bytes());
    return copy;
  }

  /**
   * The runtime's tensor over a buffer: no copy if it is direct. (The runtime itself fails on most
   * types of heap buffers.)
   */
  static OnnxTensor wrap(TensorBuffer tensor) throws OrtException {
    OnnxJavaType type =
        OrtTypes.toJavaType(tensor.type())
            .orElseThrow(
                () ->
                    new UnsupportedModelException(
                        "ONNX Runtime's Java interface takes no "
                            + tensor.type()
                            + " tensors as inputs. Let the model take another type and cast it."));
    return OnnxTensor.createTensor(
        OrtLibrary.environment(), direct(tensor).bytes(), tensor.shape().toArray(), type);
  }

  /** Rejects a tensor that the declared input cannot take. */
  static void checkFits(String label, ValueInfo input, TensorBuffer tensor) {
    if (!(input.type() instanceof ValueType.TensorType declared)) {
      throw new InvalidDataException(
          "Input " + input.name() + " of " + label + " is a " + input.type() + ", not a tensor.");
    }
    boolean fits =
        declared.element().equals(tensor.type())
            && declared.shape().map(dims -> fits(dims, tensor.shape())).orElse(true);
    if (!fits) {
      throw new InvalidDataException(
          "Input "
              + input.name()
              + " of "
              + label
              + " takes "
              + declared
              + ", but the data is "
              + tensor.type()
              + tensor.shape()
              + ".");
    }
  }

  private static boolean fits(List<Dim> dims, Shape shape) {
    if (dims.size() != shape.rank()) {
      return false;
    }
    for (int i = 0; i < dims.size(); i++) {
      long size = dims.get(i).sizeOrUnknown();
      if (size >= 0 && size != shape.dim(i)) {
        return false;
      }
    }
    return true;
  }

  /** The numeric tensors of a result, copied, but for some. */
  static Map<String, TensorBuffer> numeric(
      OrtSession.Result result, String label, Set<String> except) {
    Map<String, TensorBuffer> tensors = new LinkedHashMap<>();
    for (Map.Entry<String, OnnxValue> entry : result) {
      if (!except.contains(entry.getKey())
          && entry.getValue() instanceof OnnxTensor tensor
          && OrtTypes.toElementType(tensor.getInfo()).isFixedSize()) {
        tensors.put(entry.getKey(), copy(tensor, entry.getKey(), label));
      }
    }
    return tensors;
  }

  private static TensorBuffer copy(OnnxTensor tensor, String name, String label) {
    TensorInfo info = tensor.getInfo();
    ElementType type = OrtTypes.toElementType(info);
    Shape shape = Shape.of(info.getShape());
    long size = type.byteSize(shape.elementCount());
    if (size > Integer.MAX_VALUE - 8) {
      throw new UnsupportedModelException(
          "Output "
              + name
              + " of "
              + label
              + " has "
              + size
              + " bytes, more than one buffer holds. Use a smaller batch.");
    }
    // The runtime may give no buffer at all for a tensor without elements.
    ByteBuffer bytes = size == 0 ? ByteBuffer.allocate(0) : tensor.getByteBuffer();
    return TensorBuffer.wrap(type, shape, bytes);
  }
}
