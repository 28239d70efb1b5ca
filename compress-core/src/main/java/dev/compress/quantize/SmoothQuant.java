package dev.compress.quantize;

/**
 * SmoothQuant: divides the input channels of a matrix product by s and multiplies the rows of the
 * weight with it, so that outlier channels of the activation become small enough to share one
 * scale: {@code Y = (X diag(s)^-1) (diag(s) W)}, {@code s_j = max|X_j|^alpha / max|W_j|^(1 -
 * alpha)}.
 *
 * <p>The division is folded into what makes X (a LayerNormalization's scale and bias, a preceding
 * linear layer). Where several weights read the same X, the largest magnitude over all of them
 * counts.
 *
 * <p>Xiao, Lin, Seznec, Wu, Demouth, Han: SmoothQuant (ICML 2023, arXiv 2211.10438).
 *
 * @param alpha how much of the difficulty moves into the weight: 0 nothing, 1 all; usually 0.5
 */
public record SmoothQuant(double alpha) {
  private static final double MIN_SCALE = 1e-5;
  private static final double MAX_SCALE = 1e5;

  /** Half of the difficulty each. */
  public static final SmoothQuant DEFAULT = new SmoothQuant(0.5);

  /** Checks alpha. */
  public SmoothQuant {
    if (!(alpha >= 0 && alpha <= 1)) {
      throw new IllegalArgumentException("alpha lies between 0 and 1, not " + alpha);
    }
  }

  /**
   * The scales.
   *
   * @param activationAbsMax largest magnitude of each input channel of the activation
   * @param weightAbsMax largest magnitude of each input channel of the weight ({@link
   *     WeightLayout#inputAbsMax})
   * @return s per channel: divide the activation by it, multiply the weight with it; 1 where either
   *     is zero or not finite
   */
  public float[] scales(float[] activationAbsMax, float[] weightAbsMax) {
    if (activationAbsMax.length != weightAbsMax.length) {
      throw new IllegalArgumentException(
          activationAbsMax.length
              + " channels of the activation, "
              + weightAbsMax.length
              + " of the weight");
    }
    float[] scales = new float[activationAbsMax.length];
    for (int j = 0; j < scales.length; j++) {
      double x = activationAbsMax[j];
      double w = weightAbsMax[j];
      double scale = Math.pow(x, alpha) / Math.pow(w, 1 - alpha);
      boolean usable = x > 0 && w > 0 && x <= Float.MAX_VALUE && w <= Float.MAX_VALUE;
      scales[j] = usable ? (float) Math.min(Math.max(scale, MIN_SCALE), MAX_SCALE) : 1f;
    }
    return scales;
  }
}
