package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Layouts, patches, equalization, SmoothQuant and bias correction: against the layers they serve.
 */
class LayerMathsTest {
  private static float[] random(int count, long seed) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  @ParameterizedTest
  @CsvSource({
    "1, 3, 8, 7, 4, 3, 2, 1, 1, 0, 2, 1, 1, 1", "1, 4, 6, 9, 6, 2, 3, 2, 1, 1, 1, 2, 2, 2",
    "2, 6, 5, 5, 6, 3, 3, 1, 2, 1, 1, 1, 1, 6", "2, 2, 9, 9, 4, 5, 1, 2, 3, 2, 0, 1, 3, 1"
  })
  void rowsTimesPatchesAreTheConvolutionOfOnnxRuntime(
      int batch,
      int in,
      int height,
      int width,
      int out,
      int kh,
      int kw,
      int strideY,
      int strideX,
      int padTop,
      int padRight,
      int dilationY,
      int dilationX,
      int group) {
    int padLeft = 1;
    int padBottom = 0;
    float[] x = random(batch * in * height * width, 1);
    float[] w = random(out * in / group * kh * kw, 2);
    float[] expected =
        new OneNode("Conv")
            .attribute("kernel_shape", kh, kw)
            .attribute("strides", strideY, strideX)
            .attribute("pads", padTop, padLeft, padBottom, padRight)
            .attribute("dilations", dilationY, dilationX)
            .attribute("group", group)
            .input()
            .constant(w, out, in / group, kh, kw)
            .runToFloats(x, batch, in, height, width);

    PatchReader patches =
        new PatchReader(
            new int[] {height, width},
            new int[] {kh, kw},
            new int[] {strideY, strideX},
            new int[] {padTop, padLeft, padBottom, padRight},
            new int[] {dilationY, dilationX});
    WeightLayout layout = WeightLayout.convolution(Shape.of(out, in / group, kh, kw), group);
    assertThat(patches.kernelSize()).isEqualTo(kh * kw);
    assertThat(expected).hasSize(batch * out * patches.positions());
    float[] patch = new float[layout.rowLength()];
    float[] row = new float[layout.rowLength()];
    for (int n = 0; n < batch; n++) {
      for (int o = 0; o < out; o++) {
        layout.readRow(w, o, row, 0);
        int g = o / layout.outPerGroup();
        for (int p = 0; p < patches.positions(); p++) {
          int from = (n * in + g * layout.inPerGroup()) * height * width;
          patches.read(x, from, layout.inPerGroup(), p, patch, 0);
          double sum = 0;
          for (int i = 0; i < row.length; i++) {
            sum += (double) row[i] * patch[i];
          }
          assertThat((float) sum)
              .isCloseTo(expected[(n * out + o) * patches.positions() + p], within(1e-4f));
        }
      }
    }
  }

