package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.calibrate.QuantizationGrid;
import dev.compress.calibrate.ValueRange;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AffineParametersTest {
  private static ValueRange randomRange(Random random) {
    double reach = Math.pow(10, random.nextInt(60) - 30);
    double low = random.nextInt(4) == 0 ? 0 : -random.nextDouble() * reach;
    double high = random.nextInt(4) == 0 ? 0 : random.nextDouble() * reach;
    return ValueRange.covering(low, high);
  }

  @ParameterizedTest
  @EnumSource
  void zeroIsExactAndEveryValueInTheRangeIsHalfAStepAway(QuantizedType type) {
    Random random = new Random(4);
    for (int i = 0; i < 2_000; i++) {
      ValueRange range = randomRange(random);
      AffineParameters asymmetric = AffineParameters.asymmetric(range, type);
      AffineParameters symmetric = AffineParameters.symmetric(range, type);
      for (boolean middle : new boolean[] {false, true}) {
        AffineParameters p = middle ? symmetric : asymmetric;
        assertThat(p.dequantize(p.quantize(0f))).isZero();
        for (int k = 0; k <= 20; k++) {
          float value = (float) (range.low() + range.width() * k / 20);
          // The ends may be cut by half a step, because the zero point is an integer.
          double limit = (middle ? 0.501 : 1.001) * p.scale() + Math.abs(value) * 1e-6;
          assertThat(Math.abs((double) p.dequantize(p.quantize(value)) - value))
              .as("%s in %s with %s", value, range, p)
              .isLessThanOrEqualTo(limit);
        }
      }
    }
  }

  @Test
  void aRangeThatEndsAtZeroIsNeverLeft() {
    Random random = new Random(5);
    for (int i = 0; i < 20_000; i++) {
      float end = (float) (random.nextDouble() * 100);
      for (QuantizedType type : QuantizedType.values()) {
        AffineParameters up = AffineParameters.asymmetric(new ValueRange(0f, end), type);
        assertThat(up.zeroPoint()).isEqualTo(type.min());
        assertThat(up.dequantize(type.max())).isLessThanOrEqualTo(end);
        assertThat(up.dequantize(type.max())).isGreaterThan(end * 0.999999f);
        AffineParameters down = AffineParameters.asymmetric(new ValueRange(-end, 0f), type);
        assertThat(down.zeroPoint()).isEqualTo(type.max());
        assertThat(down.dequantize(type.min())).isGreaterThanOrEqualTo(-end);
      }
    }
    AffineParameters six = AffineParameters.asymmetric(new ValueRange(0f, 6f), QuantizedType.UINT8);
    assertThat(six.dequantize(255)).isBetween(5.999999f, 6f);
  }

  @Test
  void knownValues() {
    AffineParameters p = AffineParameters.asymmetric(new ValueRange(-1f, 3f), QuantizedType.UINT8);
    assertThat(p.scale()).isEqualTo((float) (4.0 / 255));
    assertThat(p.zeroPoint()).isEqualTo(64);
    AffineParameters s = AffineParameters.asymmetric(new ValueRange(-1f, 3f), QuantizedType.INT8);
    assertThat(s.zeroPoint()).isEqualTo(-64);
    AffineParameters m = AffineParameters.symmetric(new ValueRange(-1f, 3f), QuantizedType.INT8);
    assertThat(m.scale()).isEqualTo((float) (3.0 / 127));
    assertThat(m.zeroPoint()).isZero();
    assertThat(m.isSymmetric()).isTrue();
    AffineParameters u = AffineParameters.symmetric(new ValueRange(-1f, 3f), QuantizedType.UINT8);
    assertThat(u.zeroPoint()).isEqualTo(128);
    assertThat(QuantizedType.INT8.grid(true)).isEqualTo(QuantizationGrid.SYMMETRIC_8);
    assertThat(QuantizedType.UINT8.grid(false)).isEqualTo(QuantizationGrid.ASYMMETRIC_8);
    assertThat(QuantizedType.INT8.symmetricLimit()).isEqualTo(127);
    assertThat(QuantizedType.UINT8.symmetricLimit()).isEqualTo(127);
    assertThat(QuantizedType.INT4.symmetricLimit()).isEqualTo(7);
  }

  @Test
  void degenerateRangesGiveUsableScales() {
    for (QuantizedType type : QuantizedType.values()) {
      assertThat(AffineParameters.asymmetric(ValueRange.ZERO, type).scale()).isEqualTo(1f);
      assertThat(AffineParameters.symmetric(ValueRange.ZERO, type).scale()).isEqualTo(1f);
      ValueRange tiny = new ValueRange(-Float.MIN_VALUE, 3 * Float.MIN_VALUE);
      assertThat(AffineParameters.asymmetric(tiny, type).scale())
          .isEqualTo(AffineParameters.MIN_SCALE);
      ValueRange huge = new ValueRange(-Float.MAX_VALUE, Float.MAX_VALUE);
      AffineParameters wide = AffineParameters.asymmetric(huge, type);
      assertThat(wide.scale()).isFinite();
      // The scale is rounded to float32, so 65535 steps may end one short.
      assertThat(wide.quantize(Float.MAX_VALUE)).isBetween(type.max() - 1, type.max());
      assertThat(wide.quantize(-Float.MAX_VALUE)).isBetween(type.min(), type.min() + 1);
      assertThat(wide.range().high()).isPositive();
    }
    assertThatThrownBy(() -> new AffineParameters(0f, 0, QuantizedType.INT8))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new AffineParameters(1f, 200, QuantizedType.INT8))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> AffineParameters.symmetricScale(Float.NaN, 127))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
