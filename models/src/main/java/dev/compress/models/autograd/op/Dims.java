package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;

/** Arithmetic of shapes. */
final class Dims {
  private Dims() {}

  static long[] of(NDArray array) {
    return array.getShape().getShape();
  }

  static int rank(NDArray array) {
    return array.getShape().dimension();
  }

  /** The dims after batch and channels. */
  static long[] spatial(NDArray array) {
    long[] dims = of(array);
    return Arrays.copyOfRange(dims, 2, dims.length);
  }

  /** An axis from 0, where negative ones count from the end. */
  static int axis(long axis, int rank) {
    return Math.toIntExact(axis < 0 ? axis + rank : axis);
  }

  static long product(long[] dims, int from, int to) {
    long product = 1;
    for (int i = from; i < to; i++) {
      product *= dims[i];
    }
    return product;
  }

  static long product(long... dims) {
    return product(dims, 0, dims.length);
  }

  /** The shape that two shapes broadcast to. */
  static long[] broadcast(long[] a, long[] b) {
    int rank = Math.max(a.length, b.length);
    long[] result = new long[rank];
    for (int i = 0; i < rank; i++) {
      long x = i < rank - a.length ? 1 : a[i - (rank - a.length)];
      long y = i < rank - b.length ? 1 : b[i - (rank - b.length)];
      result[i] = x == 1 ? y : x;
    }
    return result;
  }

  static int[] ints(long... values) {
    return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
  }
}
