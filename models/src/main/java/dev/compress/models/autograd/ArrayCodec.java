package dev.compress.models.autograd;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.compress.models.autograd.op.ElementTypes;
import dev.compress.models.autograd.op.Scalars;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/** Stored tensors to arrays and back. */
final class ArrayCodec {
  private ArrayCodec() {}

  /** Whether tensors of a type can be computed with here. */
  static boolean handles(ElementType type) {
    return ElementTypes.of(type).isPresent() || widened(type);
  }

  /** Integers that the engine lacks. */
  private static boolean widened(ElementType type) {
    return switch (type.name()) {
      case "int16", "uint16", "uint32", "uint64" -> true;
      default -> false;
    };
  }

  /** An array of its own memory with the elements of a tensor. */
  static NDArray toArray(NDManager manager, Tensor tensor) {
    Shape shape = new Shape(tensor.shape().toArray());
    Optional<DataType> type = ElementTypes.of(tensor.type());
    if (type.isEmpty()) {
      return Scalars.owned(manager.create(tensor.toLongs(), shape));
    }
    if (tensor.elementCount() == 0) {
      return manager.create(shape, type.get());
    }
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(Math.toIntExact(tensor.byteSize()))
            .order(ByteOrder.nativeOrder());
    tensor.data().read(0, bytes);
    bytes.rewind();
    // a copy: an array over a buffer would share the memory that the garbage collector watches
    return Scalars.owned(manager.create(bytes, shape, type.get()));
  }

  /** The elements of an array as a tensor of a type that {@link #handles} knows directly. */
  static Tensor toTensor(NDArray array, ElementType type) {
    ByteBuffer buffer = array.toByteBuffer();
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return Tensor.ofBytes(type, dev.compress.tensor.Shape.of(array.getShape().getShape()), bytes);
  }
}
