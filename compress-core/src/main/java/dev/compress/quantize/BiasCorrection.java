package dev.compress.quantize;

/**
 * Rounding a weight shifts the mean of the layer's outputs; the shift is known, and adding it to
 * the bias undoes it.
 *
 * <p>Nagel, van Baalen, Blankevoort, Welling: Data-Free Quantization Through Weight Equalization
 * and Bias Correction (ICCV 2019), section 4.2.
 */
public final class BiasCorrection {
  private BiasCorrection() {}

  /**
   * {@code E[W x] - E[Wq x] = (W - Wq) E[x]} per output channel, to be added to the bias. For a
   * convolution the mean of an input channel stands for all positions of the kernel, which ignores
   * the padding at the borders.
   *
   * @param layout how the weight lies
   * @param weights W
   * @param quantized Wq, dequantized, in the same order
   * @param inputMean E[x] of each input channel
   * @return one value an output channel
   */
  public static double[] expectedShift(
      WeightLayout layout, float[] weights, float[] quantized, double[] inputMean) {
    if (weights.length != layout.size()
        || quantized.length != layout.size()
        || inputMean.length != layout.inChannels()) {
      throw new IllegalArgumentException(
          weights.length
              + " weights, "
              + quantized.length
              + " quantized, "
              + inputMean.length
              + " means for "
              + layout);
    }
    double[] shift = new double[layout.outChannels()];
    for (int out = 0; out < shift.length; out++) {
      int firstIn = out / layout.outPerGroup() * layout.inPerGroup();
      double sum = 0;
      for (int in = 0; in < layout.inPerGroup(); in++) {
        int first = layout.index(out, in, 0);
        double difference = 0;
        for (int k = first; k < first + layout.kernel(); k++) {
          difference += (double) weights[k] - quantized[k];
        }
        sum += difference * inputMean[firstIn + in];
      }
      shift[out] = sum;
    }
    return shift;
  }

  /**
   * The observed shift: mean of the float output minus mean of the quantized output, per channel.
   * It also holds what the rounding of the activations and the layers before have shifted.
   */
  public static double[] observedShift(double[] floatMean, double[] quantizedMean) {
    if (floatMean.length != quantizedMean.length) {
      throw new IllegalArgumentException(
          floatMean.length + " and " + quantizedMean.length + " channels");
    }
    double[] shift = new double[floatMean.length];
    for (int c = 0; c < shift.length; c++) {
      shift[c] = floatMean[c] - quantizedMean[c];
    }
    return shift;
  }

  /**
   * A bias with the shift added.
   *
   * @param bias one value a channel; empty if the layer has none
   * @param shift one value a channel
   */
  public static float[] corrected(float[] bias, double[] shift) {
    if (bias.length != 0 && bias.length != shift.length) {
      throw new IllegalArgumentException(bias.length + " biases, " + shift.length + " channels");
    }
    float[] corrected = new float[shift.length];
    for (int c = 0; c < shift.length; c++) {
      corrected[c] = (float) ((bias.length == 0 ? 0 : bias[c]) + shift[c]);
    }
    return corrected;
  }
}
