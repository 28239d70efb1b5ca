package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Convolutions over one to three dims. */
final class ConvolutionOperators {
  private ConvolutionOperators() {}

  static void register(OperatorRegistry registry) {
    registry.single("Conv", ConvolutionOperators::convolution);
    registry.single("ConvTranspose", ConvolutionOperators::transposed);
  }

  private static Operator.Single convolution(NodeReader node) {
    Window window = Window.of(node);
    int groups = node.intOf("group", 1);
    return in -> {
      NDArray x = in.get(0);
      NDArray weight = in.get(1);
      long[] kernel = Dims.spatial(weight);
      int rank = kernel.length;
      long[] pads = window.pads(Dims.spatial(x), kernel);
      long[] both = Window.begins(pads);
      if (!Window.symmetric(pads)) {
        x = Torch.pad(x, Window.lastDimFirst(pads), 0);
        both = new long[rank];
      }
      return Torch.convolution(
          arrays(x, weight, in), window.strides(rank), both, window.dilations(rank), groups);
    };
  }

  private static NDList arrays(NDArray x, NDArray weight, Arguments in) {
    return in.has(2) ? new NDList(x, weight, in.get(2)) : new NDList(x, weight);
  }

  /**
   * A transposed convolution as a plain one, since the native one has no gradient here: strides
   * become zeros between the input's elements, the kernel is mirrored, and what the pads of the
   * plain convolution take away is padded.
   */
  private static Operator.Single transposed(NodeReader node) {
    Window window = Window.of(node);
    int groups = node.intOf("group", 1);
    return in -> {
      NDArray x = in.get(0);
      NDArray weight = in.get(1);
      long[] kernel = Dims.spatial(weight);
      int rank = kernel.length;
      long[] strides = window.strides(rank);
      long[] dilations = window.dilations(rank);
      long[] extra = node.ints("output_padding").orElseGet(() -> new long[rank]);
      long[] size = Dims.spatial(x);
      long[] pads = transposedPads(node, window, size, kernel, extra);
      long[] margins = new long[2 * rank];
      for (int i = 0; i < rank; i++) {
        long full = dilations[i] * (kernel[i] - 1);
        margins[i] = full - pads[i];
        // spread() leaves stride - 1 zeros after the last element
        margins[rank + i] = full - pads[rank + i] + extra[i] - (strides[i] - 1);
      }
      NDArray spread = Torch.pad(spread(x, strides), Window.lastDimFirst(margins), 0);
      return Torch.convolution(
          arrays(spread, mirrored(weight, groups), in),
          Window.filled(rank, 1),
          new long[rank],
          dilations,
          groups);
    };
  }

  private static long[] transposedPads(
      NodeReader node, Window window, long[] size, long[] kernel, long[] extra) {
    int rank = size.length;
    long @Nullable [] wanted = node.ints("output_shape").orElse(null);
    boolean same = window.autoPad().startsWith("SAME_");
    if (wanted == null && !same) {
      return window.pads(size, kernel);
    }
    long[] strides = window.strides(rank);
    long[] dilations = window.dilations(rank);
    long[] result = new long[2 * rank];
    for (int i = 0; i < rank; i++) {
      long output = wanted == null ? size[i] * strides[i] : wanted[wanted.length - rank + i];
      long extent = dilations[i] * (kernel[i] - 1) + 1;
      long total = strides[i] * (size[i] - 1) + extra[i] + extent - output;
      // what an output shape wants beyond the windows is added at the end, as ONNX Runtime does it
      long smaller = Math.max(0, total) / 2;
      boolean upper = window.autoPad().equals("SAME_UPPER");
      result[i] = upper ? smaller : Math.max(0, total) - smaller;
      result[rank + i] = total - result[i];
    }
    return result;
  }

  /** Each element followed by stride - 1 zeros in each dim. */
  private static NDArray spread(NDArray x, long[] strides) {
    if (Arrays.stream(strides).allMatch(stride -> stride == 1)) {
      return x;
    }
    int rank = strides.length;
    long[] dims = Dims.of(x);
    long[] apart = new long[2 + 2 * rank];
    long[] together = dims.clone();
    long[] pads = new long[4 * rank];
    apart[0] = dims[0];
    apart[1] = dims[1];
    for (int i = 0; i < rank; i++) {
      apart[2 + 2 * i] = dims[2 + i];
      apart[3 + 2 * i] = 1;
      together[2 + i] = dims[2 + i] * strides[i];
      // in the order of Torch.pad, the last dim comes first: (1, size) pairs from the end
      pads[4 * (rank - 1 - i) + 1] = strides[i] - 1;
    }
    return Torch.pad(x.reshape(apart), pads, 0).reshape(together);
  }

  /** [in, out / groups, k...] as [out, in / groups, k...], the kernel mirrored. */
  private static NDArray mirrored(NDArray weight, int groups) {
    long[] dims = Dims.of(weight);
    int rank = dims.length - 2;
    long[] split = new long[dims.length + 1];
    split[0] = groups;
    split[1] = dims[0] / groups;
    System.arraycopy(dims, 1, split, 2, dims.length - 1);
    int[] order = new int[dims.length + 1];
    long[] joined = dims.clone();
    joined[0] = groups * dims[1];
    joined[1] = dims[0] / groups;
    long[] mirror = new long[rank];
    for (int i = 0; i < rank; i++) {
      mirror[i] = 2L + i;
      order[3 + i] = 3 + i;
    }
    order[1] = 2;
    order[2] = 1;
    return Torch.flip(weight.reshape(split).transpose(order).reshape(joined), mirror);
  }
}
