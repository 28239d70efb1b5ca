package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.pass.PassContext;
import dev.compress.progress.Progress;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WeightQuantizerTest {
  private static float[] weights(int count, long seed) {
    Random random = new Random(seed);
    float[] weights = new float[count];
    for (int i = 0; i < count; i++) {
      weights[i] = (float) (random.nextGaussian() * (1 + random.nextInt(5)));
    }
    return weights;
  }

  /** The channel of an element, from its coordinates. */
  private static int channel(long[] dims, int axis, int position) {
    int rest = position;
    int channel = 0;
    for (int d = dims.length - 1; d >= 0; d--) {
      if (d == axis) {
        channel = (int) (rest % dims[d]);
      }
      rest /= (int) dims[d];
    }
    return channel;
  }

  @ParameterizedTest
  @CsvSource({
    "5x4x3x3, 0, 127",
    "5x4x3x3, 1, 127",
    "5x4x3x3, 3, 63",
    "700x900, 0, 127",
    "700x900, 1, 127",
    "3x200001, 1, 63",
    "200001x3, 0, 127",
    "1x1, 0, 127",
    "6x1x5, 1, 63"
  })
  void equalsAPlainLoopOnAnyNumberOfThreads(
      String shapeText, int axis, int limit, @TempDir Path folder) {
    long[] dims = Arrays.stream(shapeText.split("x")).mapToLong(Long::parseLong).toArray();
    Shape shape = Shape.of(dims);
    float[] weights = weights((int) shape.elementCount(), 3);
    ChannelLayout layout = ChannelLayout.of(shape, axis);
    float[] expectedMax = new float[layout.channels()];
    for (int i = 0; i < weights.length; i++) {
      int c = channel(dims, axis, i);
      assertThat(layout.channelAt(i)).isEqualTo(c);
      expectedMax[c] = Math.max(expectedMax[c], Math.abs(weights[i]));
    }
    Tensor tensor = Tensor.ofFloats(shape, weights);
    try (Scratch scratch = new Scratch(folder)) {
      for (int threads : new int[] {1, 3}) {
        WeightQuantizer quantizer = new WeightQuantizer(limit, threads);
        float[] absMax = quantizer.magnitudes(tensor, layout);
        assertThat(absMax).isEqualTo(expectedMax);
        float[] scales = WeightScales.symmetric(absMax, limit);
        Tensor codes = quantizer.codes(tensor, layout, scales, scratch);
        assertThat(codes.shape()).isEqualTo(shape);
        byte[] bytes = codes.data().toByteArray();
        float[] back = new float[weights.length];
        new ChannelQuantizer(layout, scales, limit).dequantize(0, bytes, 0, back, 0, back.length);
        for (int i = 0; i < weights.length; i++) {
          float scale = scales[channel(dims, axis, i)];
          double code = Math.max(-limit, Math.min(limit, Math.rint(weights[i] / scale)));
          if (bytes[i] != code || back[i] != (float) code * scale) {
            assertThat((double) bytes[i]).as("element %d", i).isEqualTo(code);
            assertThat(back[i]).isEqualTo((float) code * scale);
          }
        }
      }
    }
  }

  @Test
  void piecesMayBeCutAnywhere() {
    ChannelLayout layout = new ChannelLayout(3, 7, 5);
    ChannelLayout alternating = new ChannelLayout(15, 7, 1);
    float[] weights = weights(105, 8);
    Random random = new Random(2);
    for (ChannelLayout l : new ChannelLayout[] {layout, alternating}) {
      ChannelAbsMax whole = new ChannelAbsMax(l);
      whole.observe(0, weights, 0, 105);
      float[] scales = WeightScales.symmetric(whole.values(), 127);
      byte[] codes = new byte[105];
      new ChannelQuantizer(l, scales, 127).quantize(0, weights, 0, codes, 0, 105);
      for (int trial = 0; trial < 50; trial++) {
        ChannelAbsMax first = new ChannelAbsMax(l);
        ChannelAbsMax second = new ChannelAbsMax(l);
        byte[] cut = new byte[105];
        for (int at = 0; at < 105; ) {
          int count = Math.min(1 + random.nextInt(40), 105 - at);
          (random.nextBoolean() ? first : second).observe(at, weights, at, count);
          new ChannelQuantizer(l, scales, 127).quantize(at, weights, at, cut, at, count);
          at += count;
        }
        first.merge(second);
        assertThat(first.values()).isEqualTo(whole.values());
        assertThat(cut).isEqualTo(codes);
      }
    }
  }

  @Test
  void weightsThatAreNotFiniteShowInTheirChannel() {
    float[] weights = weights(40_000, 1);
    weights[10_123] = Float.NaN;
    weights[30_456] = Float.NEGATIVE_INFINITY;
    for (int axis = 0; axis < 2; axis++) {
      Shape shape = Shape.of(200, 200);
      float[] absMax =
          new WeightQuantizer(127, 2)
              .magnitudes(Tensor.ofFloats(shape, weights), ChannelLayout.of(shape, axis));
      int nan = axis == 0 ? 10_123 / 200 : 10_123 % 200;
      int infinite = axis == 0 ? 30_456 / 200 : 30_456 % 200;
      for (int c = 0; c < 200; c++) {
        assertThat(Float.isFinite(absMax[c])).isEqualTo(c != nan && c != infinite);
      }
      assertThatThrownBy(() -> WeightScales.symmetric(absMax, 127))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aChannelOfZerosGetsTheSmallestScale() {
    assertThat(WeightScales.symmetric(new float[] {127f, 0f, 254f}, 127))
        .containsExactly(1f, 1f, 2f);
    assertThat(WeightScales.symmetric(new float[] {0f, 0f}, 127)).containsExactly(1f, 1f);
    assertThat(WeightScales.perTensor(new float[] {63f, 0f, 126f}, 63)).containsOnly(2f);
  }

  private static double squaredError(float[] row, float scale, int limit) {
    double sum = 0;
    for (float w : row) {
      double code = Math.max(-limit, Math.min(limit, Math.rint(w / (double) scale)));
      sum += (w - code * scale) * (w - code * scale);
    }
    return sum;
  }

  @ParameterizedTest
  @CsvSource({"0, 127, 1", "1, 127, 2", "0, 7, 1", "1, 7, 3"})
  void searchedScalesAreTheBestOfTheirCandidates(int axis, int limit, int threads) {
    int channels = 12;
    int length = 30_000;
    float[][] rows = new float[channels][length];
    Random random = new Random(6);
    for (float[] row : rows) {
      for (int k = 0; k < length; k++) {
        double g = random.nextGaussian();
        row[k] = (float) (g * g * g * 0.1);
      }
    }
    float[] weights = new float[channels * length];
    for (int c = 0; c < channels; c++) {
      for (int k = 0; k < length; k++) {
        weights[axis == 0 ? c * length + k : k * channels + c] = rows[c][k];
      }
    }
    Shape shape = axis == 0 ? Shape.of(channels, length) : Shape.of(length, channels);
    ChannelLayout layout = ChannelLayout.of(shape, axis);
    Tensor tensor = Tensor.ofFloats(shape, weights);
    WeightQuantizer quantizer = new WeightQuantizer(limit, threads);
    float[] absMax = quantizer.magnitudes(tensor, layout);
    float[] plain = WeightScales.symmetric(absMax, limit);
    float[] found = quantizer.searchScales(tensor, layout, absMax);
    assertThat(new WeightQuantizer(limit, 1).searchScales(tensor, layout, absMax)).isEqualTo(found);
    for (int c = 0; c < channels; c++) {
      double best = Double.POSITIVE_INFINITY;
      for (double share = 0.4; share <= 1.0001; share += 0.02) {
        best = Math.min(best, squaredError(rows[c], (float) (plain[c] * share), limit));
      }
      double reached = squaredError(rows[c], found[c], limit);
      assertThat(reached).isLessThanOrEqualTo(1.03 * best);
      assertThat(reached).isLessThanOrEqualTo(squaredError(rows[c], plain[c], limit));
    }
    if (limit == 7) {
      assertThat((double) found[0] / plain[0]).isCloseTo(0.5, within(0.25));
    }
  }

  /** With a scale for each channel, eight values would be hundreds of codes. */
  @ParameterizedTest(name = "{0} values")
  @ValueSource(ints = {2, 8, 200})
  void fewValuesAreAsManyCodesOfOneScale(int values, @TempDir Path folder) {
    Random random = new Random(values);
    float[] weights = new float[40 * 50];
    for (int i = 0; i < weights.length; i++) {
      int value = random.nextInt(1 + values * (1 + i / 50) / 40); // some channels are small
      weights[i] = value == 0 ? 0 : (value % 2 == 0 ? 1 : -1) * 0.01f * value;
    }
    try (Scratch scratch = new Scratch(folder)) {
      WeightCodes codes = codes(weights, scratch);
      assertThat(codes.scales()).containsOnly(codes.scales()[0]);
      assertThat(WeightScales.withoutRepetition(codes.scales())).hasSize(1);
      byte[] bytes = codes.codes().data().toByteArray();
      for (int i = 0; i < weights.length; i++) {
        assertThat(bytes[i] * codes.scales()[0])
            .isCloseTo(weights[i], within(codes.scales()[0] / 2 * 1.001f));
        for (int j = 0; j < i; j += 97) {
          assertThat(weights[i] != weights[j] || bytes[i] == bytes[j]).isTrue();
        }
      }
    }
  }

  @Test
  void manyValuesHaveAScaleAChannel(@TempDir Path folder) {
    try (Scratch scratch = new Scratch(folder)) {
      float[] scales = codes(weights(40 * 50, 5), scratch).scales();
      assertThat(WeightScales.withoutRepetition(scales)).hasSize(40);
    }
  }

  private static WeightCodes codes(float[] weights, Scratch scratch) {
    Shape shape = Shape.of(40, 50);
    return WeightCodes.of(
        "w",
        Tensor.ofFloats(shape, weights),
        ChannelLayout.of(shape, 0),
        127,
        null,
        new float[0],
        new PassContext(scratch, Progress.NONE, 1, 0));
  }
}
