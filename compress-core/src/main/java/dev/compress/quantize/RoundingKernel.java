package dev.compress.quantize;

/**
 * Rounds many floats to bytes, ties to even, several times faster than {@link Math#rint} does it
 * one by one.
 *
 * <p>Adding {@code 1.5 * 2^23} to a float of magnitude up to 2^22 leaves no bits for a fraction:
 * the hardware rounds, and the integer stands in the low bits of the sum. Cutting to integers
 * before rounding is the same as after.
 *
 * <p>Values are copied to a buffer first: the compiler makes vector code of a loop only where all
 * arrays are indexed alike.
 */
final class RoundingKernel {
  /** Floats that are treated at a time: what is in between stays in the first-level cache. */
  static final int CHUNK = 1024;

  private static final float MAGIC = 0x1.8p23f;

  /** Bits that are set in every NaN and in no sum of the magic number and a code. */
  private static final int NAN_MARK = 0x30000000;

  private final float[] sums = new float[CHUNK];
  private final float[] scales = new float[CHUNK];
  private final float low;
  private final float high;
  private final int zeroPoint;

  /** Codes are cut to {@code low..high} and the zero point is added; all of them fit a byte. */
  RoundingKernel(int low, int high, int zeroPoint) {
    this.low = low;
    this.high = high;
    this.zeroPoint = zeroPoint;
  }

  /**
   * {@code codes = cut(round(values / scale)) + zeroPoint}.
   *
   * @param count at most {@link #CHUNK}
   * @return whether a NaN is among the values; its code is then arbitrary
   */
  boolean quantize(float[] values, int from, float scale, byte[] codes, int at, int count) {
    System.arraycopy(values, from, sums, 0, count);
    float[] s = sums;
    float bottom = low;
    float top = high;
    for (int i = 0; i < count; i++) {
      s[i] = Math.min(Math.max(s[i] / scale, bottom), top) + MAGIC;
    }
    return store(codes, at, count);
  }

  /** As the other, with a scale for each value. */
  boolean quantize(
      float[] values, int from, float[] scaleOf, int scaleFrom, byte[] codes, int at, int count) {
    System.arraycopy(values, from, sums, 0, count);
    System.arraycopy(scaleOf, scaleFrom, scales, 0, count);
    float[] s = sums;
    float[] d = scales;
    float bottom = low;
    float top = high;
    for (int i = 0; i < count; i++) {
      s[i] = Math.min(Math.max(s[i] / d[i], bottom), top) + MAGIC;
    }
    return store(codes, at, count);
  }

  private boolean store(byte[] codes, int at, int count) {
    int seen = 0;
    int i = 0;
    for (int end = count - 3; i < end; i += 4) {
      int a = Float.floatToRawIntBits(sums[i]);
      int b = Float.floatToRawIntBits(sums[i + 1]);
      int c = Float.floatToRawIntBits(sums[i + 2]);
      int d = Float.floatToRawIntBits(sums[i + 3]);
      seen |= a | b | c | d;
      codes[at + i] = (byte) (a + zeroPoint);
      codes[at + i + 1] = (byte) (b + zeroPoint);
      codes[at + i + 2] = (byte) (c + zeroPoint);
      codes[at + i + 3] = (byte) (d + zeroPoint);
    }
    for (; i < count; i++) {
      int bits = Float.floatToRawIntBits(sums[i]);
      seen |= bits;
      codes[at + i] = (byte) (bits + zeroPoint);
    }
    return (seen & NAN_MARK) != 0;
  }
}
