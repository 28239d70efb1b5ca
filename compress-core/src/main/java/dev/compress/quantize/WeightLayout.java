package dev.compress.quantize;

import dev.compress.tensor.Shape;
import java.util.Objects;

/**
 * How the weight of a linear layer lies in its array: which element joins which output channel with
 * which input channel. One view for Conv, ConvTranspose, MatMul and Gemm, so that no method has to
 * know the operator. An output channel sees the input channels of its own group only.
 *
 * @param groups number of groups, 1 for all but grouped convolutions
 * @param outPerGroup output channels of a group
 * @param inPerGroup input channels of a group
 * @param kernel elements that join one pair of channels, side by side
 * @param outStride distance of two output channels of a group
 * @param inStride distance of two input channels of a group
 */
public record WeightLayout(
    int groups, int outPerGroup, int inPerGroup, int kernel, int outStride, int inStride) {
  /** Checks the sizes. */
  public WeightLayout {
    if (groups < 1 || outPerGroup < 1 || inPerGroup < 1 || kernel < 1) {
      throw new IllegalArgumentException("Empty weight");
    }
    long size = (long) groups * outPerGroup * inPerGroup * kernel;
    if (size > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(size + " elements do not fit one array");
    }
  }

  /** Conv: {@code [out, in / group, kernel...]}. */
  public static WeightLayout convolution(Shape shape, int group) {
    int out = channels(shape, 0, group);
    int in = channels(shape, 1, 1);
    int kernel = kernel(shape);
    return new WeightLayout(group, out / group, in, kernel, in * kernel, kernel);
  }

  /** ConvTranspose: {@code [in, out / group, kernel...]}. */
  public static WeightLayout transposedConvolution(Shape shape, int group) {
    int in = channels(shape, 0, group);
    int out = channels(shape, 1, 1);
    int kernel = kernel(shape);
    return new WeightLayout(group, out, in / group, kernel, kernel, out * kernel);
  }

  /** MatMul, Gemm: {@code [in, out]}. */
  public static WeightLayout matrix(Shape shape) {
    int in = channels(shape, 0, 1);
    int out = channels(shape, 1, 1);
    return new WeightLayout(1, out, in, 1, 1, out);
  }

  /** Gemm with {@code transB}: {@code [out, in]}. */
  public static WeightLayout transposedMatrix(Shape shape) {
    return convolution(shape, 1);
  }

  private static int channels(Shape shape, int axis, int group) {
    if (shape.rank() < 2 || group < 1 || shape.dim(axis) % group != 0) {
      throw new IllegalArgumentException(
          "A weight of shape " + shape + " does not divide into " + group + " groups");
    }
    return Math.toIntExact(shape.dim(axis));
  }

  private static int kernel(Shape shape) {
    long kernel = 1;
    for (int axis = 2; axis < shape.rank(); axis++) {
      kernel *= shape.dim(axis);
    }
    return Math.toIntExact(kernel);
  }

  /** All output channels. */
  public int outChannels() {
    return groups * outPerGroup;
  }

  /** All input channels. */
  public int inChannels() {
    return groups * inPerGroup;
  }

  /** Elements that make one output channel. */
  public int rowLength() {
    return inPerGroup * kernel;
  }

  /** All elements. */
  public int size() {
    return outChannels() * rowLength();
  }

  /**
   * The place of an element.
   *
   * @param out output channel, of all
   * @param in input channel of its group
   * @param k element of the kernel
   */
  public int index(int out, int in, int k) {
    return out / outPerGroup * (outPerGroup * rowLength())
        + out % outPerGroup * outStride
        + in * inStride
        + k;
  }

  /**
   * The elements of one output channel, by input channel and then kernel: the order of im2col.
   *
   * @param weights the weight
   * @param out output channel, of all
   * @param row where to; {@link #rowLength} values
   * @param at the first index to write
   */
  public void readRow(float[] weights, int out, float[] row, int at) {
    Objects.checkIndex(out, outChannels());
    for (int in = 0; in < inPerGroup; in++) {
      System.arraycopy(weights, index(out, in, 0), row, at + in * kernel, kernel);
    }
  }

  /** The same for codes of one byte. */
  public void readRow(byte[] codes, int out, byte[] row, int at) {
    Objects.checkIndex(out, outChannels());
    for (int in = 0; in < inPerGroup; in++) {
      System.arraycopy(codes, index(out, in, 0), row, at + in * kernel, kernel);
    }
  }

  /** The reverse of {@link #readRow} for codes of one byte. */
  public void writeRow(byte[] row, int from, int out, byte[] codes) {
    Objects.checkIndex(out, outChannels());
    for (int in = 0; in < inPerGroup; in++) {
      System.arraycopy(row, from + in * kernel, codes, index(out, in, 0), kernel);
    }
  }

  /** The reverse of {@link #readRow}. */
  public void writeRow(float[] row, int from, int out, float[] weights) {
    Objects.checkIndex(out, outChannels());
    for (int in = 0; in < inPerGroup; in++) {
      System.arraycopy(row, from + in * kernel, weights, index(out, in, 0), kernel);
    }
  }

  /**
   * The codes of one output channel by kernel position and then input channel: the order in which
   * integer kernels walk a convolution.
   *
   * @param codes of the whole weight
   * @param out output channel, of all
   * @param row where to; {@link #rowLength} codes
   * @param at the first index to write
   */
  public void readRowChannelsLast(byte[] codes, int out, byte[] row, int at) {
    Objects.checkIndex(out, outChannels());
    for (int k = 0; k < kernel; k++) {
      for (int in = 0; in < inPerGroup; in++) {
        row[at + k * inPerGroup + in] = codes[index(out, in, k)];
      }
    }
  }

  /**
   * The largest magnitude that joins each output channel with each input channel.
   *
   * @param weights the weight
   * @return {@code [out channels, in channels of a group]}
   */
  public float[] pairAbsMax(float[] weights) {
    check(weights);
    float[] largest = new float[outChannels() * inPerGroup];
    for (int out = 0; out < outChannels(); out++) {
      for (int in = 0; in < inPerGroup; in++) {
        largest[out * inPerGroup + in] = kernelAbsMax(weights, out, in);
      }
    }
    return largest;
  }

  /** The largest magnitude of each input channel, over all outputs that see it. */
  public float[] inputAbsMax(float[] weights) {
    check(weights);
    float[] largest = new float[inChannels()];
    for (int out = 0; out < outChannels(); out++) {
      int firstIn = out / outPerGroup * inPerGroup;
      for (int in = 0; in < inPerGroup; in++) {
        largest[firstIn + in] = Math.max(largest[firstIn + in], kernelAbsMax(weights, out, in));
      }
    }
    return largest;
  }

  /** The largest magnitude of each output channel. */
  public float[] outputAbsMax(float[] weights) {
    check(weights);
    float[] largest = new float[outChannels()];
    for (int out = 0; out < outChannels(); out++) {
      for (int in = 0; in < inPerGroup; in++) {
        largest[out] = Math.max(largest[out], kernelAbsMax(weights, out, in));
      }
    }
    return largest;
  }

  private float kernelAbsMax(float[] weights, int out, int in) {
    int first = index(out, in, 0);
    float largest = 0;
    for (int k = first; k < first + kernel; k++) {
      largest = Math.max(largest, Math.abs(weights[k]));
    }
    return largest;
  }

  /**
   * A weight with its channels scaled: {@code w * outputFactors[out] * inputFactors[in]}.
   *
   * @param weights the weight, left as it is
   * @param outputFactors one an output channel
   * @param inputFactors one an input channel
   */
  public float[] scaled(float[] weights, float[] outputFactors, float[] inputFactors) {
    check(weights);
    if (outputFactors.length != outChannels() || inputFactors.length != inChannels()) {
      throw new IllegalArgumentException(
          outputFactors.length + " and " + inputFactors.length + " factors for " + this);
    }
    float[] scaled = new float[weights.length];
    for (int out = 0; out < outChannels(); out++) {
      int firstIn = out / outPerGroup * inPerGroup;
      for (int in = 0; in < inPerGroup; in++) {
        double factor = (double) outputFactors[out] * inputFactors[firstIn + in];
        int first = index(out, in, 0);
        for (int k = first; k < first + kernel; k++) {
          scaled[k] = (float) (weights[k] * factor);
        }
      }
    }
    return scaled;
  }

  private void check(float[] weights) {
    if (weights.length != size()) {
      throw new IllegalArgumentException(weights.length + " weights for " + this);
    }
  }
}
