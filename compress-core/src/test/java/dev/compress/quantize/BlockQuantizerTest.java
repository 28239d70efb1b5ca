package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BlockQuantizerTest {
  private static float[] gaussian(int count, long seed) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian() * 0.05f;
    }
    return values;
  }

  private static float[] floats(Tensor tensor) {
    float[] values = new float[(int) tensor.elementCount()];
    ByteBuffer.wrap(tensor.data().toByteArray())
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(values);
    return values;
  }

  @ParameterizedTest
  @CsvSource({
    "64, 6, 16, true",
    "64, 6, 16, false",
    "100, 7, 32, true",
    "100, 7, 32, false",
    "5, 3, 16, true",
    "129, 1, 128, false"
  })
  void onnxRuntimeReadsTheSameValues(
      int inputs, int outputs, int blockSize, boolean symmetric, @TempDir Path folder) {
    float[] weights = gaussian(inputs * outputs, 1);
    Tensor matrix = Tensor.ofFloats(Shape.of(inputs, outputs), weights);
    try (Scratch scratch = new Scratch(folder)) {
      BlockQuantizer.Result result =
          new BlockQuantizer(blockSize, symmetric, true, 1).quantize(matrix, null, scratch);
      int blocks = (inputs + blockSize - 1) / blockSize;
      assertThat(result.scales().shape()).isEqualTo(Shape.of(blocks, outputs));
      assertThat(result.codes().shape()).isEqualTo(matrix.shape());
      assertThat(result.zeroPoints().isPresent()).isEqualTo(!symmetric);

      int type = result.codes().type().code();
      OneNode node =
          new OneNode("DequantizeLinear")
              .attribute("axis", 0)
              .attribute("block_size", blockSize)
              .constant(type, result.codes().data().toByteArray(), inputs, outputs)
              .constant(floats(result.scales()), blocks, outputs);
      result
          .zeroPoints()
          .ifPresent(z -> node.constant(type, z.data().toByteArray(), blocks, outputs));
      float[] theirs = node.runToFloats(new float[1], 1);

      double squaredError = 0;
      float[] scales = floats(result.scales());
      for (int i = 0; i < weights.length; i++) {
        double error = (double) theirs[i] - weights[i];
        squaredError += error * error;
        float scale = scales[i / outputs / blockSize * outputs + i % outputs];
        assertThat(Math.abs(error)).isLessThanOrEqualTo(2.5 * scale);
      }
      assertThat(result.squaredError()).isCloseTo(squaredError, within(1e-6 * squaredError));
    }
  }

  private static double symmetricError(float[] block, double scale) {
    double sum = 0;
    for (float w : block) {
      double code = Math.max(-8, Math.min(7, Math.rint(w / scale)));
      sum += (w - code * scale) * (w - code * scale);
    }
    return sum;
  }

  private static double asymmetricError(float[] block, double scale, int zero) {
    double sum = 0;
    for (float w : block) {
      double code = Math.max(0, Math.min(15, Math.rint(w / scale) + zero));
      sum += (w - (code - zero) * scale) * (w - (code - zero) * scale);
    }
    return sum;
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 32, 128})
  void searchedBlocksComeCloseToTheBruteForceOptimum(int size) {
    BlockStrip symmetric = new BlockStrip(size, 1, true, true);
    BlockStrip asymmetric = new BlockStrip(size, 1, false, true);
    BlockStrip plain = new BlockStrip(size, 1, true, false);
    byte[] codes = new byte[size];
    double reached = 0;
    double best = 0;
    double reachedAsymmetric = 0;
    double bestAsymmetric = 0;
    double unsearched = 0;
    float[] weights = gaussian(60 * size, 17);
    for (int trial = 0; trial < 60; trial++) {
      float[] block = Arrays.copyOfRange(weights, trial * size, (trial + 1) * size);
      float reach = 0;
      for (float w : block) {
        reach = Math.max(reach, Math.abs(w));
      }
      double least = Double.POSITIVE_INFINITY;
      double leastAsymmetric = Double.POSITIVE_INFINITY;
      for (int s = 1; s <= 400; s++) {
        least = Math.min(least, symmetricError(block, reach * s / 400 / 4));
        for (int zero = 4; zero <= 12; zero++) {
          leastAsymmetric =
              Math.min(leastAsymmetric, asymmetricError(block, reach * s / 400 / 4, zero));
        }
      }
      symmetric.fit(block, 0, 1, size, 1);
      asymmetric.fit(block, 0, 1, size, 1);
      plain.fit(block, 0, 1, size, 1);
      double symmetricError = symmetric.write(codes, 0, 1);
      double asymmetricError = asymmetric.write(codes, 0, 1);
      double plainError = plain.write(codes, 0, 1);
      assertThat(symmetricError).isCloseTo(symmetricError(block, symmetric.scale(0)), within(1e-9));
      assertThat(asymmetricError)
          .isCloseTo(
              asymmetricError(block, asymmetric.scale(0), asymmetric.zeroPoint(0)), within(1e-9));
      assertThat(symmetricError).isLessThanOrEqualTo(plainError * 1.00001);
      reached += symmetricError;
      best += least;
      reachedAsymmetric += asymmetricError;
      bestAsymmetric += leastAsymmetric;
      unsearched += plainError;
    }
    assertThat(reached).isLessThan(1.02 * best);
    assertThat(reachedAsymmetric).isLessThan(1.02 * bestAsymmetric);
    assertThat(reached).isLessThan(0.95 * unsearched);
  }

  @Test
  void importanceMovesTheErrorToWhatMattersLess() {
    float[] block = gaussian(32, 9);
    double[] importance = new double[40];
    Arrays.fill(importance, 1e-3);
    importance[3 + 8] = 1000;
    BlockStrip fit = new BlockStrip(32, 1, true, true);
    byte[] codes = new byte[32];
    fit.fit(block, 0, 1, 32, 1);
    double evenly = fit.write(codes, 0, 1);
    double plain = Math.abs(block[3] - codes[3] * fit.scale(0));
    fit.fit(block, 0, 1, 32, 1, importance, 8);
    assertThat(fit.write(codes, 0, 1)).isNotEqualTo(evenly);
    assertThat((double) Math.abs(block[3] - codes[3] * fit.scale(0)))
        .isLessThan(0.2 * plain + 1e-6);
  }

  @Test
  void anyNumberOfThreadsAndPiecesGivesTheSame(@TempDir Path folder) {
    int inputs = 2_000;
    int outputs = 300;
    Tensor matrix = Tensor.ofFloats(Shape.of(inputs, outputs), gaussian(inputs * outputs, 4));
    try (Scratch scratch = new Scratch(folder)) {
      for (boolean symmetric : new boolean[] {true, false}) {
        BlockQuantizer.Result one =
            new BlockQuantizer(32, symmetric, false, 1).quantize(matrix, null, scratch);
        BlockQuantizer.Result three =
            new BlockQuantizer(32, symmetric, false, 3).quantize(matrix, null, scratch);
        assertThat(three.codes().data().toByteArray()).isEqualTo(one.codes().data().toByteArray());
        assertThat(floats(three.scales())).isEqualTo(floats(one.scales()));
        assertThat(three.squaredError()).isEqualTo(one.squaredError());
      }
    }
  }

  @Test
  void blocksOfZerosAndOfOneSign() {
    BlockStrip fit = new BlockStrip(16, 2, false, true);
    byte[] codes = new byte[32];
    float[] positive = new float[32];
    for (int k = 0; k < 16; k++) {
      positive[2 * k + 1] = 0.3f; // the other column is zero
    }
    fit.fit(positive, 0, 2, 16, 2);
    assertThat(fit.write(codes, 0, 2)).isCloseTo(0, within(1e-12));
    assertThat((codes[10] - fit.zeroPoint(0)) * fit.scale(0)).isZero();
    assertThat((codes[11] - fit.zeroPoint(1)) * fit.scale(1)).isCloseTo(0.3f, within(1e-6f));
    positive[4] = Float.NaN;
    assertThatThrownBy(() -> fit.fit(positive, 0, 2, 16, 2))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new BlockQuantizer(24, true, true, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void nibblesLieFirstInTheLowBits() {
    byte[] packed = new byte[4];
    Nibbles.pack(new byte[] {0, 1, -2, 3, -8, 7}, 1, packed, 1, 5);
    assertThat(packed).containsExactly(0x00, 0xE1, 0x83, 0x07);
    byte[] codes = new byte[5];
    Nibbles.unpack(packed, 1, codes, 0, 5, true);
    assertThat(codes).containsExactly(1, -2, 3, -8, 7);
    Nibbles.unpack(packed, 1, codes, 0, 5, false);
    assertThat(codes).containsExactly(1, 14, 3, 8, 7);
    assertThat(Nibbles.packedSize(5)).isEqualTo(3);
  }
}
