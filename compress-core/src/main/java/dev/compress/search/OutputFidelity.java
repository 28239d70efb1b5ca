package dev.compress.search;

import dev.compress.calibrate.Samples;
import dev.compress.graph.OnnxModel;
import dev.compress.metric.FidelityScorer;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.TensorBuffer;
import java.util.Map;

/** How close a model's outputs are to another one's, on a few samples. */
public final class OutputFidelity {
  private static final int SAMPLES = 4;

  private OutputFidelity() {}

  /**
   * Signal to quantization noise of all float outputs together: {@code 10 log10(sum x^2 / sum (x -
   * y)^2)}.
   *
   * @param before the float model
   * @param after the quantized one
   * @param samples inputs of both; the first few are run
   * @param threads for the runtime
   * @param progress asked whether to stop
   * @return decibels; infinite where nothing differs or nothing could be compared
   */
  public static double sqnrDb(
      OnnxModel before, OnnxModel after, Samples samples, int threads, Progress progress) {
    FidelityScorer scorer = new FidelityScorer();
    SessionOptions options = SessionOptions.of(threads);
    try (InferenceSession a = InferenceSession.open(before, options);
        InferenceSession b = InferenceSession.open(after, options)) {
      int[] left = {SAMPLES};
      samples.forEachBatch(
          1,
          (inputs, n) -> {
            progress.check();
            add(a.run(inputs), b.run(inputs), scorer);
            left[0] -= n;
            return left[0] > 0;
          });
    }
    return scorer.samples() == 0 ? Double.POSITIVE_INFINITY : scorer.sqnrDb();
  }

  private static void add(
      Map<String, TensorBuffer> expected, Map<String, TensorBuffer> actual, FidelityScorer scorer) {
    expected.forEach(
        (name, x) -> {
          TensorBuffer y = actual.get(name);
          // Shapes that depend on the data, such as kept boxes, may differ: nothing compares.
          if (y != null && x.type().equals(ElementType.FLOAT) && x.shape().equals(y.shape())) {
            scorer.add(x, y, 1, 1);
          }
        });
  }
}
