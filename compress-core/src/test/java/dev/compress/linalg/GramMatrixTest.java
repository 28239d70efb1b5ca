package dev.compress.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GramMatrixTest {
  @ParameterizedTest
  @CsvSource({"1, 1", "3, 0", "5, 63", "40, 64", "70, 200"})
  void equalsThePlainSumAndDependsNeitherOnCutsNorOnThreads(int size, int rows) {
    Random random = new Random(size);
    float[] values = new float[size * rows];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    GramMatrix whole = new GramMatrix(size, 1);
    whole.observe(values, 0, rows);
    GramMatrix cut = new GramMatrix(size, 3);
    for (int at = 0; at < rows; ) {
      int count = Math.min(rows - at, 1 + random.nextInt(30));
      cut.observe(values, at * size, count);
      at += count;
      if (at == rows / 2) {
        assertThat(cut.mean()).hasDimensions(size, size); // a look in between changes nothing
      }
    }
    double[][] mean = whole.mean();
    assertThat(cut.mean()).isDeepEqualTo(mean);
    assertThat(cut.rows()).isEqualTo(rows);
    for (int i = 0; i < size; i++) {
      for (int j = 0; j < size; j++) {
        double sum = 0;
        for (int r = 0; r < rows; r++) {
          sum += (double) values[r * size + i] * values[r * size + j];
        }
        assertThat(mean[i][j]).isCloseTo(rows == 0 ? 0 : sum / rows, within(1e-12));
      }
    }
  }
}
