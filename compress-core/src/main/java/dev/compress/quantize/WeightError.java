package dev.compress.quantize;

import dev.compress.tensor.FloatReader;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

/**
 * What rounding a weight does to its layer's mean output, which the bias can take back (Nagel et
 * al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019): {@code
 * shift_o = sum_k (W_ok - Wq_ok) E[x_k]}.
 */
final class WeightError {
  private static final int PIECE = 1 << 16;

  private WeightError() {}

  /**
   * The mean of the float output minus the mean of the quantized one, by output channel.
   *
   * @param pattern the layer
   * @param codes its quantized weight
   * @param inputMeans mean of each input channel
   * @return one shift an output channel, to add to the bias
   */
  static double[] expectedOutputShift(NodePattern pattern, WeightCodes codes, double[] inputMeans) {
    ChannelLayout layout = ChannelLayout.of(pattern.tensor().shape(), pattern.outputAxis());
    int channels = layout.channels();
    double[] shift = new double[channels];
    int inner = Math.toIntExact(layout.inner());
    // A row holds the weights of one output side by side, or one weight of each output.
    int length = inner == 1 ? channels : inner;
    long rows = layout.size() / length;
    int atOnce = Math.max(1, PIECE / length);
    IntFunction<Means> means = means(pattern, channels, inputMeans);
    FloatReader reader = new FloatReader(pattern.tensor());
    float[] values = new float[atOnce * length];
    byte[] q = new byte[atOnce * length];
    for (long row = 0; row < rows; row += atOnce) {
      int count = (int) Math.min(atOnce, rows - row);
      reader.read(row * length, values, 0, count * length);
      codes.codes().data().read(row * length, ByteBuffer.wrap(q, 0, count * length));
      for (int r = 0; r < count; r++) {
        int from = r * length;
        if (inner == 1) {
          double mean = inputMeans[(int) (row + r)];
          for (int c = 0; c < channels; c++) {
            shift[c] +=
                ((double) values[from + c] - (double) q[from + c] * codes.scales()[c]) * mean;
          }
        } else {
          int output = (int) ((row + r) % channels);
          shift[output] +=
              rowShift(values, q, from, length, codes.scales()[output], means.apply(output));
        }
      }
    }
    return shift;
  }

  /** Collects the shifts of a layer while its weight is quantized row by row. */
  static final class RowShifts implements RowQuantizer.Visitor {
    private final long elements;
    private final IntFunction<Means> means;
    private final double[] shift;
    private final AtomicInteger seen = new AtomicInteger();

    RowShifts(NodePattern pattern, double[] inputMeans) {
      this.elements = pattern.tensor().elementCount();
      this.shift =
          new double[ChannelLayout.of(pattern.tensor().shape(), pattern.outputAxis()).channels()];
      this.means = means(pattern, shift.length, inputMeans);
    }

    @Override
    public void block(int first, float[] values, byte[] codes, float[] scales) {
      int length = Math.toIntExact(elements / shift.length);
      for (int row = 0; row < scales.length; row++) {
        int output = first + row;
        shift[output] =
            rowShift(values, codes, row * length, length, scales[row], means.apply(output));
      }
      seen.addAndGet(scales.length);
    }

    /** The shifts; empty if the weight was not quantized row by row. */
    Optional<double[]> shifts() {
      return seen.get() == shift.length ? Optional.of(shift) : Optional.empty();
    }
  }

  /** Where an output's row finds the means of its inputs: kernel positions share one. */
  @SuppressWarnings("ArrayRecordComponent") // compared nowhere
  private record Means(double[] all, int from, int kernel) {}

  private static IntFunction<Means> means(NodePattern pattern, int channels, double[] all) {
    if (!pattern.node().is("Conv")) {
      Means same = new Means(all, 0, 1);
      return output -> same;
    }
    int perGroup = Math.toIntExact(pattern.tensor().shape().dim(1));
    int kernel = Math.toIntExact(pattern.kernelVolume());
    int outputsPerGroup = Math.toIntExact(channels / pattern.groups());
    return output -> new Means(all, output / outputsPerGroup * perGroup, kernel);
  }

  private static double rowShift(
      float[] values, byte[] q, int from, int length, float scale, Means means) {
    double shift = 0;
    int i = from;
    if (means.kernel() == 1) { // the same sums, without a loop of one round
      double[] all = means.all();
      for (int input = means.from() - from; i < from + length; i++) {
        shift += ((double) values[i] - (double) q[i] * scale) * all[input + i];
      }
      return shift;
    }
    for (int input = means.from(); i < from + length; input++) {
      double error = 0;
      for (int end = i + means.kernel(); i < end; i++) {
        error += (double) values[i] - (double) q[i] * scale;
      }
      shift += error * means.all()[input];
    }
    return shift;
  }
}
