package dev.compress.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Both narrow formats against their definition and against a search for the nearest value. */
class NarrowFloatTest {
  /** The value from the definition of the format, in double. */
  private static double valueOf(int bits, int exponentBits, int mantissaBits) {
    int bias = (1 << (exponentBits - 1)) - 1;
    int exponent = (bits >> mantissaBits) & ((1 << exponentBits) - 1);
    int mantissa = bits & ((1 << mantissaBits) - 1);
    double sign = (bits & 0x8000) != 0 ? -1 : 1;
    if (exponent == (1 << exponentBits) - 1) {
      return mantissa == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN;
    }
    double fraction = mantissa / (double) (1 << mantissaBits);
    return exponent == 0
        ? sign * fraction * Math.pow(2, 1 - bias)
        : sign * (1 + fraction) * Math.pow(2, exponent - bias);
  }

  @Test
  void all65536HalvesHaveTheirValueAndSurviveTheRoundTrip() {
    for (int bits = 0; bits < 65_536; bits++) {
      float value = Float16.toFloat((short) bits);
      assertThat((double) value).isEqualTo(Double.valueOf(valueOf(bits, 5, 10)));
      int back = Float16.fromFloat(value) & 0xffff;
      assertThat(back).isEqualTo(Float.isNaN(value) ? bits | 0x200 : bits);
    }
  }

  @Test
  void all65536BrainFloatsHaveTheirValueAndSurviveTheRoundTrip() {
    for (int bits = 0; bits < 65_536; bits++) {
      float value = BFloat16.toFloat((short) bits);
      assertThat((double) value).isEqualTo(Double.valueOf(valueOf(bits, 8, 7)));
      int back = BFloat16.fromFloat(value) & 0xffff;
      assertThat(back).isEqualTo(Float.isNaN(value) ? bits | 0x40 : bits);
    }
  }

  /** The nearest of all finite values, ties to the even code; infinite from half a step beyond. */
  private static int nearest(float value, double[] ascending, double beyond) {
    double magnitude = Math.abs((double) value);
    int sign = (Float.floatToRawIntBits(value) >>> 16) & 0x8000;
    if (magnitude >= beyond) {
      return sign | ascending.length;
    }
    int found = Arrays.binarySearch(ascending, magnitude);
    if (found >= 0) {
      return sign | found;
    }
    int above = -found - 1;
    if (above == ascending.length) {
      return sign | (above - 1);
    }
    int order =
        new BigDecimal(magnitude)
            .multiply(BigDecimal.valueOf(2))
            .compareTo(new BigDecimal(ascending[above]).add(new BigDecimal(ascending[above - 1])));
    int code = order < 0 ? above - 1 : order > 0 ? above : above - (above & 1);
    return sign | code;
  }

  private static double[] magnitudes(int exponentBits, int mantissaBits) {
    double[] values = new double[((1 << exponentBits) - 1) << mantissaBits];
    for (int bits = 0; bits < values.length; bits++) {
      values[bits] = valueOf(bits, exponentBits, mantissaBits);
    }
    return values;
  }

  @Test
  void everyFloatGoesToTheNearestHalf() {
    double[] ascending = magnitudes(5, 10);
    Random random = new Random(1);
    for (int i = 0; i < 300_000; i++) {
      // Around the exponents of halves, with every kind of lower bits, ties among them.
      int exponent = 127 - 27 + random.nextInt(46);
      int mantissa = random.nextInt(1 << 23);
      if (i % 3 == 0) {
        mantissa &= -1 << (8 + random.nextInt(14));
      }
      int bits = (random.nextInt(2) << 31) | (exponent << 23) | mantissa;
      float value = Float.intBitsToFloat(bits);
      assertThat(Float16.fromFloat(value) & 0xffff)
          .as("%s", value)
          .isEqualTo(nearest(value, ascending, 65_520));
    }
  }

  @Test
  void everyMiddleBetweenTwoHalvesAndItsNeighboursAreRoundedRight() {
    double[] ascending = magnitudes(5, 10);
    for (int i = 0; i + 1 < ascending.length; i++) {
      float middle = (float) (0.5 * (ascending[i] + ascending[i + 1]));
      for (float value : new float[] {Math.nextDown(middle), middle, Math.nextUp(middle)}) {
        assertThat(Float16.fromFloat(value) & 0xffff).isEqualTo(nearest(value, ascending, 65_520));
        assertThat(Float16.fromFloat(-value) & 0xffff)
            .isEqualTo(nearest(-value, ascending, 65_520));
      }
    }
    assertThat(Float16.fromFloat(65_519.996f)).isEqualTo((short) 0x7bff);
    assertThat(Float16.fromFloat(65_520f)).isEqualTo((short) 0x7c00);
  }

  @Test
  void everyFloatGoesToTheNearestBrainFloat() {
    double[] ascending = magnitudes(8, 7);
    double beyond = valueOf(0x7f7f, 8, 7) + Math.pow(2, 127 - 8);
    Random random = new Random(2);
    for (int i = 0; i < 300_000; i++) {
      int bits = random.nextInt();
      if (i % 3 == 0) {
        bits = (bits & 0xffff0000) | 0x8000; // a tie
      }
      float value = Float.intBitsToFloat(bits);
      if (Float.isFinite(value)) {
        assertThat(BFloat16.fromFloat(value) & 0xffff)
            .as("%s", value)
            .isEqualTo(nearest(value, ascending, beyond));
      }
    }
  }

  @Test
  void bulkConversionWritesLittleEndianAndCountsOverflows() {
    float[] values = {9f, 1f, -2f, 1e9f, Float.POSITIVE_INFINITY, Float.NaN, -70_000f, 3.4e38f};
    byte[] halves = new byte[15];
    assertThat(Float16.encode(values, 1, halves, 1, 7)).isEqualTo(3);
    assertThat(halves).startsWith(0, 0x00, 0x3c, 0x00, 0xc0, 0x00, 0x7c, 0x00, 0x7c);
    byte[] brains = new byte[14];
    assertThat(BFloat16.encode(values, 1, brains, 0, 7)).isEqualTo(1);
    assertThat(brains).startsWith(0x80, 0x3f, 0x00, 0xc0);
  }
}
