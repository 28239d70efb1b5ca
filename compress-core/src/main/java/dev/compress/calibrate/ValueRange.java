package dev.compress.calibrate;

/**
 * The closed interval of real values that a quantized tensor has to represent. It always contains
 * zero, because padding and ReLU produce exact zeros which must survive quantization.
 *
 * @param low the lower end, finite, at most 0
 * @param high the upper end, finite, at least 0
 */
public record ValueRange(float low, float high) {
  /** The range that holds nothing but zero. */
  public static final ValueRange ZERO = new ValueRange(0f, 0f);

  /**
   * Checks the ends.
   *
   * @throws IllegalArgumentException if an end is not finite, or zero lies outside
   */
  public ValueRange {
    if (!(Float.isFinite(low) && Float.isFinite(high) && low <= 0f && high >= 0f)) {
      throw new IllegalArgumentException(
          "A range needs finite ends with zero between them, not [" + low + ", " + high + "]");
    }
    // Turns -0.0 into 0.0, so that equal ranges are equal records.
    low += 0f;
    high += 0f;
  }

  /**
   * The smallest range that contains zero and both given values.
   *
   * @param min one value; below {@code -Float.MAX_VALUE} it is cut to that
   * @param max another value; cut likewise
   * @throws IllegalArgumentException if one is NaN
   */
  public static ValueRange covering(double min, double max) {
    if (Double.isNaN(min) || Double.isNaN(max)) {
      throw new IllegalArgumentException("A range cannot end at NaN: [" + min + ", " + max + "]");
    }
    double low = Math.max(Math.min(Math.min(min, max), 0.0), -Float.MAX_VALUE);
    double high = Math.min(Math.max(Math.max(min, max), 0.0), Float.MAX_VALUE);
    return new ValueRange((float) low, (float) high);
  }

  /** The larger distance of an end from zero. */
  public float absMax() {
    return Math.max(-low, high);
  }

  /** {@code high - low}, in double because the difference of two floats may overflow a float. */
  public double width() {
    return (double) high - (double) low;
  }

  /** Whether nothing but zero lies inside. */
  public boolean isZero() {
    return low == 0f && high == 0f;
  }

  /** Whether a value lies inside; false for NaN. */
  public boolean contains(double value) {
    return value >= low && value <= high;
  }

  /** The smallest range that contains this one and another. */
  public ValueRange union(ValueRange other) {
    return new ValueRange(Math.min(low, other.low), Math.max(high, other.high));
  }

  /** The part that lies in both. */
  public ValueRange intersection(ValueRange other) {
    return new ValueRange(Math.max(low, other.low), Math.min(high, other.high));
  }

  /** {@code [-absMax, absMax]}. */
  public ValueRange symmetric() {
    float reach = absMax();
    return new ValueRange(-reach, reach);
  }
}
