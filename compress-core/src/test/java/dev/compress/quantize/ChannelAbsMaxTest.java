package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ChannelAbsMaxTest {
  @Test
  void isTheLargestMagnitude() {
    Random random = new Random(5);
    for (int round = 0; round < 200; round++) {
      float[] values = new float[1 + random.nextInt(40)];
      float expected = 0;
      int from = random.nextInt(values.length);
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(60) - 30));
        expected = i < from ? 0 : Math.max(expected, Math.abs(values[i]));
      }
      assertThat(ChannelAbsMax.of(values, from, values.length - from)).isEqualTo(expected);
    }
    assertThat(ChannelAbsMax.of(new float[] {-0f, 0f}, 0, 2)).isZero();
    assertThat(ChannelAbsMax.of(new float[] {-Float.MIN_VALUE, 0f}, 0, 2))
        .isEqualTo(Float.MIN_VALUE);
  }

  @Test
  void whatIsNotFiniteStaysSo() {
    float negativeNan = Float.intBitsToFloat(0xffc00001);
    for (float odd :
        new float[] {Float.NaN, negativeNan, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      assertThat(ChannelAbsMax.of(new float[] {1, odd, -2}, 0, 3)).isNotFinite();
    }
    assertThat(ChannelAbsMax.of(new float[] {Float.NEGATIVE_INFINITY, Float.NaN}, 0, 2)).isNaN();
  }
}
