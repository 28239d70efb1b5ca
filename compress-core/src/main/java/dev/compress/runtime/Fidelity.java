package dev.compress.runtime;

import dev.compress.error.InvalidDataException;
import dev.compress.metric.FidelityScorer;
import dev.compress.metric.MetricResult;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Compares the outputs of a variant with those of the model it was made of, batch by batch: nothing
 * but sums is kept. Not thread-safe.
 */
public final class Fidelity {
  private final InferenceSession baseline;
  private final InferenceSession variant;
  private final Map<String, FidelityScorer> scorers = new LinkedHashMap<>();
  private final Map<String, Long> otherShapes = new LinkedHashMap<>();
  private final Map<String, Long> notFinite = new LinkedHashMap<>();
  private long samples;

  /**
   * A comparison of two sessions.
   *
   * @param baseline the model
   * @param variant with the same inputs and outputs; numeric outputs of one only are left out
   */
  public Fidelity(InferenceSession baseline, InferenceSession variant) {
    this.baseline = baseline;
    this.variant = variant;
    for (String output : baseline.tensorOutputs()) {
      if (variant.tensorOutputs().contains(output)) {
        scorers.put(output, new FidelityScorer());
      }
    }
  }

  /**
   * Runs both on one sample.
   *
   * @param inputs one an input, by name
   * @throws InvalidDataException if one of them cannot run on these inputs
   */
  public void add(Map<String, TensorBuffer> inputs) {
    add(inputs, 1, 1);
  }

  /**
   * Runs both on a batch.
   *
   * @param inputs one an input, by name
   * @param rows samples in the batch, padding included
   * @param count how many of these rows count, from the first
   * @throws InvalidDataException if one of them cannot run on these inputs
   */
  public void add(Map<String, TensorBuffer> inputs, int rows, int count) {
    Map<String, TensorBuffer> expected = baseline.run(inputs, scorers.keySet());
    Map<String, TensorBuffer> actual = variant.run(inputs, scorers.keySet());
    scorers.forEach(
        (output, scorer) -> {
          TensorBuffer reference = expected.get(output);
          TensorBuffer value = actual.get(output);
          if (reference != null && value != null) {
            if (reference.shape().equals(value.shape())) {
              scorer.add(
                  reference, value, divides(rows, value) ? rows : 1, count(rows, count, value));
            } else {
              otherShapes.merge(output, 1L, Long::sum); // of detections, say: their number differs
            }
            notFinite.merge(output, notFinite(value), Long::sum);
          }
        });
    samples += count;
  }

  /** Outputs that hold nothing per sample count as one. */
  private static boolean divides(int rows, TensorBuffer value) {
    return value.shape().rank() > 0 && value.shape().dim(0) % rows == 0;
  }

  private static int count(int rows, int count, TensorBuffer value) {
    return divides(rows, value) ? count : 1;
  }

  private static long notFinite(TensorBuffer value) {
    if (!value.type().isFloatingPoint()) {
      return 0;
    }
    long found = 0;
    for (float element : value.toFloats()) {
      found += Float.isFinite(element) ? 0 : 1;
    }
    return found;
  }

  /** What was found so far. */
  public FidelityReport report() {
    List<FidelityReport.Output> outputs = new ArrayList<>();
    scorers.forEach(
        (name, scorer) ->
            outputs.add(
                new FidelityReport.Output(
                    name,
                    scorer.sqnrDb(),
                    scorer.cosine(),
                    scorer.largestDifference(),
                    scorer.agreement().map(MetricResult::value).orElse(Double.NaN),
                    notFinite.getOrDefault(name, 0L),
                    otherShapes.getOrDefault(name, 0L))));
    return new FidelityReport(samples, outputs);
  }
}
