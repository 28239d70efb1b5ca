package dev.compress;

import dev.compress.calibrate.CalibrationCache;
import dev.compress.calibrate.DatasetSamples;
import dev.compress.calibrate.Samples;
import dev.compress.data.Dataset;
import dev.compress.error.IoReason;
import dev.compress.error.OutputExistsException;
import dev.compress.error.ReadWriteException;
import dev.compress.graph.GraphValidator;
import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.metric.Metric;
import dev.compress.onnx.LoadedModel;
import dev.compress.onnx.ModelHash;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.onnx.WriteSettings;
import dev.compress.onnx.WrittenModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.Memo;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Trace;
import dev.compress.pass.Pipeline;
import dev.compress.progress.Progress;
import dev.compress.proof.ProofJob;
import dev.compress.proof.ProofMode;
import dev.compress.proof.Prover;
import dev.compress.quantize.QuantizationMode;
import dev.compress.quantize.QuantizeInt8;
import dev.compress.recipe.Passes;
import dev.compress.report.TransformGateException;
import dev.compress.report.TransformReport;
import dev.compress.runtime.RuntimeInfo;
import dev.compress.runtime.ShapeInference;
import dev.compress.search.HoldAccuracy;
import dev.compress.search.LayerFidelity;
import dev.compress.search.ModelScore;
import dev.compress.search.OutputFidelity;
import dev.compress.tensor.Scratch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** One run: read, plan, transform, write, prove, report. */
final class Transformation {
  private static final int DEFAULT_SAMPLES = 300;
  private static final int LAYER_SAMPLES = 8;
  private static final long LARGE_MODEL_BYTES = 256L << 20;
  private static final double PROOF_SECONDS = 2;

  /** Larger models take their time to load: without a proof they are not compared. */
  private static final long MOST_PARAMETERS_COMPARED = 16_000_000;

  private final Passes passes;
  private final Optional<Dataset> calibration;
  private final Optional<Dataset> selection;
  private final Optional<Path> cacheFile;
  private final Progress progress;
  private final ReportBuilder report;

  Transformation(
      Passes passes,
      Optional<Dataset> calibration,
      Optional<Dataset> selection,
      Optional<Path> cacheFile,
      Progress progress) {
    this.passes = passes;
    this.calibration = calibration;
    this.selection = selection;
    this.cacheFile = cacheFile;
    this.progress = progress;
    this.report = new ReportBuilder(passes);
  }

