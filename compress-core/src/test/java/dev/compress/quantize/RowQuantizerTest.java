package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.InvalidModelException;
import dev.compress.pass.PassContext;
import dev.compress.progress.Progress;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RowQuantizerTest {
  @TempDir Path folder;

  private static float[] weights(int count) {
    Random random = new Random(5);
    float[] weights = new float[count];
    for (int i = 0; i < count; i++) {
      weights[i] = (float) random.nextGaussian();
    }
    return weights;
  }

  @ParameterizedTest
  @CsvSource({"1, 7", "3, 2", "700, 9", "5, 300000", "1300, 1000", "2, 1048576"})
  void givesWhatReadingTwiceGives(int channels, int inner) {
    Shape shape = Shape.of(channels, inner);
    ChannelLayout layout = ChannelLayout.of(shape, 0);
    assertThat(RowQuantizer.fits(layout)).isTrue();
    float[] weights = weights(channels * inner);
    Tensor tensor = Tensor.ofFloats(shape, weights);
    float[] bias = weights(channels);
    bias[0] = 1e9f; // the guard raises this channel's scale
    BiasQuantizer guard = new BiasQuantizer(1e-3f, inner);
    WeightQuantizer twice = new WeightQuantizer(127, 2);
    try (Scratch scratch = new Scratch(folder)) {
      float[] scales =
          guard.raisedScales(bias, WeightScales.symmetric(twice.magnitudes(tensor, layout), 127));
      byte[] codes = twice.codes(tensor, layout, scales, scratch).data().toByteArray();
      for (int threads : new int[] {1, 3}) {
        AtomicIntegerArray seen = new AtomicIntegerArray(channels);
        double[] sums = new double[channels];
        WeightCodes once =
            WeightCodes.of(
                "w",
                tensor,
                layout,
                127,
                guard,
                bias,
                (first, values, block, used) -> {
                  for (int row = 0; row < used.length; row++) {
                    seen.incrementAndGet(first + row);
                    for (int i = 0; i < inner; i++) {
                      int at = row * inner + i;
                      sums[first + row] += values[at] - (double) block[at] * used[row];
                    }
                  }
                },
                new PassContext(scratch, Progress.NONE, threads, 0));
        assertThat(once.scales()).isEqualTo(scales);
        assertThat(once.codes().shape()).isEqualTo(shape);
        assertThat(once.codes().data().toByteArray()).isEqualTo(codes);
        for (int c = 0; c < channels; c++) {
          double sum = 0;
          for (int i = c * inner; i < (c + 1) * inner; i++) {
            sum += weights[i] - (double) codes[i] * scales[c];
          }
          assertThat(seen.get(c)).isOne();
          assertThat(sums[c]).isEqualTo(sum);
        }
      }
    }
  }

  @Test
  void leavesOtherLayoutsAlone() {
    assertThat(RowQuantizer.fits(ChannelLayout.of(Shape.of(4, 5, 6), 1))).isFalse();
    assertThat(RowQuantizer.fits(ChannelLayout.of(Shape.of(4, 5), 1))).isFalse();
    assertThat(RowQuantizer.fits(new ChannelLayout(1, 2, 1L << 21))).isFalse();
  }

  @Test
  void refusesWhatIsNotFinite() {
    float[] weights = weights(40);
    weights[17] = Float.NaN;
    Tensor tensor = Tensor.ofFloats(Shape.of(4, 10), weights);
    try (Scratch scratch = new Scratch(folder)) {
      PassContext context = new PassContext(scratch, Progress.NONE, 1, 0);
      assertThatThrownBy(
              () ->
                  WeightCodes.of(
                      "w",
                      tensor,
                      ChannelLayout.of(tensor.shape(), 0),
                      127,
                      null,
                      new float[0],
                      context))
          .isInstanceOf(InvalidModelException.class)
          .hasMessageContaining("Weight w holds NaN");
    }
  }

  @Test
  void keepsOneScaleWhereValuesAreFew() {
    float[] weights = new float[400];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (i % 4) * 0.25f * (1 + i / 200);
    }
    Tensor tensor = Tensor.ofFloats(Shape.of(2, 200), weights);
    try (Scratch scratch = new Scratch(folder)) {
      PassContext context = new PassContext(scratch, Progress.NONE, 1, 0);
      WeightCodes codes =
          WeightCodes.of(
              "w", tensor, ChannelLayout.of(tensor.shape(), 0), 127, null, new float[0], context);
      assertThat(codes.scales()).containsOnly(codes.scales()[0]);
    }
  }
}
