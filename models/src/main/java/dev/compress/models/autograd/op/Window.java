package dev.compress.models.autograd.op;

import java.util.Arrays;
import java.util.Optional;

/**
 * A sliding window as Conv and the pools describe it.
 *
 * @param kernel its size; empty where the weight says it
 * @param strides steps; empty for 1
 * @param dilations gaps; empty for 1
 * @param pads begins, then ends; empty for 0
 * @param autoPad NOTSET, VALID, SAME_UPPER or SAME_LOWER
 * @param ceil whether a last window that is cut off by the border counts
 */
record Window(
    Optional<long[]> kernel,
    Optional<long[]> strides,
    Optional<long[]> dilations,
    Optional<long[]> pads,
    String autoPad,
    boolean ceil) {

  /** The window of a node. */
  static Window of(NodeReader node) {
    String autoPad = node.text("auto_pad", "NOTSET");
    node.require(
        autoPad.equals("NOTSET") || autoPad.equals("VALID") || autoPad.startsWith("SAME_"),
        "auto_pad " + autoPad + " is unknown");
    return new Window(
        node.ints("kernel_shape"),
        node.ints("strides"),
        node.ints("dilations"),
        node.ints("pads"),
        autoPad.isEmpty() ? "NOTSET" : autoPad,
        node.flag("ceil_mode", false));
  }

  long[] strides(int rank) {
    return strides.orElseGet(() -> filled(rank, 1));
  }

  long[] dilations(int rank) {
    return dilations.orElseGet(() -> filled(rank, 1));
  }

  /**
   * The pads for an input: begins, then ends.
   *
   * @param spatial its dims after batch and channels
   * @param size the kernel
   */
  long[] pads(long[] spatial, long[] size) {
    int rank = spatial.length;
    if (autoPad.equals("VALID")) {
      return new long[2 * rank];
    }
    if (autoPad.equals("NOTSET")) {
      return pads.map(long[]::clone).orElseGet(() -> new long[2 * rank]);
    }
    long[] stride = strides(rank);
    long[] dilation = dilations(rank);
    long[] result = new long[2 * rank];
    for (int i = 0; i < rank; i++) {
      long extent = dilation[i] * (size[i] - 1) + 1;
      long windows = (spatial[i] + stride[i] - 1) / stride[i];
      long total = Math.max(0, (windows - 1) * stride[i] + extent - spatial[i]);
      result[i] = autoPad.equals("SAME_LOWER") ? (total + 1) / 2 : total / 2;
      result[rank + i] = total - result[i];
    }
    return result;
  }

  /** The pads with what a cut-off last window lacks added to the ends. */
  long[] padsWithCeil(long[] spatial, long[] size) {
    long[] result = pads(spatial, size);
    int rank = spatial.length;
    if (!ceil || !autoPad.equals("NOTSET")) {
      return result;
    }
    long[] stride = strides(rank);
    long[] dilation = dilations(rank);
    for (int i = 0; i < rank; i++) {
      long extent = dilation[i] * (size[i] - 1) + 1;
      long free = spatial[i] + result[i] + result[rank + i] - extent;
      long windows = Math.floorDiv(free + stride[i] - 1, stride[i]) + 1;
      // a window that would start in the padding after the input does not count
      if ((windows - 1) * stride[i] >= spatial[i] + result[i]) {
        windows--;
      }
      result[rank + i] += Math.max(0, (windows - 1) * stride[i] - free);
    }
    return result;
  }

  /** Whether begins equal ends and none is negative. */
  static boolean symmetric(long[] pads) {
    int rank = pads.length / 2;
    for (int i = 0; i < rank; i++) {
      if (pads[i] != pads[rank + i] || pads[i] < 0) {
        return false;
      }
    }
    return true;
  }

  static long[] begins(long[] pads) {
    return Arrays.copyOf(pads, pads.length / 2);
  }

  /** ONNX's begins and ends in the order of {@link Torch#pad}: last dim first, in pairs. */
  static long[] lastDimFirst(long[] pads) {
    int rank = pads.length / 2;
    long[] result = new long[pads.length];
    for (int i = 0; i < rank; i++) {
      result[2 * (rank - 1 - i)] = pads[i];
      result[2 * (rank - 1 - i) + 1] = pads[rank + i];
    }
    return result;
  }

  static long[] filled(int rank, long value) {
    long[] result = new long[rank];
    Arrays.fill(result, value);
    return result;
  }
}
