package dev.compress.runtime;

import java.io.Serializable;
import java.util.List;

/**
 * How close a variant's outputs are to the model's.
 *
 * @param samples how many samples were compared
 * @param outputs one a numeric output
 */
public record FidelityReport(long samples, List<Output> outputs) implements Serializable {
  /**
   * One output. For the formulas see {@link dev.compress.metric.FidelityScorer}.
   *
   * @param name the output
   * @param sqnrDb signal to quantization noise; +infinity where equal, NaN where never compared
   * @param cosine of the angle between the two; NaN where one is zero or not finite
   * @param largestDifference the largest absolute difference of two elements
   * @param agreement the share of samples with the same class; NaN where there are no classes
   * @param notFinite elements of the variant that are NaN or infinite
   * @param otherShapes batches that could not be compared because the shapes differ
   */
  public record Output(
      String name,
      double sqnrDb,
      double cosine,
      double largestDifference,
      double agreement,
      long notFinite,
      long otherShapes)
      implements Serializable {}

  public FidelityReport {
    outputs = List.copyOf(outputs);
  }

  /** The lowest signal to noise ratio of all outputs, in dB; NaN if nothing was compared. */
  public double worstSqnrDb() {
    return outputs.stream()
        .mapToDouble(Output::sqnrDb)
        .filter(v -> !Double.isNaN(v))
        .min()
        .orElse(Double.NaN);
  }

  /** The lowest cosine of all outputs; NaN if it is known of none. */
  public double worstCosine() {
    return outputs.stream()
        .mapToDouble(Output::cosine)
        .filter(v -> !Double.isNaN(v))
        .min()
        .orElse(Double.NaN);
  }

  /** The agreement of the first output that holds classes; NaN if none does. */
  public double agreement() {
    return outputs.stream()
        .mapToDouble(Output::agreement)
        .filter(v -> !Double.isNaN(v))
        .findFirst()
        .orElse(Double.NaN);
  }

  /** Whether the variant made a NaN or an infinity. */
  public boolean hasNotFinite() {
    return outputs.stream().anyMatch(o -> o.notFinite() > 0);
  }
}
