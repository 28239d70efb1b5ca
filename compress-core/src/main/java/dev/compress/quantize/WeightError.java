package dev.compress.quantize;

import dev.compress.tensor.FloatReader;

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
    double[] shift = new double[layout.channels()];
    boolean conv = pattern.node().is("Conv");
    long kernel = pattern.kernelVolume();
    long perGroup = conv ? pattern.tensor().shape().dim(1) : 0;
    long outputsPerGroup = layout.channels() / pattern.groups();
    FloatReader reader = new FloatReader(pattern.tensor());
    float[] values = new float[PIECE];
    byte[] q = new byte[PIECE];
    for (long from = 0; from < layout.size(); from += PIECE) {
      int n = (int) Math.min(PIECE, layout.size() - from);
      reader.read(from, values, 0, n);
      codes.codes().data().read(from, java.nio.ByteBuffer.wrap(q, 0, n));
      for (int i = 0; i < n; i++) {
        long at = from + i;
        int output = (int) (at / layout.inner() % layout.channels());
        long input;
        if (conv) {
          input = output / outputsPerGroup * perGroup + at / kernel % perGroup;
        } else {
          input = layout.inner() == 1 ? at / layout.channels() : at % layout.inner();
        }
        shift[output] +=
            ((double) values[i] - (double) q[i] * codes.scales()[output]) * inputMeans[(int) input];
      }
    }
    return shift;
  }
}
