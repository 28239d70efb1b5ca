package dev.compress.runtime;

/** IEEE 754 binary16. (The JDK converts only from 20 on.) */
final class HalfFloats {
  private static final float SMALLEST_NORMAL = 0x1p-14f;
  private static final int OVERFLOW = 0x7c00;

  private HalfFloats() {}

  /** The nearest half, ties to even. */
  static short of(float value) {
    int sign = (Float.floatToIntBits(value) >>> 16) & 0x8000;
    float magnitude = Math.abs(value);
    if (Float.isNaN(value)) {
      return (short) (sign | 0x7e00);
    }
    if (magnitude < SMALLEST_NORMAL) {
      return (short) (sign | (int) Math.rint(magnitude * 0x1p24));
    }
    if (magnitude >= 65520f) {
      return (short) (sign | OVERFLOW);
    }
    int exponent = Math.getExponent(magnitude);
    int mantissa = (int) Math.rint(Math.scalb((double) magnitude, 10 - exponent)); // 1024 to 2048
    return (short) (sign | (((exponent + 14) << 10) + mantissa)); // a carry goes to the exponent
  }
}
