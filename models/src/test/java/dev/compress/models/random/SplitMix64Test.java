package dev.compress.models.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SplitMix64Test {
  @ParameterizedTest
  @ValueSource(longs = {0, 1, -7, 1234567, Long.MIN_VALUE})
  void givesTheSequenceOfTheLibrarysImplementation(long seed) {
    SplittableRandom library = new SplittableRandom(seed);
    SplitMix64 random = new SplitMix64(seed);
    for (int i = 0; i < 100; i++) {
      assertThat(random.nextLong()).isEqualTo(library.nextLong());
    }
  }

  /** The first values for seed 1234567 in Vigna's reference implementation, splitmix64.c. */
  @Test
  void givesThePublishedSequence() {
    SplitMix64 random = new SplitMix64(1234567);
    assertThat(random.nextLong()).isEqualTo(6457827717110365317L);
    assertThat(random.nextLong()).isEqualTo(3203168211198807973L);
    assertThat(random.nextLong()).isEqualTo(Long.parseUnsignedLong("9817491932198370423"));
  }

  @Test
  void startsInTheMiddle() {
    SplitMix64 random = new SplitMix64(5);
    for (int i = 0; i < 1000; i++) {
      random.nextLong();
    }
    assertThat(SplitMix64.after(5, 1000).nextLong()).isEqualTo(random.nextLong());
  }

  @Test
  void streamsOfDifferentPathsDiffer() {
    assertThat(
            java.util.stream.LongStream.range(0, 10_000)
                .map(i -> SplitMix64.stream(1, i / 100, i % 100).nextLong())
                .distinct()
                .count())
        .isEqualTo(10_000);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void normalValuesHaveMeanZeroAndVarianceOne(long seed) {
    SplitMix64 random = new SplitMix64(seed);
    int n = 200_000;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < n; i++) {
      double value = random.nextGaussian();
      sum += value;
      squares += value * value;
    }
    // five standard errors: 1/sqrt(n) of the mean, sqrt(kurtosis - 1)/sqrt(n) < 1.4/sqrt(n) of the
    // square
    assertThat(sum / n).isCloseTo(0, within(5 / Math.sqrt(n)));
    assertThat(squares / n).isCloseTo(1, within(7 / Math.sqrt(n)));
  }

  @Test
  void boundedNumbersFillTheirRangeEvenly() {
    SplitMix64 random = new SplitMix64(0);
    int[] seen = new int[7];
    for (int i = 0; i < 70_000; i++) {
      seen[random.nextInt(7)]++;
    }
    for (int count : seen) {
      assertThat(count).isBetween(9_500, 10_500);
    }
    assertThatThrownBy(() -> random.nextInt(0)).isInstanceOf(IllegalArgumentException.class);
  }
}
