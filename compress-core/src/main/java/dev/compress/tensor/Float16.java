package dev.compress.tensor;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * IEEE 754 binary16 ("half"): 1 sign, 5 exponent and 10 mantissa bits. The JDK converts it only
 * from version 20 on.
 */
public final class Float16 {
  /** The largest finite value. */
  public static final float MAX_VALUE = 65504f;

  /** The smallest positive normal value, 2^-14. */
  public static final float MIN_NORMAL = 0x1p-14f;

  /** The smallest positive value, 2^-24. */
  public static final float MIN_VALUE = 0x1p-24f;

  static final VarHandle LITTLE_ENDIAN_SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  private Float16() {}

  /**
   * The nearest half, ties to even. Magnitudes from 65520 on become infinite; NaN stays NaN and
   * keeps the upper bits of its payload.
   *
   * @param value any float
   * @return the bits of the half
   */
  public static short fromFloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = (bits >>> 16) & 0x8000;
    int magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) {
      return (short) (sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff));
    }
    if (magnitude >= 0x47800000) { // 65536
      return (short) (sign | 0x7c00);
    }
    if (magnitude < 0x38800000) { // 2^-14: below, the steps are those of floats in [0.5, 1)
      float aligned = Float.intBitsToFloat(magnitude) + 0.5f;
      return (short) (sign | (Float.floatToRawIntBits(aligned) - 0x3f000000));
    }
    int rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
    return (short) (sign | ((rounded >>> 13) - (112 << 10)));
  }

  /**
   * The value of a half, exactly.
   *
   * @param half its bits
   */
  public static float toFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = (half >>> 10) & 0x1f;
    int mantissa = half & 0x3ff;
    if (exponent == 0x1f) {
      return Float.intBitsToFloat(sign | 0x7f800000 | (mantissa << 13));
    }
    if (exponent == 0) {
      float magnitude = mantissa * MIN_VALUE;
      return sign == 0 ? magnitude : -magnitude;
    }
    return Float.intBitsToFloat(sign | ((exponent + 112) << 23) | (mantissa << 13));
  }

  /**
   * Converts floats to little-endian halves.
   *
   * @param values the floats
   * @param from the first to convert
   * @param halves where to; two bytes each
   * @param at the first byte to write
   * @param count how many
   * @return how many finite floats became infinite
   */
  public static int encode(float[] values, int from, byte[] halves, int at, int count) {
    Objects.checkFromIndexSize(from, count, values.length);
    Objects.checkFromIndexSize(at, 2 * count, halves.length);
    int overflows = 0;
    for (int i = 0; i < count; i++) {
      float value = values[from + i];
      short half = fromFloat(value);
      LITTLE_ENDIAN_SHORT.set(halves, at + 2 * i, half);
      if ((half & 0x7fff) == 0x7c00 && Float.isFinite(value)) {
        overflows++;
      }
    }
    return overflows;
  }
}
