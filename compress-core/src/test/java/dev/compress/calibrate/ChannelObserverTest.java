package dev.compress.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.FloatBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChannelObserverTest {
  @ParameterizedTest
  @CsvSource({"900, 40, 1", "6, 5, 7", "6, 5, 1", "1, 1, 64", "3, 16, 2"})
  void agreesWithAPlainLoopAndDoesNotDependOnTheBatch(int outer, int channels, int inner) {
    float[] values = SampleValues.SHIFTED.draw(outer * channels * inner, 3);
    values[values.length / 2] = Float.NaN;
    values[values.length - 1] = Float.NEGATIVE_INFINITY;
    ChannelObserver whole = new ChannelObserver(channels);
    whole.observe(values, 0, values.length, inner);
    ChannelObserver oneByOne = new ChannelObserver(channels);
    for (int o = 0; o < outer; o++) {
      oneByOne.observe(values, o * channels * inner, channels * inner, inner);
    }
    ChannelStatistics statistics = whole.statistics();
    ChannelObserver buffered = new ChannelObserver(channels);
    buffered.observe(FloatBuffer.wrap(values), inner);
    assertThat(buffered.statistics()).isEqualTo(statistics);
    assertThat(statistics.nonFiniteCount()).isEqualTo(2);
    assertThat(oneByOne.statistics()).isEqualTo(statistics);
    for (int c = 0; c < channels; c++) {
      double sum = 0;
      double squares = 0;
      long count = 0;
      float min = Float.MAX_VALUE;
      float max = -Float.MAX_VALUE;
      for (int o = 0; o < outer; o++) {
        for (int i = 0; i < inner; i++) {
          float value = values[(o * channels + c) * inner + i];
          if (Float.isFinite(value)) {
            sum += value;
            squares += (double) value * value;
            count++;
            min = Math.min(min, value);
            max = Math.max(max, value);
          }
        }
      }
      assertThat(statistics.channels().get(c).count()).isEqualTo(count);
      assertThat(statistics.channels().get(c).min()).isEqualTo(min);
      assertThat(statistics.channels().get(c).max()).isEqualTo(max);
      assertThat(statistics.absMax()[c]).isEqualTo(Math.max(Math.abs(min), Math.abs(max)));
      assertThat(statistics.mean()[c]).isCloseTo(sum / count, within(1e-12));
      double variance = squares / count - sum / count * (sum / count);
      assertThat(statistics.channels().get(c).variance()).isCloseTo(variance, within(1e-9));
    }
  }

  @Test
  void aChannelWithoutFiniteValuesIsZero() {
    ChannelObserver observer = new ChannelObserver(2);
    observer.observe(new float[] {1f, Float.NaN}, 0, 2, 1);
    ChannelStatistics statistics = observer.statistics();
    assertThat(statistics.channels().get(1).count()).isZero();
    assertThat(statistics.mean()).containsExactly(1, 0);
    assertThat(statistics.absMax()).containsExactly(1f, 0f);
  }

  @Test
  void aLengthThatDoesNotDivideIsRejected() {
    ChannelObserver observer = new ChannelObserver(3);
    assertThatThrownBy(() -> observer.observe(new float[8], 0, 8, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
