package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;

class BiasQuantizerTest {
  @Test
  void aBiasThatFitsKeepsItsScales() {
    BiasQuantizer quantizer = new BiasQuantizer(0.02f, 576);
    float[] bias = {0.5f, -3f, 0f};
    float[] scales = {0.01f, 0.001f, 0.5f};
    assertThat(quantizer.raisedScales(bias, scales)).isEqualTo(scales);
    int[] codes = quantizer.codes(bias, scales);
    for (int c = 0; c < 3; c++) {
      double step = 0.02f * scales[c];
      assertThat(Math.abs(codes[c] * step - bias[c])).isLessThanOrEqualTo(0.501 * step);
    }
    assertThat(quantizer.scales(scales)[1]).isEqualTo(0.02f * 0.001f);
  }

  @Test
  void aBiasThatWouldOverflowRaisesItsChannelOnly() {
    Random random = new Random(3);
    for (int trial = 0; trial < 5_000; trial++) {
      float inputScale = (float) Math.pow(10, -random.nextInt(30));
      long products = 1L + random.nextInt(5_000);
      BiasQuantizer quantizer = new BiasQuantizer(inputScale, products);
      float[] bias = {(float) (random.nextGaussian() * Math.pow(10, random.nextInt(12) - 6)), 0f};
      float[] scales = {(float) Math.pow(10, -random.nextInt(36)), 1f};
      float[] raised = quantizer.raisedScales(bias, scales);
      int[] codes = quantizer.codes(bias, raised);
      float step = quantizer.scales(raised)[0];
      assertThat(step).isGreaterThanOrEqualTo(Float.MIN_NORMAL);
      assertThat(raised[0]).isGreaterThanOrEqualTo(scales[0]);
      assertThat(raised[1]).isEqualTo(1f);
      // The bias and the largest sum of products fit int32 together.
      assertThat(Math.abs((long) codes[0]) + products * 255 * 127)
          .isLessThanOrEqualTo(Integer.MAX_VALUE);
      assertThat(Math.abs(codes[0] * (double) step - bias[0])).isLessThanOrEqualTo(0.5001 * step);
    }
  }

  @Test
  void aSingleScaleServesTheLargestBias() {
    BiasQuantizer quantizer = new BiasQuantizer(1e-4f, 10);
    float[] bias = {1f, 1e6f, -2e6f};
    float[] raised = quantizer.raisedScales(bias, new float[] {1e-4f});
    assertThat(raised).hasSize(1);
    assertThat(quantizer.codes(bias, raised)[2]).isNegative();
    assertThatThrownBy(() -> quantizer.codes(bias, new float[] {1e-4f}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("does not fit");
    assertThatThrownBy(() -> quantizer.codes(new float[] {Float.NaN}, raised))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void veryManyProductsLeaveHalfOfInt32() {
    assertThat(new BiasQuantizer(1f, Long.MAX_VALUE).limit()).isEqualTo(1L << 30);
    assertThat(new BiasQuantizer(1f, 9).limit()).isEqualTo(Integer.MAX_VALUE - 9L * 255 * 128);
  }
}
