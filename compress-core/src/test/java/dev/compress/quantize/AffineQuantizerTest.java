package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AffineQuantizerTest {
  /** Ordinary values, exact ties, values far outside, both infinities, zeros of both signs. */
  private static float[] values(AffineParameters p, long seed) {
    Random random = new Random(seed);
    float[] values = new float[5_003];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (random.nextInt(4)) {
            case 0 -> (random.nextInt(600) - 300 + 0.5f) * p.scale();
            case 1 -> (float) (random.nextGaussian() * 100 * p.scale());
            case 2 -> Float.intBitsToFloat(random.nextInt());
            default -> (random.nextInt(600) - 300) * p.scale();
          };
      if (Float.isNaN(values[i])) {
        values[i] = -0f;
      }
    }
    values[0] = Float.POSITIVE_INFINITY;
    values[1] = Float.NEGATIVE_INFINITY;
    values[2] = Float.MAX_VALUE;
    values[3] = -Float.MAX_VALUE;
    values[4] = 4_194_304f * p.scale();
    values[5] = -4_194_305f * p.scale();
    values[6] = -12_582_912f * p.scale();
    values[7] = -16_777_216f * p.scale();
    return values;
  }

  private static int byDefinition(float value, AffineParameters p) {
    float steps = value / p.scale();
    if (Float.isInfinite(steps)) {
      return steps > 0 ? p.type().max() : p.type().min();
    }
    BigDecimal code =
        new BigDecimal(steps)
            .setScale(0, RoundingMode.HALF_EVEN)
            .add(BigDecimal.valueOf(p.zeroPoint()));
    return code.max(BigDecimal.valueOf(p.type().min()))
        .min(BigDecimal.valueOf(p.type().max()))
        .intValueExact();
  }

  @ParameterizedTest
  @CsvSource({
    "UINT8, 0.03, 0",
    "UINT8, 0.125, 255",
    "UINT8, 1.7, 128",
    "INT8, 0.0117, 0",
    "INT8, 0.5, -128",
    "INT8, 1e-38, 3",
    "UINT8, 1e36, 7"
  })
  void equalsTheDefinitionAndOnnxRuntimeBitForBit(QuantizedType type, float scale, int zeroPoint) {
    AffineParameters p = new AffineParameters(Math.max(scale, Float.MIN_NORMAL), zeroPoint, type);
    float[] values = values(p, 1);
    byte[] codes = new byte[values.length + 2];
    assertThat(new AffineQuantizer(p).quantize(values, 0, codes, 1, values.length)).isZero();

    int elementType = type.elementType().code();
    ByteBuffer theirs =
        new OneNode("QuantizeLinear")
            .input()
            .constant(new float[] {p.scale()})
            .constant(elementType, new byte[] {(byte) zeroPoint})
            .run(elementType, values, values.length);
    for (int i = 0; i < values.length; i++) {
      int code = type.isSigned() ? codes[i + 1] : codes[i + 1] & 0xff;
      assertThat(code).as("%s", values[i]).isEqualTo(byDefinition(values[i], p));
      assertThat(p.quantize(values[i])).isEqualTo(code);
      assertThat(theirs.get(i)).as("%s in the runtime", values[i]).isEqualTo(codes[i + 1]);
    }

    float[] back = new float[values.length];
    new AffineQuantizer(p).dequantize(codes, 1, back, 0, values.length);
    byte[] own = new byte[values.length];
    System.arraycopy(codes, 1, own, 0, own.length);
    float[] theirValues =
        new OneNode("DequantizeLinear")
            .constant(elementType, own, own.length)
            .constant(new float[] {p.scale()})
            .constant(elementType, new byte[] {(byte) zeroPoint})
            .runToFloats(new float[1], 1);
    assertThat(back).isEqualTo(theirValues);
  }

  @Test
  void nanIsCountedAndBecomesZero() {
    AffineParameters p = new AffineParameters(0.1f, 17, QuantizedType.UINT8);
    float[] values = new float[3_000];
    values[5] = Float.NaN;
    values[2_999] = Float.intBitsToFloat(0xffc00001);
    values[2_998] = 1f;
    byte[] codes = new byte[3_000];
    assertThat(new AffineQuantizer(p).quantize(values, 0, codes, 0, 3_000)).isEqualTo(2);
    assertThat(codes[5]).isEqualTo((byte) 17);
    assertThat(codes[2_999]).isEqualTo((byte) 17);
    assertThat(codes[2_998]).isEqualTo((byte) 27);
    assertThat(p.quantize(Float.NaN)).isEqualTo(17);
  }

  @Test
  void boundsAreChecked() {
    AffineQuantizer q = new AffineQuantizer(new AffineParameters(1f, 0, QuantizedType.INT8));
    assertThatThrownBy(() -> q.quantize(new float[3], 1, new byte[9], 0, 3))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> q.dequantize(new byte[3], 0, new float[2], 0, 3))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> new AffineQuantizer(new AffineParameters(1f, 0, QuantizedType.INT16)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
