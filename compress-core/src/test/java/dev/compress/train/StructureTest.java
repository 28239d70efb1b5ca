package dev.compress.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.error.InvalidDataException;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StructureTest {
  private static final int ROWS = 40;
  private static final int COLUMNS = 30;

  private static OnnxModel model(int zeros) {
    Random random = new Random(1);
    float[] weights = new float[ROWS * COLUMNS];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = i < zeros ? 0 : (float) random.nextGaussian();
    }
    return with(Tensor.ofFloats(Shape.of(ROWS, COLUMNS), weights));
  }

  private static OnnxModel with(Tensor tensor) {
    return OnnxModel.of(
        8,
        17,
        Graph.of(
            "g",
            List.of(Node.of("MatMul", "m", List.of("x", "w"), List.of("y"))),
            List.of(Initializer.of("w", tensor)),
            List.of(),
            List.of()));
  }

  /** A sensitive layer may have lost few weights: those count among what a pass claims. */
  @Test
  void keepsFewZerosToo() {
    assertThat(Structure.of(model(0)).rules()).isEmpty();
    assertThat(Structure.of(model(1)).rules()).containsEntry("w", Structure.Rule.ZEROS);
    assertThat(Structure.of(model(900)).rules()).containsEntry("w", Structure.Rule.ZEROS);
  }

  /** 20 values in each of 32 columns of their own are 640; noise of as many places is none. */
  @Test
  void knowsValuesThatOnlyGroupsOfChannelsShare() {
    Random random = new Random(2);
    float[] shared = new float[256 * 32];
    float[] alone = new float[256 * 32];
    for (int i = 0; i < shared.length; i++) {
      shared[i] = i % 32 + random.nextInt(20) / 32f;
      alone[i] = (float) random.nextGaussian();
    }
    Tensor few = Tensor.ofFloats(Shape.of(256, 32), shared);
    assertThat(Structure.of(with(few)).rules()).containsEntry("w", Structure.Rule.SHARED);
    assertThat(Structure.of(with(Tensor.ofFloats(Shape.of(256, 32), alone))).rules()).isEmpty();
    // a small weight has its values three times in the mean: only who clustered it knows
    float[] small = Arrays.copyOf(shared, 60);
    for (int i = 0; i < small.length; i++) {
      small[i] = i % 20 + 1;
    }
    Tensor weight = Tensor.ofFloats(Shape.of(6, 10), small);
    assertThat(Structure.of(with(weight)).rules()).isEmpty();
    assertThat(Structure.of(with(weight), 20).rules()).containsEntry("w", Structure.Rule.SHARED);
  }

  private static Dataset data(float first) {
    float[] values = {first, 1, 2, 3};
    return Dataset.of(
        "made",
        Map.of("x", TensorBuffer.of(Shape.of(4, 1), values)),
        new long[] {0, 1, 0, 1},
        DataDescriptor.NONE);
  }

  @Test
  void noSetServesTwice() {
    TuningData split = new TuningData(data(1), Optional.empty());
    assertThatThrownBy(() -> split.requireApart(Optional.of(data(1))))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("for --data and for --train-data");
    assertThatCode(() -> split.requireApart(Optional.of(data(2)))).doesNotThrowAnyException();
    assertThatCode(() -> split.requireApart(Optional.empty())).doesNotThrowAnyException();
    TuningData two = new TuningData(data(1), Optional.of(data(2)));
    assertThatThrownBy(() -> two.requireApart(Optional.of(data(2))))
        .hasMessageContaining("for --data and for --validation-data");
    assertThatThrownBy(
            () -> new TuningData(data(1), Optional.of(data(1))).requireApart(Optional.empty()))
        .hasMessageContaining("for --validation-data and for --train-data");
  }
}
