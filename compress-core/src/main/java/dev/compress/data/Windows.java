package dev.compress.data;

import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.nio.ByteBuffer;

/**
 * Cuts a batch of sequences into windows along one dim. Step {@code k} holds what stands at {@code
 * [k stride - context, k stride + window)}, zeros where that is before the beginning or behind the
 * end.
 *
 * @param input the input's name
 * @param dim the dim of the batch's tensor that counts time
 * @param window values of a step
 * @param stride from one window to the next
 * @param context values in front of a window
 */
record Windows(String input, int dim, int window, int stride, int context) {
  /** How many steps a batch of sequences has: the last one may be filled up. */
  int steps(TensorBuffer sequences) {
    long length = sequences.shape().dim(dim);
    return (int) (length <= window ? 1 : 1 + (length - window + stride - 1) / stride);
  }

  /** The windows of one step, in a tensor of their own. */
  TensorBuffer at(TensorBuffer sequences, int step) {
    long[] dims = sequences.shape().toArray();
    long length = dims[dim];
    int width = context + window;
    dims[dim] = width;
    TensorBuffer windows = TensorBuffer.allocate(sequences.type(), Shape.of(dims));
    long inner = sequences.type().byteSize(1);
    for (int i = dim + 1; i < dims.length; i++) {
      inner *= dims[i];
    }
    long outer = 1;
    for (int i = 0; i < dim; i++) {
      outer *= dims[i];
    }
    long from = (long) step * stride - context;
    long first = Math.max(0, from);
    int size = (int) (Math.max(0, Math.min(length, from + width) - first) * inner);
    ByteBuffer source = sequences.bytes().duplicate();
    ByteBuffer target = windows.bytes();
    for (long o = 0; size > 0 && o < outer; o++) {
      int at = (int) ((o * width + first - from) * inner);
      target.put(at, source, (int) ((o * length + first) * inner), size);
    }
    return windows;
  }
}
