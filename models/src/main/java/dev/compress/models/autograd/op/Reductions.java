package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;

/** Reductions over several axes at once, which the engine's interface has for sums only. */
final class Reductions {
  private Reductions() {}

  static NDArray sum(NDArray x, long[] axes, boolean keep) {
    return axes.length == 0 ? x : Torch.sum(x, axes, keep);
  }

  static NDArray mean(NDArray x, long[] axes, boolean keep) {
    long count = 1;
    for (long axis : axes) {
      count *= x.getShape().get(Math.toIntExact(axis));
    }
    return count == 1 && keep ? x : Scalars.over(sum(x, axes, keep), (double) count);
  }

  static NDArray max(NDArray x, long[] axes, boolean keep) {
    return oneByOne(x, axes, keep, (y, axis) -> y.max(new int[] {axis}, true));
  }

  static NDArray min(NDArray x, long[] axes, boolean keep) {
    return oneByOne(x, axes, keep, (y, axis) -> y.min(new int[] {axis}, true));
  }

  static NDArray product(NDArray x, long[] axes, boolean keep) {
    return oneByOne(x, axes, keep, (y, axis) -> y.prod(new int[] {axis}, true));
  }

  private interface AlongAxis {
    NDArray apply(NDArray x, int axis);
  }

  private static NDArray oneByOne(NDArray x, long[] axes, boolean keep, AlongAxis reduction) {
    NDArray result = x;
    for (long axis : axes) {
      result = reduction.apply(result, Math.toIntExact(axis));
    }
    return keep ? result : withoutDims(result, axes);
  }

  /** Removes dims of size one. */
  static NDArray withoutDims(NDArray x, long[] axes) {
    long[] dims = Dims.of(x);
    long[] sorted = axes.clone();
    Arrays.sort(sorted);
    long[] left = new long[dims.length - sorted.length];
    int at = 0;
    for (int i = 0; i < dims.length; i++) {
      if (Arrays.binarySearch(sorted, i) < 0) {
        left[at++] = dims[i];
      }
    }
    return x.reshape(left);
  }
}
