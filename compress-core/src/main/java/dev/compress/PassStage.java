package dev.compress;

import dev.compress.calibrate.CalibrationCache;
import dev.compress.calibrate.Samples;
import dev.compress.data.Dataset;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.OnnxModel;
import dev.compress.inspect.ParameterTotals;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.Memo;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Trace;
import dev.compress.pass.Pipeline;
import dev.compress.quantize.QuantizationMode;
import dev.compress.quantize.QuantizeInt8;
import dev.compress.recipe.Passes;
import dev.compress.search.HoldAccuracy;
import dev.compress.search.LayerFidelity;
import dev.compress.search.ModelScore;
import dev.compress.search.OutputFidelity;
import dev.compress.tensor.Scratch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** The stage that runs the passes: calibrates, transforms, and holds the accuracy. */
final class PassStage {
  private static final int LAYER_SAMPLES = 8;

  /** Larger models take their time to load: without a proof they are not compared. */
  private static final long MOST_PARAMETERS_COMPARED = 16_000_000;

  private final Work work;
  private final Passes passes;
  private final ReportBuilder report;

  PassStage(Work work) {
    this.work = work;
    this.passes = work.passes();
    this.report = work.report();
  }

  /**
   * Transforms a model.
   *
   * @param model a valid model
   * @param scratch where new tensors go; the result needs it open
   * @param memo what is known of the model already
   */
  Transformed transform(OnnxModel model, Scratch scratch, Memo memo) {
    Optional<Samples> samples =
        work.calibration()
            .map(
                d -> {
                  Samples bound = work.samplesOf(d, model);
                  bound.source().ifPresent(source -> report.data("calibration", source));
                  return bound;
                });
    int threads = report.threads();
    Optional<CalibrationCache> cache = cache();
    PassContext context =
        new PassContext(scratch, work.progress(), threads, report.seed(), samples, cache, memo);
    List<CompressionPass> all = new ArrayList<>(new Tuning(work).shaping(model));
    List<CompressionPass> quantizing = passes.quantizing();
    all.addAll(quantizing);
    Pipeline.Outcome outcome = new Pipeline(all).run(model, context);
    cache.ifPresent(this::keep);
    report.passes(outcome.passes());
    noteTrainings();
    if (quantizing.isEmpty()) {
      return Transformed.of(outcome.model(), model);
    }
    List<Pipeline.PassReport> reports = outcome.passes();
    PassResult last = reports.get(reports.size() - 1).result();
    OnnxModel before =
        reports.size() > 1 ? reports.get(reports.size() - 2).result().model() : model;
    Optional<CompressionPass> learning = new Tuning(work).quantized(model, before, quantizing);
    if (learning.isPresent() && last.model() != before) {
      last = tuned(last, learning.get(), context);
    }
    // What only prepared for quantization is not worth a new file; what shaped weights is.
    boolean shaped = passes.reshapesWeights() && before != model;
    boolean changed = last.model() != before || shaped;
    boolean measured = report.provesAnything() || passes.recipe().maxDrop() != null;
    Map<Trace, Double> sensitivity =
        measured && (samples.isPresent() || work.selection().isPresent())
            ? layerFidelity(before, last, samples, threads)
            : Map.of();
    report.layers(last.traces(), sensitivity);
    if (samples.isEmpty()
        && before.opset() >= QuantizeInt8.STATIC_OPSET
        && passes.quantization() == Passes.Quantization.INT8
        && passes.mode() == QuantizationMode.AUTO) {
      whatDataWouldBuy(before, !last.traces().isEmpty()).ifPresent(report::note);
    }
    if (changed
        && passes.recipe().maxDrop() != null
        && quantizing.get(quantizing.size() - 1) instanceof QuantizeInt8 pass) {
      return hold(pass, new Models(model, before), last, sensitivity, context);
    }
    Optional<Supplier<Transformed>> fallback = fallback(quantizing, before, context);
    if (fallback.isPresent()
        && learning.isEmpty() // what was learned since is no error
        && samples.isPresent()
        && !report.provesAnything()) {
      Optional<Transformed> closer =
          closer(before, last.model(), fallback.get(), samples.get(), threads);
      if (closer.isPresent()) {
        return closer.get();
      }
    }
    return new Transformed(last.model(), changed, true, "", fallback);
  }

  /** The fallback, where it is closer to the input: few clusters may be what is off. */
  private Optional<Transformed> closer(
      OnnxModel before,
      OnnxModel quantized,
      Supplier<Transformed> fallback,
      Samples samples,
      int threads) {
    if (ParameterTotals.of(before).elements() > MOST_PARAMETERS_COMPARED) {
      return Optional.empty();
    }
    OutputFidelity fidelity = new OutputFidelity(before, samples, threads, work.progress());
    if (!(fidelity.sqnrDb(quantized, OutputFidelity.FEW) < ProofFindings.LEAST_SQNR_DB)) {
      return Optional.empty();
    }
    double decibels = fidelity.sqnrDb(quantized, OutputFidelity.MANY);
    if (!(decibels < ProofFindings.LEAST_SQNR_DB)) {
      return Optional.empty();
    }
    Transformed stored = fallback.get();
    if (fidelity.sqnrDb(stored.model(), OutputFidelity.MANY) <= decibels) {
      return Optional.empty();
    }
    report.noteFallback("too inexact");
    return Optional.of(stored);
  }

  private void noteTrainings() {
    work.tuning().ifPresent(run -> report.trained(run.trainings()));
    if (work.stopped()) {
      report.interrupted();
    }
  }

