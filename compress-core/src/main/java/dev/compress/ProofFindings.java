package dev.compress;

import dev.compress.proof.ProofResult;
import dev.compress.quantize.Target;
import dev.compress.report.TransformReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the report says of a proof.
 *
 * @param result what was measured
 * @param target that the output is for
 */
record ProofFindings(ProofResult result, Target target) {
  /** Under this the error is more than a sixth of the signal. */
  static final double LEAST_SQNR_DB = 15;

  /** From here on, a hundredth of the signal's power, outputs count as the same. */
  private static final double FAITHFUL_SQNR_DB = 20;

  /** A difference under this is one of memory layout, and comes and goes from run to run. */
  private static final double SLOWER_RATIO = 1.02;

  /** Whether the output could not even be loaded. */
  boolean failed() {
    return result.loadMs() == null && !result.warnings().isEmpty();
  }

  /** What {@code --strict} takes as failures. */
  List<String> warnings() {
    List<String> warnings = new ArrayList<>(result.warnings());
    if (runsTheTargetsKernels() && !result.unplannedFloat().isEmpty()) {
      warnings.add(
          result.unplannedFloat().size()
              + " nodes planned as integer run in float: "
              + String.join(", ", result.unplannedFloat().stream().limit(5).toList()));
    }
    if (result.brokenElements() > 0) {
      warnings.add(
          result.brokenElements() + " output elements are NaN or infinite in one of the models.");
    }
    if (isSlower()) {
      warnings.add(
          String.format(
              Locale.ROOT,
              "The output is slower than the input: %.3f ms against %.3f ms with one thread.",
              result.outputMs(),
              result.inputMs()));
    }
    return warnings;
  }

  /** What a measurement on this machine does not say of the target. */
  List<String> notes() {
    List<String> notes = new ArrayList<>(ofTheTarget());
    if (result.loadMs() != null && result.loadPeakBytes() == null) {
      notes.add("The memory that loading takes was not measured: this system does not tell it.");
    }
    return notes;
  }

  private List<String> ofTheTarget() {
    if (!target.isCpu()) {
      return List.of(
          "Kernels are those of the CPU provider, and nothing was timed: neither says anything"
              + " about the target "
              + target.id()
              + ". Fidelity was measured on this CPU; `compress evaluate --device "
              + target.id()
              + "` on a machine with such a GPU measures the rest.");
    }
    return target == Compress.thisMachine()
        ? List.of()
        : List.of(
            "Speed and kernels are those of this machine, which is no "
                + target.id()
                + ": measure there.");
  }

  /** What the fidelity gives to think, or that there is none. */
  List<String> doubts() {
    List<String> doubts = new ArrayList<>();
    if (result.cosine() == null && result.latencyRatio() != null) {
      doubts.add(
          "How faithful the output is was not measured: on these inputs the model gives no values."
              + " Give real ones with --calibration-data.");
    }
    Double decibels = result.sqnrDb();
    if (decibels != null && decibels < FAITHFUL_SQNR_DB) {
      doubts.add(
          String.format(
              Locale.ROOT,
              "The outputs are %s from the input model's: %.1f dB on %s. Measure what that means"
                  + " with labelled data (--data); the most sensitive layers are listed, and"
                  + " --exclude-nodes keeps layers in float.",
              isUnfaithful() ? "far" : "some way",
              decibels,
              result.source()));
    }
    return doubts;
  }

  /** Arm's kernels take other types than those of x86. */
  private boolean runsTheTargetsKernels() {
    return target.isCpu() && (target == Target.ARM) == (Compress.thisMachine() == Target.ARM);
  }

  /** Whether the output was measured to be slower beyond doubt, on a machine that is the target. */
  boolean isSlower() {
    return result.ratioLow() != null
        && result.ratioLow() > SLOWER_RATIO
        && target == Compress.thisMachine();
  }

  /** Whether the outputs were measured to have little to do with the input model's. */
  boolean isUnfaithful() {
    Double decibels = result.sqnrDb();
    return decibels != null && decibels < LEAST_SQNR_DB;
  }

  TransformReport.@Nullable Kernels kernels() {
    return result.loadMs() == null // a proof that failed found no kernels
        ? null
        : new TransformReport.Kernels(result.integer(), result.floating(), result.unplannedFloat());
  }

  TransformReport.@Nullable Fidelity fidelity() {
    return result.cosine() == null
        ? null
        : new TransformReport.Fidelity(
            result.sqnrDb(),
            result.cosine(),
            result.agreement(),
            result.samples(),
            result.source());
  }

  TransformReport.@Nullable Speed speed() {
    return result.latencyRatio() == null
        ? null
        : new TransformReport.Speed(
            Objects.requireNonNull(result.inputMs()),
            Objects.requireNonNull(result.outputMs()),
            result.latencyRatio(),
            result.ratioLow() == null || result.ratioHigh() == null
                ? List.of()
                : List.of(result.ratioLow(), result.ratioHigh()),
            1);
  }
}