  /** Channels of an element by the meaning of the dims. */
  @Test
  void layoutsKnowTheChannelsOfEveryElement() {
    WeightLayout conv = WeightLayout.convolution(Shape.of(6, 2, 3), 3);
    WeightLayout transposed = WeightLayout.transposedConvolution(Shape.of(6, 2, 3), 3);
    WeightLayout matrix = WeightLayout.matrix(Shape.of(4, 5));
    WeightLayout gemm = WeightLayout.transposedMatrix(Shape.of(4, 5));
    assertThat(List.of(conv.outChannels(), conv.inChannels())).containsExactly(6, 6);
    assertThat(List.of(transposed.outChannels(), transposed.inChannels())).containsExactly(6, 6);
    assertThat(List.of(matrix.outChannels(), matrix.inChannels())).containsExactly(5, 4);
    assertThat(List.of(gemm.outChannels(), gemm.inChannels())).containsExactly(4, 5);
    for (int out = 0; out < 6; out++) {
      for (int in = 0; in < 2; in++) {
        for (int k = 0; k < 3; k++) {
          assertThat(conv.index(out, in, k)).isEqualTo((out * 2 + in) * 3 + k);
          // [in of all, out of the group, kernel]
          int group = out / 2;
          assertThat(transposed.index(out, in, k))
              .isEqualTo(((group * 2 + in) * 2 + out % 2) * 3 + k);
        }
      }
    }
    assertThat(matrix.index(2, 3, 0)).isEqualTo(3 * 5 + 2);
    assertThat(gemm.index(2, 3, 0)).isEqualTo(2 * 5 + 3);

    float[] w = random(36, 5);
    for (WeightLayout layout : List.of(conv, transposed)) {
      float[] outMax = new float[6];
      float[] inMax = new float[6];
      float[] outFactors = random(6, 8);
      float[] inFactors = random(6, 9);
      float[] scaled = layout.scaled(w, outFactors, inFactors);
      byte[] codes = new byte[36];
      byte[] copied = new byte[36];
      new Random(3).nextBytes(codes);
      byte[] last = new byte[6];
      for (int out = 0; out < 6; out++) {
        layout.readRowChannelsLast(codes, out, last, 0);
        byte[] row = new byte[6];
        for (int in = 0; in < 2; in++) {
          for (int k = 0; k < 3; k++) {
            int at = layout.index(out, in, k);
            int globalIn = out / 2 * 2 + in;
            outMax[out] = Math.max(outMax[out], Math.abs(w[at]));
            inMax[globalIn] = Math.max(inMax[globalIn], Math.abs(w[at]));
            assertThat(scaled[at])
                .isCloseTo(w[at] * outFactors[out] * inFactors[globalIn], within(1e-5f));
            assertThat(last[k * 2 + in]).isEqualTo(codes[at]);
            row[in * 3 + k] = codes[at];
          }
        }
        layout.writeRow(row, 0, out, copied);
      }
      assertThat(layout.outputAbsMax(w)).isEqualTo(outMax);
      assertThat(layout.inputAbsMax(w)).isEqualTo(inMax);
      assertThat(copied).isEqualTo(codes);
    }
    assertThatThrownBy(() -> WeightLayout.convolution(Shape.of(5, 2, 3), 2))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static double[] layer(WeightLayout layout, float[] w, double[] x) {
    double[] y = new double[layout.outChannels()];
    for (int out = 0; out < y.length; out++) {
      int firstIn = out / layout.outPerGroup() * layout.inPerGroup();
      for (int in = 0; in < layout.inPerGroup(); in++) {
        for (int k = 0; k < layout.kernel(); k++) {
          y[out] += w[layout.index(out, in, k)] * x[firstIn + in];
        }
      }
    }
    return y;
  }

  private static double[] network(
      List<WeightLayout> layouts, List<float[]> weights, List<float[]> biases, double[] x) {
    double[] y = x;
    for (int i = 0; i < layouts.size(); i++) {
      y = layer(layouts.get(i), weights.get(i), y);
      for (int c = 0; c < y.length; c++) {
        double value = y[c] + biases.get(i)[c];
        y[c] = i + 1 < layouts.size() ? Math.max(0, value) : value;
      }
    }
    return y;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void equalizationKeepsTheFunctionAndMakesRangesEqual(long seed) {
    // Pointwise, depthwise, pointwise, as in MobileNet; then a matrix.
    List<WeightLayout> layouts =
        List.of(
            WeightLayout.convolution(Shape.of(8, 5, 1, 1), 1),
            WeightLayout.convolution(Shape.of(8, 1, 3, 3), 8),
            WeightLayout.convolution(Shape.of(6, 8, 1, 1), 1),
            WeightLayout.matrix(Shape.of(6, 4)));
    List<float[]> weights = new java.util.ArrayList<>();
    List<float[]> biases = new java.util.ArrayList<>();
    Random random = new Random(seed);
    for (WeightLayout layout : layouts) {
      float[] w = random(layout.size(), random.nextLong());
      float[] uneven = new float[layout.outChannels()];
      for (int c = 0; c < uneven.length; c++) {
        uneven[c] = (float) Math.exp(3 * random.nextGaussian());
      }
      float[] ones = new float[layout.inChannels()];
      Arrays.fill(ones, 1f);
      weights.add(layout.scaled(w, uneven, ones));
      biases.add(random(layout.outChannels(), random.nextLong()));
    }
    Arrays.fill(weights.get(0), 10, 15, 0f); // the third channel is dead
    List<CrossLayerEqualization.Layer> chain = new java.util.ArrayList<>();
    for (int i = 0; i < layouts.size(); i++) {
      chain.add(new CrossLayerEqualization.Layer(layouts.get(i), weights.get(i)));
    }
    List<float[]> scales = CrossLayerEqualization.DEFAULT.scales(chain);
    assertThat(scales).hasSize(3);
    assertThat(scales.get(0)[2]).isEqualTo(1f);

    List<float[]> equalized = new java.util.ArrayList<>();
    List<float[]> newBiases = new java.util.ArrayList<>();
    for (int i = 0; i < layouts.size(); i++) {
      float[] out = new float[layouts.get(i).outChannels()];
      float[] in = new float[layouts.get(i).inChannels()];
      Arrays.fill(in, 1f);
      float[] bias = biases.get(i).clone();
      for (int c = 0; c < out.length; c++) {
        out[c] = i < 3 ? 1 / scales.get(i)[c] : 1f;
        bias[c] *= out[c];
      }
      if (i > 0) {
        in = scales.get(i - 1);
      }
      equalized.add(layouts.get(i).scaled(weights.get(i), out, in));
      newBiases.add(bias);
    }
    for (int trial = 0; trial < 20; trial++) {
      double[] x = random.doubles(5, -2, 2).toArray();
      double[] before = network(layouts, weights, biases, x);
      double[] after = network(layouts, equalized, newBiases, x);
      for (int c = 0; c < before.length; c++) {
        assertThat(after[c]).isCloseTo(before[c], within(1e-4 * (1 + Math.abs(before[c]))));
      }
    }
    for (int i = 0; i < 3; i++) {
      float[] r1 = layouts.get(i).outputAbsMax(equalized.get(i));
      float[] r2 = layouts.get(i + 1).inputAbsMax(equalized.get(i + 1));
      for (int c = 0; c < r1.length; c++) {
        if (r1[c] > 0) {
          assertThat(r1[c] / r2[c]).isCloseTo(1f, within(0.02f));
        }
      }
    }
  }

  @Test
  void equalizationOfOnePairIsTheFormulaOfThePaper() {
    WeightLayout first = WeightLayout.transposedMatrix(Shape.of(2, 1));
    WeightLayout second = WeightLayout.transposedMatrix(Shape.of(1, 2));
    float[] s =
        CrossLayerEqualization.DEFAULT
            .scales(
                List.of(
                    new CrossLayerEqualization.Layer(first, new float[] {8f, -0.5f}),
                    new CrossLayerEqualization.Layer(second, new float[] {2f, 50f})))
            .get(0);
    assertThat(s[0]).isCloseTo((float) (Math.sqrt(8 * 2) / 2), within(1e-6f));
    assertThat(s[1]).isCloseTo((float) (Math.sqrt(0.5 * 50) / 50), within(1e-6f));
    assertThatThrownBy(
            () ->
                CrossLayerEqualization.DEFAULT.scales(
                    List.of(
                        new CrossLayerEqualization.Layer(first, new float[2]),
                        new CrossLayerEqualization.Layer(first, new float[2]))))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void smoothQuantBalancesActivationAndWeight() {
    float[] x = {100f, 1f, 0.01f, 0f, Float.POSITIVE_INFINITY, 1f};
    float[] w = {0.25f, 0.25f, 4f, 1f, 1f, 0f};
    float[] s = SmoothQuant.DEFAULT.scales(x, w);
    assertThat(s[0]).isCloseTo(20f, within(1e-5f));
    for (int j = 0; j < 3; j++) {
      assertThat(x[j] / s[j]).isCloseTo(w[j] * s[j], within(1e-5f));
    }
    assertThat(s).endsWith(1f, 1f, 1f);
    assertThat(new SmoothQuant(1).scales(x, w)[0]).isCloseTo(100f, within(1e-4f));
    assertThat(new SmoothQuant(0).scales(x, w)[0]).isCloseTo(4f, within(1e-5f));
    assertThatThrownBy(() -> new SmoothQuant(1.5)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void smoothQuantLowersTheErrorOfAProductWithOutlierChannels() {
    int rows = 64;
    int in = 32;
    int out = 16;
    float[] x = random(rows * in, 1);
    for (int r = 0; r < rows; r++) {
      x[r * in + 5] *= 60f;
    }
    float[] w = random(in * out, 2);
    WeightLayout layout = WeightLayout.matrix(Shape.of(in, out));
    float[] absMax = new float[in];
    for (int i = 0; i < x.length; i++) {
      absMax[i % in] = Math.max(absMax[i % in], Math.abs(x[i]));
    }
    float[] s = SmoothQuant.DEFAULT.scales(absMax, layout.inputAbsMax(w));
    float[] ones = new float[out];
    Arrays.fill(ones, 1f);
    float[] smoothX = x.clone();
    for (int i = 0; i < x.length; i++) {
      smoothX[i] /= s[i % in];
    }
    double plain = quantizedError(x, w, x, w, in, out);
    double smooth = quantizedError(x, w, smoothX, layout.scaled(w, ones, s), in, out);
    assertThat(smooth).isLessThan(0.2 * plain);
  }

  private static double quantizedError(
      float[] x, float[] w, float[] qx, float[] qw, int in, int out) {
    float reachX = 0;
    float reachW = 0;
    for (float v : qx) {
      reachX = Math.max(reachX, Math.abs(v));
    }
    for (float v : qw) {
      reachW = Math.max(reachW, Math.abs(v));
    }
    double sum = 0;
    for (int r = 0; r < x.length / in; r++) {
      for (int o = 0; o < out; o++) {
        double error = 0;
        for (int i = 0; i < in; i++) {
          double a = Math.rint(qx[r * in + i] / (reachX / 127)) * (reachX / 127);
          double b = Math.rint(qw[i * out + o] / (reachW / 127)) * (reachW / 127);
          error += a * b - (double) x[r * in + i] * w[i * out + o];
        }
        sum += error * error;
      }
    }
    return sum;
  }

  @Test
  void theExpectedShiftIsTheObservedShift() {
    for (WeightLayout layout :
        List.of(
            WeightLayout.matrix(Shape.of(7, 5)),
            WeightLayout.convolution(Shape.of(4, 3, 1, 1), 2),
            WeightLayout.transposedConvolution(Shape.of(6, 2, 1), 3))) {
      float[] w = random(layout.size(), 1);
      float[] q = w.clone();
      for (int i = 0; i < q.length; i++) {
        q[i] = (float) Math.rint(w[i] * 3) / 3;
      }
      Random random = new Random(4);
      double[] mean = new double[layout.inChannels()];
      double[] floatMean = new double[layout.outChannels()];
      double[] quantizedMean = new double[layout.outChannels()];
      int samples = 50;
      for (int s = 0; s < samples; s++) {
        double[] x = random.doubles(layout.inChannels(), -1, 3).toArray();
        double[] y = layer(layout, w, x);
        double[] z = layer(layout, q, x);
        for (int c = 0; c < x.length; c++) {
          mean[c] += x[c] / samples;
        }
        for (int c = 0; c < y.length; c++) {
          floatMean[c] += y[c] / samples;
          quantizedMean[c] += z[c] / samples;
        }
      }
      double[] expected = BiasCorrection.expectedShift(layout, w, q, mean);
      double[] observed = BiasCorrection.observedShift(floatMean, quantizedMean);
      assertThat(expected).containsExactly(observed, within(1e-9));
      float[] bias = random(expected.length, 7);
      float[] corrected = BiasCorrection.corrected(bias, expected);
      assertThat(corrected[1]).isCloseTo((float) (bias[1] + observed[1]), within(1e-6f));
      assertThat(BiasCorrection.corrected(new float[0], expected)[1])
          .isCloseTo((float) observed[1], within(1e-6f));
    }
  }
}
