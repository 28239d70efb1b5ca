package dev.compress.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FloatCodecTest {
  @Test
  void everyHalfComesBack() {
    for (int bits = 0; bits < 0x10000; bits++) {
      float value = Float16.toFloat((short) bits);
      if (!Float.isNaN(value)) {
        assertThat(FloatCodec.toHalf(value)).isEqualTo((short) bits);
      }
    }
    assertThat(Float16.toFloat(FloatCodec.toHalf(Double.NaN))).isNaN();
  }

  /** The nearest half is one of the two that enclose a number; on a tie the even one. */
  @Test
  void roundsToTheNearestHalf() {
    for (int bits = 0; bits < 0x7bff; bits++) {
      double low = Float16.toFloat((short) bits);
      double high = Float16.toFloat((short) (bits + 1));
      double middle = (low + high) / 2;
      assertThat(FloatCodec.toHalf(Math.nextDown(middle))).isEqualTo((short) bits);
      assertThat(FloatCodec.toHalf(Math.nextUp(middle))).isEqualTo((short) (bits + 1));
      assertThat(FloatCodec.toHalf(middle)).isEqualTo((short) (bits % 2 == 0 ? bits : bits + 1));
      assertThat(FloatCodec.toHalf(-middle))
          .isEqualTo((short) (0x8000 | (bits % 2 == 0 ? bits : bits + 1)));
    }
    assertThat(FloatCodec.toHalf(65519.99)).isEqualTo((short) 0x7bff);
    assertThat(FloatCodec.toHalf(65520)).isEqualTo((short) 0x7c00);
    assertThat(FloatCodec.toHalf(-1e300)).isEqualTo((short) 0xfc00);
  }

  @Test
  void roundsToTheNearestBfloat16() {
    for (int bits = 0; bits < 0x7f7f; bits++) {
      double low = Float.intBitsToFloat(bits << 16);
      double high = Float.intBitsToFloat((bits + 1) << 16);
      double middle = (low + high) / 2;
      assertThat(FloatCodec.toBfloat16(low)).isEqualTo((short) bits);
      assertThat(FloatCodec.toBfloat16(Math.nextDown(middle))).isEqualTo((short) bits);
      assertThat(FloatCodec.toBfloat16(middle))
          .isEqualTo((short) (bits % 2 == 0 ? bits : bits + 1));
    }
    assertThat(FloatCodec.toBfloat16(Double.POSITIVE_INFINITY)).isEqualTo((short) 0x7f80);
    assertThat(FloatCodec.toBfloat16(FloatCodec.largest(ElementType.BFLOAT16)))
        .isEqualTo((short) 0x7f7f);
  }

  @ParameterizedTest
  @ValueSource(strings = {"float", "double", "float16", "bfloat16"})
  void whatIsEncodedDecodesToTheNearest(String name) {
    ElementType type =
        switch (name) {
          case "float" -> ElementType.FLOAT;
          case "double" -> ElementType.DOUBLE;
          case "float16" -> ElementType.FLOAT16;
          default -> ElementType.BFLOAT16;
        };
    Random random = new Random(7);
    double[] values = random.doubles(1000, -10, 10).toArray();
    Tensor tensor = Tensor.ofBytes(type, Shape.of(10, 100), FloatCodec.encode(type, values));
    double[] back = FloatCodec.decode(tensor);
    int mantissaBits =
        name.equals("float") ? 24 : name.equals("double") ? 53 : name.equals("float16") ? 11 : 8;
    for (int i = 0; i < values.length; i++) {
      assertThat(Math.abs(back[i] - values[i]))
          .isLessThanOrEqualTo(Math.abs(values[i]) * Math.scalb(1.0, -mantissaBits));
    }
    assertThat(FloatCodec.encode(type, back)).isEqualTo(FloatCodec.encode(type, values));
  }

  @Test
  void refusesOtherTypes() {
    assertThatThrownBy(() -> FloatCodec.encode(ElementType.INT8, new double[] {1}))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () -> FloatCodec.decode(ElementType.INT8, ByteBuffer.allocate(1), new double[1], 1))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
