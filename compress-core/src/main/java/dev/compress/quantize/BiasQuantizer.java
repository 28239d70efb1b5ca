package dev.compress.quantize;

/**
 * Quantizes the bias of a layer to int32, in the steps of its accumulator: {@code scale =
 * inputScale * weightScale}, zero point 0.
 *
 * <p>Where a channel has small weights and a large bias, the code would not fit (and a wrapped bias
 * destroys the model). The weight scale of that channel is then raised until the code fits, with
 * room for the largest sum of products on top. That costs nothing visible: the weights that lose
 * precision are under a millionth of the bias.
 *
 * @param inputScale scale of the layer's input
 * @param products how many products are added up for one output
 */
public record BiasQuantizer(float inputScale, long products) {
  /** The largest product of an 8-bit activation and an 8-bit weight. */
  private static final long LARGEST_PRODUCT = 255L * 128L;

  /** Checks the settings. */
  public BiasQuantizer {
    if (!(inputScale > 0 && inputScale <= Float.MAX_VALUE) || products < 1) {
      throw new IllegalArgumentException("scale " + inputScale + ", " + products + " products");
    }
  }

  /** The largest bias code: what int32 holds, less the products; at least half of int32. */
  long limit() {
    long reach =
        products > Integer.MAX_VALUE / LARGEST_PRODUCT
            ? Integer.MAX_VALUE
            : products * LARGEST_PRODUCT;
    return Math.max(Integer.MAX_VALUE - reach, 1L << 30);
  }

  /**
   * Weight scales under which a bias fits; those that are large enough are left as they are.
   *
   * @param bias one value a channel, finite
   * @param weightScales one a channel, or a single one for the whole weight
   * @return as many scales as were given
   */
  public float[] raisedScales(float[] bias, float[] weightScales) {
    check(bias, weightScales);
    float[] raised = weightScales.clone();
    for (int c = 0; c < bias.length; c++) {
      int at = raised.length == 1 ? 0 : c;
      // The product, too, must be a normal number.
      double least = Math.max(Math.abs((double) bias[c]) / limit(), AffineParameters.MIN_SCALE);
      if (biasScale(raised[at]) < least) {
        raised[at] = Math.max(raised[at], (float) (least / inputScale));
        while (biasScale(raised[at]) < least && raised[at] < Float.MAX_VALUE) {
          raised[at] = Math.nextUp(raised[at]);
        }
      }
    }
    return raised;
  }

  /**
   * The codes {@code round(bias / (inputScale * weightScale))}.
   *
   * @param bias one value a channel
   * @param weightScales from {@link #raisedScales}
   */
  public int[] codes(float[] bias, float[] weightScales) {
    check(bias, weightScales);
    int[] codes = new int[bias.length];
    for (int c = 0; c < codes.length; c++) {
      double code =
          Math.rint(bias[c] / (double) biasScale(weightScales[weightScales.length == 1 ? 0 : c]));
      if (Math.abs(code) > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            "The bias " + bias[c] + " of channel " + c + " does not fit; raise the scales first");
      }
      codes[c] = (int) code;
    }
    return codes;
  }

  /**
   * The scales of the bias, as the float32 that is stored: {@code inputScale * weightScale}.
   *
   * @param weightScales from {@link #raisedScales}
   */
  public float[] scales(float[] weightScales) {
    float[] scales = new float[weightScales.length];
    for (int c = 0; c < scales.length; c++) {
      scales[c] = biasScale(weightScales[c]);
    }
    return scales;
  }

  private float biasScale(float weightScale) {
    return inputScale * weightScale;
  }

  private static void check(float[] bias, float[] weightScales) {
    if (weightScales.length != 1 && weightScales.length != bias.length) {
      throw new IllegalArgumentException(
          weightScales.length + " weight scales for a bias of " + bias.length);
    }
    for (int c = 0; c < bias.length; c++) {
      if (!Float.isFinite(bias[c])) {
        throw new IllegalArgumentException("The bias of channel " + c + " is " + bias[c]);
      }
    }
  }
}
