package dev.compress.quantize;

import java.util.Arrays;

/**
 * Cuts the input of a convolution into the rows that its weight is multiplied with (im2col): for
 * each output position the values under the kernel, by input channel and then kernel position, as
 * {@link WeightLayout#readRow} orders the weight. Positions in the padding are zero. Any number of
 * spatial dims. Immutable.
 */
public final class PatchReader {
  private final int[] input;
  private final int[] kernel;
  private final int[] strides;
  private final int[] pads;
  private final int[] dilations;
  private final int[] output;

  /**
   * A reader for one shape of input.
   *
   * @param input spatial dims of the input
   * @param kernel spatial dims of the kernel
   * @param strides one a dim
   * @param pads all begins, then all ends, as ONNX orders them
   * @param dilations one a dim
   */
  public PatchReader(int[] input, int[] kernel, int[] strides, int[] pads, int[] dilations) {
    int rank = input.length;
    if (kernel.length != rank
        || strides.length != rank
        || dilations.length != rank
        || pads.length != 2 * rank) {
      throw new IllegalArgumentException("The attributes do not fit " + rank + " spatial dims");
    }
    this.input = input.clone();
    this.kernel = kernel.clone();
    this.strides = strides.clone();
    this.pads = pads.clone();
    this.dilations = dilations.clone();
    this.output = new int[rank];
    for (int d = 0; d < rank; d++) {
      int reach = dilations[d] * (kernel[d] - 1) + 1;
      int span = input[d] + pads[d] + pads[rank + d] - reach;
      output[d] = span < 0 ? 0 : span / strides[d] + 1;
    }
  }

  /** Output positions of one sample. */
  public int positions() {
    return product(output);
  }

  /** Kernel positions. */
  public int kernelSize() {
    return product(kernel);
  }

  private static int product(int[] dims) {
    int product = 1;
    for (int dim : dims) {
      product = Math.multiplyExact(product, dim);
    }
    return product;
  }

  /**
   * Reads the patch of one output position.
   *
   * @param values one or more samples, {@code [channels, spatial...]} each
   * @param from where the first channel that is wanted starts
   * @param channels how many channels: those of one group
   * @param position output position, in row-major order
   * @param patch where to; {@code channels * kernelSize} values
   * @param at the first index to write
   */
  public void read(float[] values, int from, int channels, int position, float[] patch, int at) {
    int rank = input.length;
    int area = product(input);
    int size = kernelSize();
    int[] corner = new int[rank];
    int rest = position;
    for (int d = rank - 1; d >= 0; d--) {
      corner[d] = rest % output[d] * strides[d] - pads[d];
      rest /= output[d];
    }
    int[] tap = new int[rank];
    for (int k = 0; k < size; k++) {
      int place = 0;
      boolean inside = true;
      for (int d = 0; d < rank; d++) {
        int x = corner[d] + tap[d] * dilations[d];
        inside &= x >= 0 && x < input[d];
        place = place * input[d] + x;
      }
      for (int c = 0; c < channels; c++) {
        patch[at + c * size + k] = inside ? values[from + c * area + place] : 0f;
      }
      for (int d = rank - 1; d >= 0 && ++tap[d] == kernel[d]; d--) {
        tap[d] = 0;
      }
    }
  }

  @Override
  public String toString() {
    return "PatchReader[" + Arrays.toString(input) + " -> " + Arrays.toString(output) + "]";
  }
}
