package dev.compress;

import dev.compress.error.DeviceUnavailableException;
import dev.compress.gradient.GradientEngine;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.PassContext;
import dev.compress.progress.Progress;
import dev.compress.prune.PruneWeights;
import dev.compress.quantize.QuantizeInt8;
import dev.compress.recipe.Passes;
import dev.compress.tensor.Scratch;
import dev.compress.train.CheckTrainable;
import dev.compress.train.FineTune;
import dev.compress.train.GradualPruning;
import dev.compress.train.TrainingEngine;
import dev.compress.train.TuneQuantized;
import dev.compress.train.TuningRun;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The passes that change float weights, with training where the recipe wants it: after weights were
 * taken away, and again after those that are left were given fewer values. Batch normalization is
 * folded between the two.
 *
 * @param work of the run
 */
record Tuning(Work work) {
  /** Shared values are moved more carefully than single weights. */
  private static final double SHARED_RATE = 3e-4;

  /**
   * All passes up to quantization.
   *
   * @param model as it is read
   * @throws DeviceUnavailableException if the recipe tunes, or wants gradients, and nothing here
   *     computes them
   */
  List<CompressionPass> shaping(OnnxModel model) {
    Passes passes = work.passes();
    Integer epochs = passes.recipe().fineTune();
    if (passes.takesGradients()) {
      GradientEngine.ready(work.calibration()); // says so before any work
    }
    if (epochs == null) {
      List<CompressionPass> all = new ArrayList<>(passes.preparing(model));
      all.addAll(passes.shaping());
      return all;
    }
    TrainingEngine.ready(); // says so before any work
    TuningRun run =
        work.tuning()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "--fine-tune needs data to learn from: give --train-data PATH."));
    run.data().requireApart(work.selection());
    work.report().tuning(run.data());
    Optional<GradualPruning> gradual = passes.gradualPruning().map(this::gradual);
    List<CompressionPass> all = new ArrayList<>();
    boolean later = passes.quantizationAware() || !passes.sharing().isEmpty();
    if (passes.removesWeights() || !later) {
      all.addAll(passes.preparingToTune(model));
      all.addAll(passes.removing());
      all.add(new FineTune(new FineTune.Plan(epochs, FineTune.Plan.RATE, gradual, 0), run, model));
      all.addAll(passes.preparing(model));
    } else { // there is nothing to make up for yet
      all.addAll(passes.preparing(model));
      all.add(new CheckTrainable());
    }
    if (!passes.sharing().isEmpty()) {
      all.addAll(passes.sharing());
      FineTune.Plan shared =
          new FineTune.Plan(epochs, SHARED_RATE, Optional.empty(), passes.sharedValues());
      all.add(new FineTune(shared, run, model));
    }
    return all;
  }

  /**
   * The training through quantization, where the recipe wants it.
   *
   * @param original the model as it was read
   * @param floats the model that was quantized
   * @param by what quantized it
   */
  Optional<CompressionPass> quantized(
      OnnxModel original, OnnxModel floats, List<CompressionPass> by) {
    Integer epochs = work.passes().recipe().fineTune();
    if (epochs == null
        || !work.passes().quantizationAware()
        || !(by.get(by.size() - 1) instanceof QuantizeInt8 pass)) {
      return Optional.empty();
    }
    return Optional.of(
        new TuneQuantized(epochs, work.tuning().orElseThrow(), original, floats, pass));
  }

  private GradualPruning gradual(PruneWeights wanted) {
    return new GradualPruning(
        wanted.share(),
        wanted.criterion() + " " + wanted.allocation() + " " + wanted.filter(),
        (model, share) -> {
          if (share <= 0) {
            return model;
          }
          PruneWeights now =
              new PruneWeights(
                  share, wanted.kind(), wanted.criterion(), wanted.allocation(), wanted.filter());
          try (Scratch scratch = Scratch.inTemporaryFolder()) {
            PassContext context =
                new PassContext(
                    scratch, Progress.NONE, work.report().threads(), work.report().seed());
            return inMemory(now.apply(model, context).model());
          }
        });
  }

  /** The scratch is gone before the model is read. */
  private static OnnxModel inMemory(OnnxModel model) {
    return dev.compress.onnx.OnnxReader.read(dev.compress.onnx.OnnxWriter.toBytes(model));
  }
}
