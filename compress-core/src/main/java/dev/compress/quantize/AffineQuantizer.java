package dev.compress.quantize;

import java.util.Objects;

/**
 * Quantizes and dequantizes whole arrays with one scale and zero point, bit for bit as the ONNX
 * operators QuantizeLinear and DequantizeLinear define it.
 *
 * @param parameters scale, zero point and type; the type has 8 bits
 */
public record AffineQuantizer(AffineParameters parameters) {
  /** Checks the type. */
  public AffineQuantizer {
    if (parameters.type().elementType().bits() != 8) {
      throw new IllegalArgumentException("Codes of one byte, not " + parameters.type());
    }
  }

  /**
   * {@code codes = saturate(round(values / scale) + zeroPoint)}, ties to even.
   *
   * @param values the values
   * @param from the first to take
   * @param codes where to
   * @param at the first index to write
   * @param count how many
   * @return how many values are NaN; their code is the zero point
   */
  public int quantize(float[] values, int from, byte[] codes, int at, int count) {
    Objects.checkFromIndexSize(from, count, values.length);
    Objects.checkFromIndexSize(at, count, codes.length);
    QuantizedType type = parameters.type();
    int zeroPoint = parameters.zeroPoint();
    float scale = parameters.scale();
    RoundingKernel kernel =
        new RoundingKernel(type.min() - zeroPoint, type.max() - zeroPoint, zeroPoint);
    int nanCount = 0;
    for (int done = 0; done < count; done += RoundingKernel.CHUNK) {
      int length = Math.min(RoundingKernel.CHUNK, count - done);
      if (kernel.quantize(values, from + done, scale, codes, at + done, length)) {
        nanCount += clearNan(values, from + done, codes, at + done, length);
      }
    }
    return nanCount;
  }

  private int clearNan(float[] values, int from, byte[] codes, int at, int count) {
    int nanCount = 0;
    for (int i = 0; i < count; i++) {
      if (Float.isNaN(values[from + i])) {
        codes[at + i] = (byte) parameters.zeroPoint();
        nanCount++;
      }
    }
    return nanCount;
  }

  /** {@code values = (codes - zeroPoint) * scale}. */
  public void dequantize(byte[] codes, int from, float[] values, int at, int count) {
    Objects.checkFromIndexSize(from, count, codes.length);
    Objects.checkFromIndexSize(at, count, values.length);
    int zeroPoint = parameters.zeroPoint();
    float scale = parameters.scale();
    int mask = parameters.type().isSigned() ? -1 : 0xff;
    for (int i = 0; i < count; i++) {
      values[at + i] = ((codes[from + i] & mask) - zeroPoint) * scale;
    }
  }
}
