package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.calibrate.DatasetSamples;
import dev.compress.calibrate.Samples;
import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.data.InputSpec;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StridedSamplesTest {
  /** Sample i holds i. */
  private static Samples bound(int count, long batch) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = i;
    }
    TensorBuffer x = TensorBuffer.of(Shape.of(count, 1), values);
    Dataset data = Dataset.of("count", Map.of("x", x), new long[0], DataDescriptor.NONE);
    return new DatasetSamples(data.bind(List.of(InputSpec.of("x", ElementType.FLOAT, batch, 1))));
  }

  private static List<Integer> firsts(Samples samples) {
    List<Integer> firsts = new ArrayList<>();
    samples.forEachBatch(
        1, (inputs, n) -> firsts.add((int) Objects.requireNonNull(inputs.get("x")).toFloats()[0]));
    return firsts;
  }

  @Test
  void samplesAtEqualDistances() {
    assertThat(firsts(new StridedSamples(bound(20, -1), 2, 5, 8))).containsExactly(2, 7, 12, 17);
    assertThat(firsts(new StridedSamples(bound(20, -1), 2, 5, 3))).containsExactly(2, 7, 12);
  }

  @ParameterizedTest
  @CsvSource({"1, 2, '0 4 8'", "5, 6, '4 8'", "0, 8, '0 8'"})
  void batchesThatHoldThem(long offset, long stride, String expected) {
    Samples strided = new StridedSamples(bound(12, 4), offset, stride, 8);
    assertThat(firsts(strided)).extracting(String::valueOf).containsExactly(expected.split(" "));
    assertThat(strided.fixedRows()).isEqualTo(4);
  }
}
