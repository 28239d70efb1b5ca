package dev.compress.data;

import static dev.compress.data.DataFixtures.labels;
import static dev.compress.data.DataFixtures.resource;
import static dev.compress.data.DataFixtures.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ElementType;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads what NumPy wrote; element (i, j, k) of the cube is 100 i + 10 j + k. */
class NumpyReadersTest {
  private static final double[] CUBE =
      IntStream.range(0, 24).mapToDouble(n -> 100 * (n / 8) + 10 * (n / 4 % 2) + n % 4).toArray();

  @ParameterizedTest
  @ValueSource(strings = {"stored.npz", "deflated.npz"})
  void arraysOfAnArchive(String name) {
    try (Dataset data = Dataset.open(resource(name))) {
      assertThat(data.sampleCount()).isEqualTo(3);
      assertThat(data.inputs())
          .containsExactly(
              new DataInput("cube", ElementType.FLOAT, List.of(2L, 4L), false),
              new DataInput("ids", ElementType.INT64, List.of(4L), false));
      assertThat(values(data, "cube", 2)).containsExactly(CUBE);
      assertThat(values(data, "ids", 1))
          .containsExactly(IntStream.range(0, 12).mapToDouble(i -> i - 5).toArray());
      assertThat(labels(data)).containsExactly(2, 0, 1);
      assertThat(data.notes()).anyMatch(n -> n.contains("'rate'"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"fortran.npy", "big-endian.npy", "version2.npy", "version3.npy"})
  void arraysOfEveryOrderAndVersion(String name) {
    try (Dataset data = Dataset.open(resource(name))) {
      assertThat(data.sampleCount()).isEqualTo(3);
      assertThat(values(data)).containsExactly(CUBE);
      assertThat(data.labelKind()).isEqualTo(LabelKind.NONE);
    }
  }

  @Test
  void partsOfOneArchiveAreChosenByTheDescriptor() {
    DataDescriptor test =
        DataDescriptor.parse("inputs: {x: {from: x_test}}\nlabels: {column: y_test}\nmetric: top1");
    try (Dataset data = Dataset.open(resource("parts.npz"), test)) {
      assertThat(values(data)).containsExactly(CUBE);
      assertThat(labels(data)).containsExactly(2, 0, 1);
    }
    assertThatThrownBy(() -> Dataset.open(resource("parts.npz")))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("array 'x_train' float32[2, 4] has 2 samples")
        .hasMessageContaining("array 'x_test' float32[2, 4] has 3");
    DataDescriptor wrong = DataDescriptor.parse("labels: {column: z}");
    assertThatThrownBy(() -> Dataset.open(resource("parts.npz"), wrong))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("no array 'z'")
        .hasMessageContaining("y_test");
  }

  @Test
  void halvesAndBools() {
    try (Dataset half = Dataset.open(resource("half.npy"));
        Dataset bool = Dataset.open(resource("bool.npy"))) {
      assertThat(half.inputs().get(0).type()).isEqualTo(ElementType.FLOAT16);
      assertThat(values(half)).containsExactly(0.5, -2, 65504, 0x1p-24);
      assertThat(values(bool)).containsExactly(1, 0, 0, 1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"complex.npy", "strings.npy", "records.npy"})
  void whatIsNoPlainNumberIsRefused(String name) {
    assertThatThrownBy(() -> Dataset.open(resource(name)))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining(name)
        .hasMessageContaining("can be read");
  }
}
