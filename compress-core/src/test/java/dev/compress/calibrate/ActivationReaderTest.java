package dev.compress.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.CancelledException;
import dev.compress.error.InvalidDataException;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.progress.Progress;
import dev.compress.runtime.ShapeInference;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ActivationReaderTest {
  /** {@code a = 2x}, {@code y = relu(a)}. */
  private static final OnnxModel DOUBLING =
      OnnxModel.of(
          8,
          17,
          Graph.of(
              "net",
              List.of(
                  Node.of("Mul", "scale", List.of("x", "w"), List.of("a")),
                  Node.of("Relu", "relu", List.of("a"), List.of("y"))),
              List.of(Initializer.of("w", Tensor.ofFloats(Shape.of(1), new float[] {2}))),
              List.of(vector("x")),
              List.of(vector("y"))));

  private static ValueInfo vector(String name) {
    return ValueInfo.of(
        name, ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("n"), Dim.of("k"))));
  }

  /** Sample i is {@code i + 1} numbers, or two, each of them -i or i. */
  private record Counting(long count, boolean growing) implements Samples {
    @Override
    public boolean batchable() {
      return false;
    }

    @Override
    public void forEachBatch(int batchSize, BatchReader reader) {
      float[] reused = new float[(int) count + 1];
      for (int i = 0; i < count; i++) {
        int length = growing ? i + 1 : 2;
        Arrays.fill(reused, i % 2 == 0 ? i : -i);
        TensorBuffer x = TensorBuffer.of(Shape.of(1, length), Arrays.copyOf(reused, length));
        if (!reader.read(Map.of("x", x), 1)) {
          return;
        }
      }
    }
  }

  private static ActivationReader reader(int threads, Progress progress) {
    return new ActivationReader(DOUBLING, ShapeInference.infer(DOUBLING), threads, progress);
  }

  private static float last(Map<String, TensorBuffer> values, String name) {
    FloatBuffer floats = Objects.requireNonNull(values.get(name)).floats();
    return floats.get(floats.remaining() - 1);
  }

  @ParameterizedTest
  @CsvSource({"1, false", "1, true", "2, true", "3, false", "8, true"})
  void showsTheValuesOfEachBatchInOrder(int threads, boolean growing) {
    List<List<Float>> seen = new ArrayList<>();
    reader(threads, Progress.NONE)
        .read(
            Set.of("x", "a", "y"),
            new Counting(40, growing),
            "look",
            (values, n) ->
                seen.add(List.of(last(values, "x"), last(values, "a"), last(values, "y"))));

    assertThat(seen).hasSize(40);
    for (int i = 0; i < 40; i++) {
      float x = i % 2 == 0 ? i : -i;
      assertThat(seen.get(i)).containsExactly(x, 2 * x, Math.max(0, 2 * x));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void handsOnWhatAnObserverThrows(int threads) {
    AtomicInteger calls = new AtomicInteger();
    assertThatThrownBy(
            () ->
                reader(threads, Progress.NONE)
                    .read(
                        Set.of("a"),
                        new Counting(30, false),
                        "look",
                        (values, n) -> {
                          if (calls.incrementAndGet() == 7) {
                            throw new InvalidDataException("the seventh");
                          }
                        }))
        .isInstanceOf(InvalidDataException.class)
        .hasMessage("the seventh");
    assertThat(calls).hasValue(7);
  }

  @Test
  void stopsWhenCancelled() {
    AtomicInteger advanced = new AtomicInteger();
    Progress progress =
        new Progress() {
          @Override
          public void begin(String stage, long total) {}

          @Override
          public void advance(long steps) {
            advanced.incrementAndGet();
          }

          @Override
          public boolean cancelled() {
            return advanced.get() >= 3;
          }
        };
    assertThatThrownBy(
            () ->
                reader(2, progress)
                    .read(Set.of("a"), new Counting(1000, false), "look", (values, n) -> {}))
        .isInstanceOf(CancelledException.class);
    assertThat(advanced.get()).isLessThan(10);
  }
}