  /** What the quantization says of itself holds of what is learned in its graph. */
  private PassResult tuned(PassResult quantized, CompressionPass learning, PassContext context) {
    Pipeline.Outcome outcome = new Pipeline(List.of(learning)).run(quantized.model(), context);
    report.passes(outcome.passes());
    noteTrainings();
    return new PassResult(
        outcome.model(),
        quantized.changes(),
        quantized.skipped(),
        quantized.warnings(),
        quantized.traces(),
        quantized.notes(),
        quantized.claims());
  }

  /** Nodes were put back: the others learn once more, if that helps. */
  private HoldAccuracy.Found tunedAgain(
      HoldAccuracy.Found found, CompressionPass learning, ModelScore score, PassContext context) {
    double maxDrop = Objects.requireNonNull(passes.recipe().maxDrop());
    PassResult result = tuned(found.result(), learning, context);
    double value = score.score(result.model()).value();
    double drop = score.metric().drop(found.baseline(), value);
    return drop < found.drop()
        ? new HoldAccuracy.Found(
            result, found.baseline(), value, drop, drop <= maxDrop, found.keptFloat())
        : found;
  }

  private Optional<String> whatDataWouldBuy(OnnxModel model, boolean dynamic) {
    GraphIndex index = new GraphIndex(model.graph());
    long convolutions =
        model.graph().nodes().stream()
            .filter(n -> n.is("Conv") && passes.filter().test(n))
            .filter(
                n ->
                    !index.isOutput(n.input(1))
                        && index
                            .constant(n.input(1))
                            .filter(w -> w.type().isFloatingPoint())
                            .isPresent())
            .count();
    if (convolutions > 0) {
      return Optional.of(
          "With --calibration-data, "
              + convolutions
              + (convolutions == 1 ? " convolution" : " convolutions")
              + " could compute in integers too; without it no range of activations is known.");
    }
    return dynamic
        ? Optional.of(
            "With --calibration-data, the ranges of activations would be known beforehand and not"
                + " looked for at each run.")
        : Optional.empty();
  }

  /** A search for the nodes to put back quantizes again and again: it should observe once. */
  private Optional<CalibrationCache> cache() {
    if (work.calibration().isEmpty()) {
      return Optional.empty();
    }
    return work.cacheFile()
        .map(CalibrationCache::in)
        .or(
            () ->
                passes.recipe().maxDrop() == null
                    ? Optional.empty()
                    : Optional.of(CalibrationCache.inMemory()));
  }

  private void keep(CalibrationCache cache) {
    if (work.cacheFile().isEmpty()) {
      return;
    }
    cache.save();
    report.note(
        cache.found() == 0
            ? "What calibration learnt is kept in " + work.cacheFile().get() + "."
            : String.format(
                java.util.Locale.ROOT,
                "%d of %d observations of the calibration came from %s: same model, same data.",
                cache.found(),
                cache.found() + cache.observed(),
                work.cacheFile().get()));
  }

  /**
   * What is quantized.
   *
   * @param input as it was read
   * @param before as it is quantized
   */
  private record Models(OnnxModel input, OnnxModel before) {}

  private Transformed hold(
      QuantizeInt8 pass,
      Models models,
      PassResult first,
      Map<Trace, Double> sensitivity,
      PassContext context) {
    OnnxModel input = models.input();
    OnnxModel before = models.before();
    double maxDrop = Objects.requireNonNull(passes.recipe().maxDrop());
    Dataset data =
        work.selection()
            .orElseThrow(
                () -> new IllegalArgumentException("--max-drop needs labelled data: give --data."));
    ModelScore score = work.scoreOn(data, before);
    HoldAccuracy.Found found =
        new HoldAccuracy(pass, score, maxDrop).search(input, before, first, sensitivity, context);
    Optional<CompressionPass> learning = new Tuning(work).quantized(input, before, List.of(pass));
    if (learning.isPresent() && found.result() != first) {
      found = tunedAgain(found, learning.get(), score, context);
    }
    report.accuracy(found, score);
    Map<String, Double> byOutput = new HashMap<>();
    sensitivity.forEach((trace, decibels) -> byOutput.put(trace.output(), decibels));
    Map<Trace, Double> kept = new LinkedHashMap<>();
    for (Trace trace : found.result().traces()) {
      kept.put(trace, byOutput.getOrDefault(trace.output(), Double.NaN));
    }
    report.forgetLayers();
    report.layers(found.result().traces(), kept);
    String failure = Work.dropFailure(score, found.drop(), maxDrop);
    return new Transformed(
        found.result().model(),
        found.result().model() != before || (passes.reshapesWeights() && before != input),
        found.holds(),
        failure,
        Optional.empty());
  }

  /** The same weights stored in 8 bits, all arithmetic in float. */
  private Optional<Supplier<Transformed>> fallback(
      List<CompressionPass> quantizing, OnnxModel before, PassContext context) {
    if (passes.mode() != QuantizationMode.AUTO
        || report.plannedInteger().isEmpty() // then that is what it is already
        || !(quantizing.get(quantizing.size() - 1) instanceof QuantizeInt8 pass)) {
      return Optional.empty();
    }
    QuantizeInt8 stored = pass.in(QuantizationMode.WEIGHTS).keepingFloat(Set.of());
    return Optional.of(
        () -> {
          OnnxModel model = stored.apply(before, context).model();
          boolean shaped = passes.reshapesWeights();
          return new Transformed(model, shaped || model != before, true, "", Optional.empty());
        });
  }

  private Map<Trace, Double> layerFidelity(
      OnnxModel before, PassResult last, Optional<Samples> samples, int threads) {
    Samples data = samples.orElseGet(() -> work.samplesOf(work.selection().orElseThrow(), before));
    return LayerFidelity.sqnrDb(
        before, last.model(), last.traces(), data, LAYER_SAMPLES, threads, work.progress());
  }
}
