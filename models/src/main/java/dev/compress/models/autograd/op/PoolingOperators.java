package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.stream.LongStream;

/** Pools over windows and over everything. */
final class PoolingOperators {
  private PoolingOperators() {}

  static void register(OperatorRegistry registry) {
    registry.single("MaxPool", PoolingOperators::maxPool);
    registry.single("AveragePool", PoolingOperators::averagePool);
    registry.unary("GlobalAveragePool", x -> Reductions.mean(x, spatialDims(x), true));
    registry.unary("GlobalMaxPool", x -> Reductions.max(x, spatialDims(x), true));
  }

  private static long[] spatialDims(NDArray x) {
    return LongStream.range(2, Dims.rank(x)).toArray();
  }

  private static Operator.Single maxPool(NodeReader node) {
    node.require(!node.flag("storage_order", false), "storage_order 1 is not known here");
    Window window = Window.of(node);
    return in -> {
      NDArray x = in.get(0);
      long[] kernel = window.kernel().orElseThrow();
      int rank = kernel.length;
      long[] pads = window.padsWithCeil(Dims.spatial(x), kernel);
      boolean dilated = Arrays.stream(window.dilations(rank)).anyMatch(d -> d != 1);
      if (Window.symmetric(pads) && !dilated && atMostHalf(pads, kernel)) {
        return Torch.maxPool(x, kernel, window.strides(rank), Window.begins(pads));
      }
      NDArray padded = Torch.pad(x, Window.lastDimFirst(pads), Double.NEGATIVE_INFINITY);
      return dilated
          ? overOffsets(padded, window, kernel, NDArrays::maximum)
          : Torch.maxPool(padded, kernel, window.strides(rank), new long[rank]);
    };
  }

  private static Operator.Single averagePool(NodeReader node) {
    Window window = Window.of(node);
    boolean countPads = node.flag("count_include_pad", false);
    return in -> {
      NDArray x = in.get(0);
      long[] kernel = window.kernel().orElseThrow();
      int rank = kernel.length;
      long[] spatial = Dims.spatial(x);
      long[] declared = window.pads(spatial, kernel);
      long[] pads = window.padsWithCeil(spatial, kernel);
      boolean dilated = Arrays.stream(window.dilations(rank)).anyMatch(d -> d != 1);
      boolean plain = Arrays.equals(pads, declared) && !dilated;
      // the native one counts pads whatever it is told
      boolean counts = countPads || Arrays.stream(pads).allMatch(pad -> pad == 0);
      if (plain && counts && Window.symmetric(pads) && atMostHalf(pads, kernel)) {
        return Torch.avgPool(x, kernel, window.strides(rank), Window.begins(pads));
      }
      NDArray padded = Torch.pad(x, Window.lastDimFirst(pads), 0);
      NDArray sum =
          dilated
              ? overOffsets(padded, window, kernel, NDArray::add)
              : Scalars.times(
                  Torch.avgPool(padded, kernel, window.strides(rank), new long[rank]),
                  (double) Dims.product(kernel));
      return sum.div(counts(in.scope(), window, spatial, countPads ? declared : new long[0], pads));
    };
  }

  private static boolean atMostHalf(long[] pads, long[] kernel) {
    for (int i = 0; i < kernel.length; i++) {
      if (pads[i] > kernel[i] / 2) {
        return false;
      }
    }
    return true;
  }

  /**
   * How many elements each window counts.
   *
   * @param counted pads that count as elements, begins and ends; empty for none
   * @param pads all pads
   */
  private static NDArray counts(
      NDManager scope, Window window, long[] spatial, long[] counted, long[] pads) {
    int rank = spatial.length;
    long[] kernel = window.kernel().orElseThrow();
    NDArray result = Scalars.owned(scope.create(1f));
    for (int i = 0; i < rank; i++) {
      long stride = window.strides(rank)[i];
      long dilation = window.dilations(rank)[i];
      long extent = dilation * (kernel[i] - 1) + 1;
      long windows = (spatial[i] + pads[i] + pads[rank + i] - extent) / stride + 1;
      long from = counted.length == 0 ? 0 : -counted[i];
      long to = spatial[i] + (counted.length == 0 ? 0 : counted[rank + i]);
      float[] count = new float[Math.toIntExact(windows)];
      for (int w = 0; w < windows; w++) {
        for (long k = 0; k < kernel[i]; k++) {
          long at = w * stride - pads[i] + k * dilation;
          count[w] += at >= from && at < to ? 1 : 0;
        }
      }
      long[] dims = Window.filled(rank, 1);
      dims[i] = windows;
      result = result.mul(Scalars.owned(scope.create(count, new Shape(dims))));
    }
    return result;
  }

  /** Joins what a window sees at each of its positions, one strided slice a position. */
  private static NDArray overOffsets(
      NDArray padded, Window window, long[] kernel, Operator.Binary join) {
    int rank = kernel.length;
    long[] strides = window.strides(rank);
    long[] dilations = window.dilations(rank);
    long[] spatial = Dims.spatial(padded);
    NDArray result = null;
    for (long offset = 0; offset < Dims.product(kernel); offset++) {
      NDArray view = padded;
      long rest = offset;
      for (int i = rank - 1; i >= 0; i--) {
        long from = rest % kernel[i] * dilations[i];
        rest /= kernel[i];
        long extent = dilations[i] * (kernel[i] - 1) + 1;
        long windows = (spatial[i] - extent) / strides[i] + 1;
        view = Torch.slice(view, 2 + i, from, from + (windows - 1) * strides[i] + 1, strides[i]);
      }
      result = result == null ? view : join.apply(result, view);
    }
    if (result == null) {
      throw new IllegalArgumentException("A window without elements");
    }
    return result;
  }
}