  TransformReport plan(LoadedModel loaded) {
    GraphValidator.Checked checked = GraphValidator.check(loaded.model());
    report.warn(checked.warnings());
    report.input(loaded, ModelHash.sha256(loaded.file()));
    List<CompressionPass> all = new ArrayList<>(passes.preparing(checked.model()));
    all.addAll(passes.quantizing());
    Optional<Samples> samples = calibration.map(d -> samplesOf(d, checked.model()));
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      PassContext context =
          new PassContext(scratch, progress, report.threads(), report.seed(), samples);
      report.passes(new Pipeline(all).plan(checked.model(), context));
    }
    return report.build();
  }

  TransformReport run(Path file, Path output, boolean overwrite) {
    if (Files.exists(output) && !overwrite) {
      throw new OutputExistsException(
          output + " exists already. Give another output with -o, or overwrite it with --force.");
    }
    // Its library is loaded meanwhile; whoever needs it meets a failure again.
    CompletableFuture<RuntimeInfo> unused = inBackground("compress-runtime", RuntimeInfo::get);
    LoadedModel loaded = OnnxReader.read(file);
    CompletableFuture<String> hash = inBackground("compress-hash", () -> ModelHash.sha256(file));
    // Kept by the dataset, which is asked for it when the output is written.
    CompletableFuture<Optional<String>> unusedToo =
        hash.thenApplyAsync(h -> calibration.map(Dataset::contentSha256));
    GraphValidator.Checked checked = GraphValidator.check(loaded.model());
    report.warn(checked.warnings());
    // Refuses what contradicts itself, even where no pass has anything to do.
    Memo memo = new Memo();
    memo.keep(checked.model(), ShapeInference.infer(checked.model()));
    Optional<ModelScore> score = selection.map(d -> scoreOn(d, checked.model()));
    try (Scratch scratch = scratchBeside(output)) {
      Transformed transformed = transform(checked.model(), scratch, memo);
      report.input(loaded, joined(hash));
      if (!transformed.holds()) {
        throw new TransformGateException(transformed.failure(), report.build());
      }
      WrittenModel written = finish(loaded, transformed, score, output, overwrite);
      report.output(written, loaded.bytes());
      return report.build();
    }
  }

  /** Writes and proves; falls back to stored weights where integers turn out slower. */
  private WrittenModel finish(
      LoadedModel loaded,
      Transformed transformed,
      Optional<ModelScore> score,
      Path output,
      boolean overwrite) {
    boolean strict = Boolean.TRUE.equals(passes.recipe().strict());
    boolean limited = passes.recipe().maxDrop() != null && !report.hasAccuracy();
    // The proof reads the input: it must still be there.
    boolean trial = strict || limited || isSame(loaded.file(), output);
    Path target = trial ? trialFile(output) : output;
    try {
      Output made = write(loaded, transformed, target, trial || overwrite);
      prove(loaded, made);
      if ((report.isSlower() || report.isUnfaithful()) && made.used().fallback().isPresent()) {
        report.noteFallback(report.isSlower() ? "slower than float" : "too inexact");
        made = write(loaded, made.used().fallback().get().get(), target, true);
        prove(loaded, made);
      }
      if (report.isSlower()
          && made.used().changed()
          && passes.mode() == QuantizationMode.AUTO
          && passes.quantization() == Passes.Quantization.INT8) {
        report.note("With its weights stored in 8 bits the model was slower than the input.");
        made = write(loaded, Transformed.unchanged(loaded.model()), target, true);
        prove(loaded, made);
      }
      if (!report.hasAccuracy()) {
        score.ifPresent(scorer -> measureAccuracy(loaded, written(target), scorer));
      }
      if (strict && !report.strictFailures().isEmpty()) {
        throw new TransformGateException(
            "--strict: " + report.strictFailures().get(0) + " Nothing was written.",
            report.build());
      }
      return trial ? write(loaded, made.used(), output, overwrite).file() : made.file();
    } finally {
      if (trial) {
        remove(target);
      }
    }
  }

  private static OnnxModel written(Path file) {
    return OnnxReader.read(file).model();
  }

  /** Where no search has measured it. */
  private void measureAccuracy(LoadedModel loaded, OnnxModel output, ModelScore score) {
    double before = score.score(loaded.model()).value();
    double after = score.score(output).value();
    report.accuracy(score, before, after);
    Double limit = passes.recipe().maxDrop();
    double drop = score.metric().drop(before, after);
    if (limit != null && !(drop <= limit)) {
      throw new TransformGateException(dropFailure(score, drop, limit), report.build());
    }
  }

  private ModelScore scoreOn(Dataset data, OnnxModel model) {
    Dataset bound = data.bind(DatasetSamples.inputsOf(model.graph()));
    return new ModelScore(bound, report.threads(), progress);
  }

  private static String dropFailure(ModelScore score, double drop, double limit) {
    Metric metric = score.metric();
    return String.format(
        java.util.Locale.ROOT,
        "%s %s by %.2f%s on %s; --max-drop allows %.2f. Nothing was written: allow more, give more"
            + " calibration data, or try --rounding adaptive.",
        metric,
        metric.higherIsBetter() ? "fell" : "rose",
        drop,
        metric.isRate() ? " points" : "%",
        score.data().name(),
        limit);
  }

  private static boolean isSame(Path one, Path other) {
    try {
      return Files.exists(other) && Files.isSameFile(one, other);
    } catch (IOException e) {
      return false;
    }
  }

  private static Path trialFile(Path output) {
    try {
      return Files.createTempDirectory("compress-strict-").resolve(output.getFileName());
    } catch (IOException e) {
      throw new ReadWriteException("Cannot write a trial file: " + e.getMessage() + ".", e);
    }
  }

  private static void remove(Path trial) {
    Path folder = Objects.requireNonNull(trial.getParent());
    try (Stream<Path> files = Files.list(folder)) {
      files.forEach(f -> f.toFile().delete());
    } catch (IOException e) {
      throw new ReadWriteException("Cannot remove " + folder + ": " + e.getMessage() + ".", e);
    }
    folder.toFile().delete();
  }

  private void prove(LoadedModel loaded, Output made) {
    if (!report.provesAnything()) {
      return;
    }
    WrittenModel written = made.file();
    OnnxModel output = OnnxReader.read(written.file()).model();
    report.weights(OutputWeights.of(output, written));
    boolean kernelsOnly =
        passes.proof() == ProofMode.KERNELS
            || !made.used().changed() // a copy is neither closer nor faster
            || (passes.proof() == ProofMode.AUTO
                && loaded.bytes() > LARGE_MODEL_BYTES
                && calibration.isEmpty());
    Optional<Samples> samples = calibration.map(d -> samplesOf(d, output));
    ProofJob job =
        new ProofJob(
            loaded.file().toString(),
            written.file().toString(),
            "",
            calibration.map(Dataset::name).orElse(""),
            report.plannedInteger(),
            kernelsOnly,
            passes.target().isCpu() ? PROOF_SECONDS : 0,
            report.seed());
    report.proof(Prover.prove(job, samples, progress));
  }

  /** The transformed model, and whether the recipe's limit holds. */
  private record Transformed(
      OnnxModel model,
      boolean changed,
      boolean holds,
      String failure,
      Optional<Supplier<Transformed>> fallback) {
    static Transformed unchanged(OnnxModel model) {
      return new Transformed(model, false, true, "", Optional.empty());
    }
  }

  /** What was written, and what it is. */
  private record Output(WrittenModel file, Transformed used) {}

  private Transformed transform(OnnxModel model, Scratch scratch, Memo memo) {
    Optional<Samples> samples =
        calibration.map(
            d -> {
              DatasetSamples bound = samplesOf(d, model);
              report.data("calibration", bound.dataset());
              return bound;
            });
    int threads = report.threads();
    Optional<CalibrationCache> cache = cache();
    PassContext context =
        new PassContext(scratch, progress, threads, report.seed(), samples, cache, memo);
    List<CompressionPass> all = new ArrayList<>(passes.preparing(model));
    List<CompressionPass> quantizing = passes.quantizing();
    all.addAll(quantizing);
    Pipeline.Outcome outcome = new Pipeline(all).run(model, context);
    cache.ifPresent(this::keep);
    report.passes(outcome.passes());
    if (quantizing.isEmpty()) {
      return new Transformed(outcome.model(), outcome.model() != model, true, "", Optional.empty());
    }
    List<Pipeline.PassReport> reports = outcome.passes();
    PassResult last = reports.get(reports.size() - 1).result();
    OnnxModel before =
        reports.size() > 1 ? reports.get(reports.size() - 2).result().model() : model;
    boolean changed = last.model() != before;
    boolean measured = report.provesAnything() || passes.recipe().maxDrop() != null;
    Map<Trace, Double> sensitivity =
        measured && (samples.isPresent() || selection.isPresent())
            ? layerFidelity(before, last, samples, threads)
            : Map.of();
    report.layers(last.traces(), sensitivity);
    if (samples.isEmpty()
        && passes.quantization() == Passes.Quantization.INT8
        && passes.mode() == QuantizationMode.AUTO) {
      whatDataWouldBuy(before, !last.traces().isEmpty()).ifPresent(report::note);
    }
    if (changed
        && passes.recipe().maxDrop() != null
        && quantizing.get(quantizing.size() - 1) instanceof QuantizeInt8 pass) {
      return hold(pass, before, last, sensitivity, context);
    }
    Optional<Supplier<Transformed>> fallback = fallback(quantizing, before, context);
    if (fallback.isPresent() && samples.isPresent() && !report.provesAnything()) {
      double decibels =
          parameters(before) > MOST_PARAMETERS_COMPARED
              ? Double.POSITIVE_INFINITY
              : OutputFidelity.sqnrDb(before, last.model(), samples.get(), threads, progress);
      if (decibels < ReportBuilder.LEAST_SQNR_DB) {
        report.noteFallback("too inexact");
        return fallback.get().get();
      }
    }
    return new Transformed(last.model(), changed, true, "", fallback);
  }

  private static Optional<String> whatDataWouldBuy(OnnxModel model, boolean dynamic) {
    long convolutions = model.graph().nodes().stream().filter(n -> n.is("Conv")).count();
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
    if (calibration.isEmpty()) {
      return Optional.empty();
    }
    return cacheFile
        .map(CalibrationCache::in)
        .or(
            () ->
                passes.recipe().maxDrop() == null
                    ? Optional.empty()
                    : Optional.of(CalibrationCache.inMemory()));
  }

  private void keep(CalibrationCache cache) {
    if (cacheFile.isEmpty()) {
      return;
    }
    cache.save();
    report.note(
        cache.found() == 0
            ? "What calibration learnt is kept in " + cacheFile.get() + "."
            : String.format(
                java.util.Locale.ROOT,
                "%d of %d observations of the calibration came from %s: same model, same data.",
                cache.found(),
                cache.found() + cache.observed(),
                cacheFile.get()));
  }

  private Transformed hold(
      QuantizeInt8 pass,
      OnnxModel before,
      PassResult first,
      Map<Trace, Double> sensitivity,
      PassContext context) {
    double maxDrop = Objects.requireNonNull(passes.recipe().maxDrop());
    Dataset data =
        selection.orElseThrow(
            () -> new IllegalArgumentException("--max-drop needs labelled data: give --data."));
    ModelScore score = scoreOn(data, before);
    HoldAccuracy.Found found =
        new HoldAccuracy(pass, score, maxDrop).search(before, first, sensitivity, context);
    report.accuracy(found, score);
    Map<String, Double> byOutput = new HashMap<>();
    sensitivity.forEach((trace, decibels) -> byOutput.put(trace.output(), decibels));
    Map<Trace, Double> kept = new LinkedHashMap<>();
    for (Trace trace : found.result().traces()) {
      kept.put(trace, byOutput.getOrDefault(trace.output(), Double.NaN));
    }
    report.forgetLayers();
    report.layers(found.result().traces(), kept);
    String failure = dropFailure(score, found.drop(), maxDrop);
    return new Transformed(
        found.result().model(),
        found.result().model() != before,
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
    QuantizeInt8 stored =
        new QuantizeInt8(
            QuantizationMode.WEIGHTS, pass.target(), pass.filter(), pass.method(), Set.of());
    return Optional.of(
        () -> {
          OnnxModel model = stored.apply(before, context).model();
          return new Transformed(model, model != before, true, "", Optional.empty());
        });
  }

  private Map<Trace, Double> layerFidelity(
      OnnxModel before, PassResult last, Optional<Samples> samples, int threads) {
    Samples data = samples.orElseGet(() -> samplesOf(selection.orElseThrow(), before));
    return LayerFidelity.sqnrDb(
        before, last.model(), last.traces(), data, LAYER_SAMPLES, threads, progress);
  }

  private DatasetSamples samplesOf(Dataset data, OnnxModel model) {
    Integer wanted = passes.recipe().calibrationSamples();
    return DatasetSamples.of(data, model.graph(), wanted == null ? DEFAULT_SAMPLES : wanted);
  }

  private Output write(
      LoadedModel loaded, Transformed transformed, Path output, boolean overwrite) {
    if (!transformed.changed()) {
      report.revert();
      return new Output(copy(loaded, output, overwrite), transformed);
    }
    WrittenModel written =
        OnnxWriter.write(
            stamped(transformed.model()), output, settings(loaded, overwrite), progress);
    if (written.bytes() <= loaded.bytes()) {
      return new Output(written, transformed);
    }
    // Scales and conversions outweigh small layers; weights alone may still be worth it.
    report.forgetLayers();
    Transformed smaller =
        transformed
            .fallback()
            .map(Supplier::get)
            .orElseGet(() -> Transformed.unchanged(loaded.model()));
    return write(loaded, smaller, output, true);
  }

  private static WriteSettings settings(LoadedModel loaded, boolean overwrite) {
    WriteSettings settings = WriteSettings.DEFAULT.withForce(overwrite);
    return loaded.hasExternalData()
        ? settings.withExternal(WriteSettings.ExternalData.ALWAYS)
        : settings;
  }

  /** Byte for byte, where the model is one file. */
  private WrittenModel copy(LoadedModel loaded, Path output, boolean overwrite) {
    if (loaded.hasExternalData()) {
      return OnnxWriter.write(loaded.model(), output, settings(loaded, overwrite), progress);
    }
    Path target = output.toAbsolutePath();
    if (Files.exists(target) && !overwrite) {
      throw new OutputExistsException(
          output + " exists already. Give another output with -o, or overwrite it with --force.");
    }
    Path temporary =
        target.resolveSibling(
            "." + target.getFileName() + "." + ProcessHandle.current().pid() + ".tmp");
    try {
      try {
        Files.copy(loaded.file(), temporary, StandardCopyOption.REPLACE_EXISTING);
        Files.move(
            temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw new ReadWriteException("Cannot write " + output + ": " + IoReason.of(e) + ".", e);
    }
    return new WrittenModel(output, loaded.bytes(), ModelHash.sha256(output), Optional.empty());
  }

  /** What was done to it, in the model itself. */
  private OnnxModel stamped(OnnxModel model) {
    Map<String, String> metadata = new LinkedHashMap<>(model.metadata());
    metadata.putAll(report.provenance());
    return model.withMetadata(metadata);
  }

  private static Scratch scratchBeside(Path output) {
    Path folder = output.toAbsolutePath().getParent();
    return folder != null && Files.isDirectory(folder) && Files.isWritable(folder)
        ? new Scratch(folder)
        : Scratch.inTemporaryFolder();
  }

  private static String joined(CompletableFuture<String> result) {
    try {
      return result.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException known ? known : e;
    }
  }

  private static <T> CompletableFuture<T> inBackground(String name, Supplier<T> work) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                result.complete(work.get());
              } catch (RuntimeException | Error e) {
                result.completeExceptionally(e); // whoever needs it meets it
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
    return result;
  }

  static long parameters(OnnxModel model) {
    long parameters = 0;
    for (Initializer initializer : model.graph().initializers()) {
      if (initializer.tensor().type().isFloatingPoint()) {
        parameters += initializer.tensor().elementCount();
      }
    }
    return parameters;
  }
}
