package dev.compress.quantize;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Cross-layer equalization: moves scale between neighbouring layers, channel by channel, so that
 * the channels of each weight (and of the activation between) become equally large and a common
 * scale serves them all.
 *
 * <p>Where {@code f(s x) = s f(x)} for {@code s > 0} (nothing, ReLU, LeakyReLU, PReLU between the
 * layers; not Clip, and nobody else reading the activation), {@code W2 f(W1 x + b1) = (W2 S) f(S^-1
 * W1 x + S^-1 b1)} with {@code S = diag(s)}. The choice {@code s_i = sqrt(r1_i r2_i) / r2_i}, with
 * the ranges {@code r1_i} of row i of W1 and {@code r2_i} of column i of W2, makes both equal. In a
 * chain of layers this is repeated until nothing moves.
 *
 * <p>Nagel, van Baalen, Blankevoort, Welling: Data-Free Quantization Through Weight Equalization
 * and Bias Correction (ICCV 2019).
 *
 * @param rounds the most passes over a chain
 * @param maxScale scales stay within {@code [1 / maxScale, maxScale]}: dead channels must not send
 *     their neighbours to the ends of float32
 */
public record CrossLayerEqualization(int rounds, float maxScale) {
  /** A pass that changes no scale by more than this factor is the last. */
  private static final double CONVERGED = 1e-4;

  /** The usual settings. */
  public static final CrossLayerEqualization DEFAULT = new CrossLayerEqualization(40, 1e4f);

  /** Checks the settings. */
  public CrossLayerEqualization {
    if (rounds < 1 || !(maxScale >= 1) || Float.isInfinite(maxScale)) {
      throw new IllegalArgumentException("rounds " + rounds + ", max scale " + maxScale);
    }
  }

  /**
   * A layer of a chain.
   *
   * @param layout how its weight lies
   * @param weights its weight; read only
   */
  @SuppressWarnings("ArrayRecordComponent") // a large array, handed through to be read once
  public record Layer(WeightLayout layout, float[] weights) {}

  /**
   * The scales between the layers of a chain.
   *
   * @param chain at least two layers; the output channels of each are the input channels of the
   *     next
   * @return for each pair of neighbours, s per channel: divide the outputs of the first layer and
   *     its bias by it, multiply the inputs of the second with it; 1 where nothing is to be gained
   */
  public List<float[]> scales(List<Layer> chain) {
    List<float[]> scales = new ArrayList<>();
    List<float[]> pairs = new ArrayList<>();
    for (int i = 0; i < chain.size(); i++) {
      WeightLayout layout = chain.get(i).layout();
      pairs.add(layout.pairAbsMax(chain.get(i).weights()));
      if (i > 0) {
        int channels = chain.get(i - 1).layout().outChannels();
        if (channels != layout.inChannels()) {
          throw new IllegalArgumentException(
              "Layer "
                  + (i - 1)
                  + " has "
                  + channels
                  + " outputs, the next "
                  + layout.inChannels()
                  + " inputs");
        }
        float[] ones = new float[channels];
        Arrays.fill(ones, 1f);
        scales.add(ones);
      }
    }
    for (int round = 0; round < rounds; round++) {
      double change = 0;
      for (int i = 0; i + 1 < chain.size(); i++) {
        float[] before = i > 0 ? scales.get(i - 1) : new float[0];
        float[] after = i + 1 < scales.size() ? scales.get(i + 1) : new float[0];
        double[] r1 = rowRanges(chain.get(i).layout(), pairs.get(i), before);
        double[] r2 = columnRanges(chain.get(i + 1).layout(), pairs.get(i + 1), after);
        change = Math.max(change, update(scales.get(i), r1, r2));
      }
      if (change < CONVERGED) {
        break;
      }
    }
    return scales;
  }

  /** Ranges of the rows, inputs being multiplied with {@code inputScales} (empty: with 1). */
  private static double[] rowRanges(WeightLayout layout, float[] pairs, float[] inputScales) {
    double[] ranges = new double[layout.outChannels()];
    int width = layout.inPerGroup();
    for (int out = 0; out < ranges.length; out++) {
      int firstIn = out / layout.outPerGroup() * width;
      for (int in = 0; in < width; in++) {
        double scale = inputScales.length == 0 ? 1 : inputScales[firstIn + in];
        ranges[out] = Math.max(ranges[out], pairs[out * width + in] * scale);
      }
    }
    return ranges;
  }

  /** Ranges of the columns, outputs being divided by {@code outputScales} (empty: by 1). */
  private static double[] columnRanges(WeightLayout layout, float[] pairs, float[] outputScales) {
    double[] ranges = new double[layout.inChannels()];
    int width = layout.inPerGroup();
    for (int out = 0; out < layout.outChannels(); out++) {
      int firstIn = out / layout.outPerGroup() * width;
      double scale = outputScales.length == 0 ? 1 : outputScales[out];
      for (int in = 0; in < width; in++) {
        ranges[firstIn + in] = Math.max(ranges[firstIn + in], pairs[out * width + in] / scale);
      }
    }
    return ranges;
  }

  /** {@code s = sqrt(r1 r2) / r2 = sqrt(r1 / r2)}; r1 and r2 do not contain s itself. */
  private double update(float[] scales, double[] r1, double[] r2) {
    double change = 0;
    for (int c = 0; c < scales.length; c++) {
      double wanted = Math.sqrt(r1[c] / r2[c]);
      // A dead channel on either side (0 / 0, x / 0) has nothing to share.
      double scale =
          r1[c] > 0 && r2[c] > 0 && Double.isFinite(wanted)
              ? Math.min(Math.max(wanted, 1 / maxScale), maxScale)
              : 1;
      change = Math.max(change, Math.abs(Math.log(scale / scales[c])));
      scales[c] = (float) scale;
    }
    return change;
  }
}
