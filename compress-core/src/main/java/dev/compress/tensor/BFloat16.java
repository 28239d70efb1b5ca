package dev.compress.tensor;

import java.util.Objects;

/** bfloat16: the upper half of a float, 1 sign, 8 exponent and 7 mantissa bits. */
public final class BFloat16 {
  private BFloat16() {}

  /**
   * The nearest bfloat16, ties to even. Magnitudes that round beyond the largest become infinite;
   * NaN stays NaN.
   *
   * @param value any float
   * @return the bits of the bfloat16
   */
  public static short fromFloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    if ((bits & 0x7fffffff) > 0x7f800000) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  /**
   * The value of a bfloat16, exactly.
   *
   * @param brain its bits
   */
  public static float toFloat(short brain) {
    return Float.intBitsToFloat(brain << 16);
  }

  /**
   * Converts floats to little-endian bfloat16.
   *
   * @param values the floats
   * @param from the first to convert
   * @param brains where to; two bytes each
   * @param at the first byte to write
   * @param count how many
   * @return how many finite floats became infinite
   */
  public static int encode(float[] values, int from, byte[] brains, int at, int count) {
    Objects.checkFromIndexSize(from, count, values.length);
    Objects.checkFromIndexSize(at, 2 * count, brains.length);
    int overflows = 0;
    for (int i = 0; i < count; i++) {
      float value = values[from + i];
      short brain = fromFloat(value);
      Float16.LITTLE_ENDIAN_SHORT.set(brains, at + 2 * i, brain);
      if ((brain & 0x7fff) == 0x7f80 && Float.isFinite(value)) {
        overflows++;
      }
    }
    return overflows;
  }
}
