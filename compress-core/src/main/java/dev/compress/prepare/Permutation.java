package dev.compress.prepare;

import dev.compress.graph.Dim;
import dev.compress.graph.Node;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An order of axes, as Transpose has it: axis {@code i} of the result is axis {@code order[i]} of
 * the input.
 *
 * @param order each of 0 to rank - 1 once
 */
record Permutation(List<Integer> order) {
  Permutation {
    order = List.copyOf(order);
  }

  /** What a Transpose does; empty if it has no order (it then reverses axes of unknown number). */
  static Optional<Permutation> of(Node transpose) {
    return transpose
        .intsAttribute("perm")
        .map(perm -> new Permutation(perm.stream().map(Long::intValue).toList()))
        .filter(Permutation::isValid);
  }

  private boolean isValid() {
    return order.stream().sorted().toList().equals(identity(order.size()).order);
  }

  static Permutation identity(int rank) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < rank; i++) {
      order.add(i);
    }
    return new Permutation(order);
  }

  int rank() {
    return order.size();
  }

  boolean isIdentity() {
    return equals(identity(rank()));
  }

  /** First this, then another. */
  Permutation then(Permutation next) {
    return new Permutation(next.order.stream().map(order::get).toList());
  }

  /** What undoes this. */
  Permutation inverse() {
    Integer[] inverse = new Integer[rank()];
    for (int i = 0; i < rank(); i++) {
      inverse[order.get(i)] = i;
    }
    return new Permutation(List.of(inverse));
  }

  /** Which axis of the input an axis of the result is; negative axes count from the end. */
  int inputAxis(long axis) {
    return order.get((int) (axis < 0 ? axis + rank() : axis));
  }

  List<Long> asLongs() {
    return order.stream().map(Integer::longValue).toList();
  }

  /** Whether this only moves dims of size 1, so that the elements stay in their order. */
  boolean keepsElementOrder(List<Dim> inputDims) {
    int last = -1;
    for (int axis : order) {
      if (inputDims.get(axis).sizeOrUnknown() != 1) {
        if (axis < last) {
          return false;
        }
        last = axis;
      }
    }
    return true;
  }

  /**
   * Transposes a small tensor, dims of size 1 put before its own until the ranks agree.
   *
   * @param tensor of elements of whole bytes and of no higher rank
   */
  Tensor apply(Tensor tensor) {
    int missing = rank() - tensor.shape().rank();
    long[] from = new long[rank()];
    for (int i = 0; i < rank(); i++) {
      from[i] = i < missing ? 1 : tensor.shape().dim(i - missing);
    }
    long[] to = new long[rank()];
    long[] strides = new long[rank()];
    long stride = 1;
    long[] inputStrides = new long[rank()];
    for (int i = rank() - 1; i >= 0; i--) {
      inputStrides[i] = stride;
      stride *= from[i];
    }
    for (int i = 0; i < rank(); i++) {
      to[i] = from[order.get(i)];
      strides[i] = inputStrides[order.get(i)];
    }
    ElementType type = tensor.type();
    int size = type.bits() / 8;
    byte[] in = tensor.data().toByteArray();
    ByteBuffer out = ByteBuffer.allocate(in.length);
    long[] at = new long[rank()];
    for (int n = 0; n < in.length / size; n++) {
      long offset = 0;
      for (int i = 0; i < rank(); i++) {
        offset += at[i] * strides[i];
      }
      out.put(in, (int) offset * size, size);
      for (int i = rank() - 1; i >= 0 && ++at[i] == to[i]; i--) {
        at[i] = 0;
      }
    }
    return Tensor.ofBytes(type, Shape.of(to), out.array());
  }
}
