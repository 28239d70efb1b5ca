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

/**
 * How close a model's outputs are to another one's, on a few samples.
 *
 * @param before the float model
 * @param samples inputs of both
 * @param threads for the runtime
 * @param progress asked whether to stop
 */
public record OutputFidelity(OnnxModel before, Samples samples, int threads, Progress progress) {
  /** Enough to see that nothing is wrong; what looks wrong on so few may not be. */
  public static final int FEW = 4;

  /** Enough to say how far outputs are off. */
  public static final int MANY = 32;

  /**
   * Signal to quantization noise of all float outputs together: {@code 10 log10(sum x^2 / sum (x -
   * y)^2)}.
   *
   * @param after the quantized model
   * @param count how many samples are run
   * @return decibels; infinite where nothing differs or nothing could be compared
   */
  public double sqnrDb(OnnxModel after, int count) {
    FidelityScorer scorer = new FidelityScorer();
    SessionOptions options = SessionOptions.of(threads);
    try (InferenceSession a = InferenceSession.open(before, options);
        InferenceSession b = InferenceSession.open(after, options)) {
      int[] left = {count};
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
