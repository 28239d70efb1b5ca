package dev.compress.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SampleRunTest {
  private static final InputSpec X = InputSpec.of("x", ElementType.FLOAT, -1, -1);
  private static final InputSpec H = InputSpec.of("h", ElementType.FLOAT, 2, -1, 1);
  private static final InputSpec Y = InputSpec.of("y", ElementType.FLOAT, -1, 1);
  private static final InputSpec NEXT = InputSpec.of("next", ElementType.FLOAT, -1, -1, -1);

  /** Sequences of 10 values. */
  private static Dataset sequences(int count, String descriptor) {
    Random random = new Random(4);
    float[] x = new float[count * 10];
    for (int i = 0; i < x.length; i++) {
      x[i] = random.nextInt(20) - 10;
    }
    return Dataset.of(
        "made",
        Map.of("x", TensorBuffer.of(Shape.of(count, 10), x)),
        new long[0],
        DataDescriptor.parse(descriptor));
  }

  /** y = sum of the window + h[0]; next h[0] = y, h[1] counts steps. */
  private static Map<String, TensorBuffer> model(Map<String, TensorBuffer> inputs) {
    TensorBuffer x = Objects.requireNonNull(inputs.get("x"));
    float[] h = Objects.requireNonNull(inputs.get("h")).toFloats();
    int rows = (int) x.shape().dim(0);
    int width = (int) x.shape().dim(1);
    float[] values = x.toFloats();
    float[] y = new float[rows];
    float[] next = new float[2 * rows];
    for (int row = 0; row < rows; row++) {
      y[row] = h[row];
      for (int i = 0; i < width; i++) {
        y[row] += values[row * width + i];
      }
      next[row] = y[row];
      next[rows + row] = h[rows + row] + 1;
    }
    return Map.of(
        "y", TensorBuffer.of(Shape.of(rows, 1), y),
        "next", TensorBuffer.of(Shape.of(2, rows, 1), next));
  }

  private static List<Float> scores(SampleRun run, int batchSize) {
    List<Float> scores = new ArrayList<>();
    for (Batch batch : run.dataset().batches(run.batch(batchSize))) {
      List<TensorBuffer> steps = new ArrayList<>();
      run.run(
          batch,
          (inputs, outputs) -> {
            assertThat(outputs).contains("y").containsAll(run.feedback());
            return model(inputs);
          },
          List.of("y"),
          (step, inputs, outputs) -> {
            assertThat(Objects.requireNonNull(inputs.get("h")).toFloats()[batch.rows()])
                .as("the state counts steps")
                .isEqualTo(step);
            return steps.add(Objects.requireNonNull(outputs.get("y")));
          });
      float[] all = run.scored(steps).toFloats();
      for (int row = 0; row < batch.count(); row++) {
        scores.add(all[row]);
      }
    }
    return scores;
  }

  /** By hand: windows at the stride, values before the beginning and behind the end are zero. */
  private static List<Float> byHand(
      Dataset data, int window, int stride, int context, String score) {
    List<Float> scores = new ArrayList<>();
    for (Batch batch : data.batches(1)) {
      float[] x = batch.input("x").toFloats();
      float h = 0;
      double best = Double.NEGATIVE_INFINITY;
      double sum = 0;
      int steps = 0;
      for (int start = 0; steps == 0 || start < x.length - window + stride; start += stride) {
        for (int i = start - context; i < start + window; i++) {
          h += i >= 0 && i < x.length ? x[i] : 0;
        }
        best = Math.max(best, h);
        sum += h;
        steps++;
      }
      scores.add((float) (score.equals("last") ? h : score.equals("max") ? best : sum / steps));
    }
    return scores;
  }

  @ParameterizedTest(name = "window {0}, stride {1}, context {2}, {3}")
  @CsvSource({
    "1, 1, 0, last",
    "4, 4, 0, last",
    "4, 4, 2, max",
    "3, 2, 1, mean",
    "10, 10, 0, last",
    "12, 12, 3, max",
    "5, 5, 5, mean",
    "4, 1, 0, max",
  })
  void aSequenceIsItsWindowsWithTheStateCarriedOn(
      int window, int stride, int context, String score) {
    Dataset data =
        sequences(
            7,
            "sequence: {input: x, window: %d, stride: %d, context: %d, score: %s}"
                .formatted(window, stride, context, score));
    SampleRun run = data.run(List.of(X, H), List.of(Y, NEXT));
    List<Float> expected = byHand(data, window, stride, context, score);
    assertThat(run.feedback()).containsExactly("next");
    for (int batch : new int[] {1, 2, 7, 64}) {
      assertThat(scores(run, batch)).as("batch %d", batch).isEqualTo(expected);
    }
  }

  @Test
  void aModelThatFixesItsWindowNeedsNoNumber() {
    Dataset data = sequences(3, "sequence: {context: 1}");
    InputSpec fixed = InputSpec.of("x", ElementType.FLOAT, 1, 5);
    InputSpec h = InputSpec.of("h", ElementType.FLOAT, 2, 1, 1);
    SampleRun run = data.run(List.of(fixed, h), List.of(Y, NEXT));
    assertThat(run.batch(64)).isEqualTo(1);
    assertThat(scores(run, 64)).isEqualTo(byHand(data, 4, 4, 1, "last"));
  }

  @Test
  void aStateWithoutABatchIsRunOneByOne() {
    SampleRun run =
        sequences(3, "sequence: {input: x, window: 5}")
            .run(List.of(X, InputSpec.of("h", ElementType.FLOAT, 2, 1, 1)), List.of(Y, NEXT));
    assertThat(run.batch(64)).isEqualTo(1);
    assertThat(scores(run, 64)).hasSize(3);
  }

  @Test
  void alongAnotherDimThanTheFirst() {
    float[] x = {1, 2, 3, 10, 20, 30};
    Dataset data =
        Dataset.of(
            "made",
            Map.of("x", TensorBuffer.of(Shape.of(1, 2, 3), x)),
            new long[0],
            DataDescriptor.parse("sequence: {axis: 1, window: 2, context: 1, state: {h: next}}"));
    SampleRun run =
        data.run(List.of(InputSpec.of("x", ElementType.FLOAT, -1, 2, 3), H), List.of(Y, NEXT));
    List<List<Float>> seen = new ArrayList<>();
    for (Batch batch : run.dataset().batches(1)) {
      assertThat(run.steps(batch)).isEqualTo(2);
      assertThat(run.first(batch).keySet()).containsExactlyInAnyOrder("x", "h");
      run.run(
          batch,
          (inputs, outputs) ->
              Map.of(
                  "y", TensorBuffer.of(Shape.of(1, 1), 0f),
                  "next", TensorBuffer.of(Shape.of(2, 1, 1), 0f, 0f)),
          List.of("y"),
          (step, inputs, outputs) -> {
            List<Float> row = new ArrayList<>();
            for (float v : Objects.requireNonNull(inputs.get("x")).toFloats()) {
              row.add(v);
            }
            return seen.add(row);
          });
    }
    assertThat(seen)
        .containsExactly(List.of(0f, 1f, 2f, 0f, 10f, 20f), List.of(2f, 3f, 0f, 20f, 30f, 0f));
  }

  @Test
  void statesOfOneShapeArePairedInTheirOrderWhichIsTold() {
    List<InputSpec> states =
        List.of(
            X,
            InputSpec.of("h", ElementType.FLOAT, -1, 8),
            InputSpec.of("c", ElementType.FLOAT, -1, 8));
    List<InputSpec> outputs =
        List.of(
            InputSpec.of("y", ElementType.FLOAT, -1, 2),
            InputSpec.of("hn", ElementType.FLOAT, -1, 8),
            InputSpec.of("cn", ElementType.FLOAT, -1, 8));
    SampleRun run = sequences(1, "sequence: {input: x, window: 5}").run(states, outputs);
    assertThat(run.feedback()).containsExactlyInAnyOrder("hn", "cn");
    assertThat(run.dataset().notes())
        .anyMatch(n -> n.contains("in their order") && n.contains("h=hn"));
  }

  @Test
  void withoutASequenceASampleIsOneRun() {
    Dataset data = sequences(2, "metric: agreement");
    SampleRun run = data.run(List.of(X), List.of(Y));
    assertThat(run.recurrent()).isFalse();
    for (Batch batch : run.dataset().batches(2)) {
      assertThat(run.steps(batch)).isEqualTo(1);
      assertThat(run.first(batch)).isEqualTo(batch.inputs());
    }
    assertThatThrownBy(() -> data.run(List.of(X, H), List.of(Y, NEXT)))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("sequence: {window: N}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sequence: {input: x} | no window",
        "sequence: {input: z, window: 4} | not plain which",
        "sequence: {input: x, window: 4, state: {h: nope}} | does not have",
        "sequence: {input: x, window: 4, state: {nope: next}} | does not have",
        "sequence: {input: x, window: 4, axis: 3} | no dim 4",
        "sequence: {input: x, window: 4, state: {h: y}} | cannot be the next value",
        "sequence: {input: x, window: 0} | at least 1",
        "sequence: {input: x, windows: 4} | unknown key 'windows'",
        "sequence: {input: x, window: 4, score: best} | LAST, MAX, MEAN",
        "sequence: {input: x, window: 4, state: [h]} | a mapping",
        "sequence: {input: x, window: 999999999} | at most",
      })
  void whatDoesNotFitIsSaid(String line) {
    String[] parts = line.split(" \\| ", 2);
    assertThatThrownBy(
            () ->
                scores(
                    sequences(2, parts[0])
                        .run(
                            List.of(X, InputSpec.of("h", ElementType.FLOAT, 2, -1, 1)),
                            List.of(Y, NEXT)),
                    1))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining(parts[1]);
  }
}
