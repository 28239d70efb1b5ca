package dev.compress.quantize;

import java.util.Arrays;

/**
 * The scales of symmetric weights from their magnitudes.
 *
 * <p>A channel of zeros gets the smallest scale of the other channels: any scale represents its
 * weights, but the bias of the layer is stored in steps of input scale times weight scale and would
 * lose its precision with a large one.
 */
public final class WeightScales {
  private WeightScales() {}

  /**
   * {@code absMax / limit} per channel.
   *
   * @param absMax the largest magnitude per channel, finite
   * @param limit the outermost code, such as 127 or 63
   * @return one scale a channel, each a positive, normal float
   */
  public static float[] symmetric(float[] absMax, int limit) {
    float[] scales = new float[absMax.length];
    float smallest = Float.POSITIVE_INFINITY;
    for (int c = 0; c < scales.length; c++) {
      scales[c] = AffineParameters.symmetricScale(absMax[c], limit);
      if (absMax[c] > 0) {
        smallest = Math.min(smallest, scales[c]);
      }
    }
    for (int c = 0; c < scales.length; c++) {
      if (absMax[c] == 0 && Float.isFinite(smallest)) {
        scales[c] = smallest;
      }
    }
    return scales;
  }

  /** The one scale where all channels have the same, else each channel's. */
  static float[] withoutRepetition(float[] scales) {
    for (float scale : scales) {
      if (scale != scales[0]) {
        return scales;
      }
    }
    return scales.length > 1 ? new float[] {scales[0]} : scales;
  }

  /** One scale for all channels: that of the largest magnitude. */
  public static float[] perTensor(float[] absMax, int limit) {
    float largest = 0;
    for (float magnitude : absMax) {
      largest = Math.max(largest, magnitude);
    }
    float[] scales = new float[absMax.length];
    Arrays.fill(scales, AffineParameters.symmetricScale(largest, limit));
    return scales;
  }
}
