package dev.compress.models.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.compress.models.architecture.WeightSource.Normal;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class RandomWeightsTest {
  private static final Shape SHAPE = Shape.of(40, 50);

  @Test
  void anyPartReadsAsInTheWhole() {
    Tensor tensor = new RandomWeights(3).weight("w", SHAPE, new Normal(1, 2));
    byte[] whole = tensor.data().toByteArray();
    for (int from = 0; from < 20; from++) {
      for (int length = 0; length < 20; length++) {
        ByteBuffer part = ByteBuffer.allocate(length + 2).position(1).limit(length + 1);
        tensor.data().read(from, part);
        assertThat(part.hasRemaining()).isFalse();
        assertThat(Arrays.copyOfRange(part.array(), 1, length + 1))
            .as("%s bytes from %s", length, from)
            .isEqualTo(Arrays.copyOfRange(whole, from, from + length));
      }
    }
  }

  @Test
  void dependsOnSeedAndNameOnly() {
    Normal normal = new Normal(0, 1);
    float[] weight = new RandomWeights(3).weight("w", SHAPE, normal).toFloats();
    assertThat(new RandomWeights(3).weight("w", SHAPE, normal).toFloats()).isEqualTo(weight);
    assertThat(new RandomWeights(4).weight("w", SHAPE, normal).toFloats()).isNotEqualTo(weight);
    assertThat(new RandomWeights(3).weight("v", SHAPE, normal).toFloats()).isNotEqualTo(weight);
  }

  @Test
  void hasTheAskedMeanAndDeviation() {
    float[] weight =
        new RandomWeights(0).weight("w", Shape.of(100_000), new Normal(3, 0.5)).toFloats();
    double mean = 0;
    for (float value : weight) {
      mean += (double) value / weight.length;
    }
    double variance = 0;
    for (float value : weight) {
      variance += (value - mean) * (value - mean) / weight.length;
    }
    assertThat(mean).isCloseTo(3, within(0.01));
    assertThat(Math.sqrt(variance)).isCloseTo(0.5, within(0.01));
    assertThat(new RandomWeights(0).weight("c", Shape.of(3), Normal.constant(7)).toFloats())
        .containsExactly(7, 7, 7);
  }
}
