package dev.compress.search;

import dev.compress.calibrate.Samples;
import dev.compress.graph.OnnxModel;
import dev.compress.metric.FidelityScorer;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.TensorBuffer;
import java.util.LinkedHashMap;
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
            scorer.addAll(floats(a.run(inputs)), b.run(inputs), samples.fixedRows(), n);
            left[0] -= n;
            return left[0] > 0;
          });
    }
    return scorer.samples() == 0 ? Double.POSITIVE_INFINITY : scorer.sqnrDb();
  }

  private static Map<String, TensorBuffer> floats(Map<String, TensorBuffer> outputs) {
    Map<String, TensorBuffer> kept = new LinkedHashMap<>(outputs);
    kept.values().removeIf(x -> !x.type().equals(ElementType.FLOAT));
    return kept;
  }
}
