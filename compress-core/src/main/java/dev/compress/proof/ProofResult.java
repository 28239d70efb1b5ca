package dev.compress.proof;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What was measured of a written model; null where it was not.
 *
 * @param integer integer kernels by ONNX op
 * @param floating float kernels by ONNX op
 * @param unplannedFloat nodes planned as integer that run in float
 * @param integerMacShare share of the multiplications done in integers
 * @param loadMs time to load the output model, milliseconds
 * @param loadPeakBytes how far that raises resident memory at its peak
 * @param inputMs median latency of the input model, milliseconds
 * @param outputMs median latency of the output model, milliseconds
 * @param latencyRatio output over input
 * @param ratioLow lower end of its 95% interval
 * @param ratioHigh upper end
 * @param sqnrDb signal to quantization noise of the outputs, decibels
 * @param cosine similarity of the outputs
 * @param agreement share of samples with the same largest output
 * @param samples how many were compared
 * @param source what the samples were
 * @param brokenElements output elements that are NaN or infinite in one model only
 * @param warnings for the user
 */
public record ProofResult(
    Map<String, Integer> integer,
    Map<String, Integer> floating,
    List<String> unplannedFloat,
    @Nullable Double integerMacShare,
    @Nullable Double loadMs,
    @Nullable Long loadPeakBytes,
    @Nullable Double inputMs,
    @Nullable Double outputMs,
    @Nullable Double latencyRatio,
    @Nullable Double ratioLow,
    @Nullable Double ratioHigh,
    @Nullable Double sqnrDb,
    @Nullable Double cosine,
    @Nullable Double agreement,
    long samples,
    String source,
    long brokenElements,
    List<String> warnings)
    implements Serializable {
  /** Nothing was measured. */
  static ProofResult failed(String reason) {
    return new ProofResult(
        Map.of(),
        Map.of(),
        List.of(),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        0,
        "",
        0,
        List.of(reason));
  }
}
