package dev.compress.quantize;

import dev.compress.calibrate.ValueRange;

/**
 * Scale and zero point of a tensor: {@code real = (code - zeroPoint) * scale}. Zero is always a
 * code, so padding and ReLU stay exact.
 *
 * @param scale the step, as the float32 that is stored; positive, finite and normal
 * @param zeroPoint the code of zero
 * @param type the type of the codes
 */
public record AffineParameters(float scale, int zeroPoint, QuantizedType type) {
  /**
   * The smallest scale that is used. Subnormal numbers are flushed to zero by some runtimes, and a
   * zero scale makes NaN; what is rounded away below this is under 1e-38.
   */
  public static final float MIN_SCALE = Float.MIN_NORMAL;

  /** Checks the parameters. */
  public AffineParameters {
    if (!(scale >= MIN_SCALE && scale <= Float.MAX_VALUE)) {
      throw new IllegalArgumentException("A scale is a positive, normal float, not " + scale);
    }
    if (zeroPoint < type.min() || zeroPoint > type.max()) {
      throw new IllegalArgumentException("Zero point " + zeroPoint + " is no code of " + type);
    }
  }

  /**
   * Parameters that spread all codes of a type over a range.
   *
   * <p>{@code scale = (high - low) / (max - min)}, {@code zeroPoint = round(min - low / scale)}. A
   * range that starts or ends at zero is never left: there the largest value that can be
   * represented is at most the given end, also in float32, because runtimes drop a Clip or ReLU
   * before the quantization only if that holds. The zero range gets scale 1.
   *
   * @param range what has to be represented
   * @param type the type of the codes
   */
  public static AffineParameters asymmetric(ValueRange range, QuantizedType type) {
    int steps = type.max() - type.min();
    if (range.isZero()) {
      return new AffineParameters(1f, type.isSigned() ? 0 : type.min(), type);
    }
    float scale = scaleOf(range.width() / steps);
    if (range.low() == 0f) {
      return new AffineParameters(notBeyond(scale, steps, range.high()), type.min(), type);
    }
    if (range.high() == 0f) {
      return new AffineParameters(notBeyond(scale, steps, -range.low()), type.max(), type);
    }
    double zeroPoint = type.min() + Math.rint(-range.low() / (double) scale);
    return new AffineParameters(scale, (int) Math.min(zeroPoint, type.max()), type);
  }

  private static float notBeyond(float scale, int steps, float end) {
    float adjusted = scale;
    while (adjusted * steps > end && adjusted > MIN_SCALE) {
      adjusted = Math.nextDown(adjusted);
    }
    return adjusted;
  }

  /**
   * Parameters with zero in the middle of the codes and as many steps below as above.
   *
   * @param range its larger magnitude is what the outermost codes stand for
   * @param type the type of the codes
   */
  public static AffineParameters symmetric(ValueRange range, QuantizedType type) {
    float scale = symmetricScale(range.absMax(), type.symmetricLimit());
    return new AffineParameters(scale, type.middle(), type);
  }

  /**
   * {@code absMax / limit} as a float that can be stored; 1 where {@code absMax} is zero.
   *
   * @param absMax the magnitude that the outermost code stands for; finite
   * @param limit the outermost code, such as 127, or 63 for seven bits
   */
  public static float symmetricScale(float absMax, int limit) {
    if (!(absMax >= 0 && absMax <= Float.MAX_VALUE) || limit < 1) {
      throw new IllegalArgumentException("No scale for magnitude " + absMax + " over " + limit);
    }
    return absMax == 0f ? 1f : scaleOf((double) absMax / limit);
  }

  private static float scaleOf(double step) {
    return Math.max((float) step, MIN_SCALE);
  }

  /** Whether the zero point is the middle of the codes. */
  public boolean isSymmetric() {
    return zeroPoint == type.middle();
  }

  /** The values of the outermost codes. */
  public ValueRange range() {
    return ValueRange.covering(
        (double) scale * (type.min() - zeroPoint), (double) scale * (type.max() - zeroPoint));
  }

  /**
   * The code of a value: {@code round(value / scale) + zeroPoint}, ties to even, the division in
   * float32 as ONNX defines it, cut to the codes of the type; the zero point for NaN.
   */
  public int quantize(float value) {
    if (Float.isNaN(value)) {
      return zeroPoint;
    }
    double code = Math.rint(value / scale) + zeroPoint;
    return (int) Math.max(type.min(), Math.min(type.max(), code));
  }

  /** The value of a code, computed in float32 as ONNX defines it. */
  public float dequantize(int code) {
    return (code - zeroPoint) * scale;
  }
}
