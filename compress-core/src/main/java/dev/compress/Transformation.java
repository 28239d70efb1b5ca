package dev.compress;

import dev.compress.calibrate.Samples;
import dev.compress.data.Dataset;
import dev.compress.error.OutputExistsException;
import dev.compress.graph.GraphValidator;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.LoadedModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.WrittenModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.Memo;
import dev.compress.pass.PassContext;
import dev.compress.pass.Pipeline;
import dev.compress.progress.HeedingProgress;
import dev.compress.progress.Progress;
import dev.compress.recipe.Passes;
import dev.compress.report.TransformGateException;
import dev.compress.report.TransformReport;
import dev.compress.runtime.RuntimeInfo;
import dev.compress.runtime.ShapeInference;
import dev.compress.search.ModelScore;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Sha256;
import dev.compress.train.TuningJob;
import dev.compress.train.TuningRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/** One run: read, plan, transform, write, prove, report. */
final class Transformation {
  private final Work work;

  Transformation(
      Passes passes,
      Optional<Dataset> calibration,
      Optional<Dataset> selection,
      Optional<TuningJob> tuning,
      Optional<Path> cacheFile,
      Progress progress) {
    HeedingProgress heeding = new HeedingProgress(progress);
    this.work =
        new Work(
            passes,
            ranges(passes, calibration, tuning),
            selection,
            tuning.map(job -> run(passes, job, heeding)),
            cacheFile,
            heeding,
            new ReportBuilder(passes));
  }

  /** A limit that has to hold cannot be judged of a model that is not finished. */
  private static TuningRun run(Passes passes, TuningJob job, HeedingProgress progress) {
    boolean limited =
        passes.recipe().maxDrop() != null || Boolean.TRUE.equals(passes.recipe().strict());
    return new TuningRun(job, passes.augmentation(), !limited, progress);
  }

  /** Who trains has samples in any case, for ranges that are trained and for gradients. */
  private static Optional<Dataset> ranges(
      Passes passes, Optional<Dataset> calibration, Optional<TuningJob> tuning) {
    boolean wanted = passes.quantizationAware() || passes.takesGradients();
    return calibration.isPresent() || !wanted
        ? calibration
        : tuning.map(job -> job.data().training());
  }

  private List<String> opsetLimits(OnnxModel model) {
    return work.passes().opsetLimits(model, work.calibration().isPresent());
  }

  TransformReport plan(LoadedModel loaded) {
    GraphValidator.Checked checked = GraphValidator.check(loaded.model());
    work.report().warn(checked.warnings());
    work.report().warn(work.passes().filter().unmatched(checked.model().graph()));
    work.report().warn(opsetLimits(checked.model()));
    work.report().warn(work.withoutEffect());
    work.report().input(loaded, Sha256.of(loaded.file()));
    List<CompressionPass> all = new ArrayList<>(new Tuning(work).shaping(checked.model()));
    all.addAll(work.passes().quantizing());
    if (work.passes().quantizationAware()) {
      work.report().note("Codes and ranges of int8 will be learned as long again.");
    }
    Optional<Samples> samples = work.calibration().map(d -> work.samplesOf(d, checked.model()));
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      PassContext context =
          new PassContext(
              scratch, work.progress(), work.report().threads(), work.report().seed(), samples);
      work.report().passes(new Pipeline(all).plan(checked.model(), context));
    }
    return work.report().build();
  }

  TransformReport run(Path file, Path output, boolean overwrite) {
    if (Files.exists(output) && !overwrite) {
      throw new OutputExistsException(
          output + " exists already. Give another output with -o, or overwrite it with --force.");
    }
    // Its library is loaded meanwhile; whoever needs it meets a failure again.
    CompletableFuture<RuntimeInfo> unused = inBackground("compress-runtime", RuntimeInfo::get);
    LoadedModel loaded = OnnxReader.read(file);
    GraphValidator.Checked checked = GraphValidator.check(loaded.model());
    work.report().warn(checked.warnings());
    work.report().warn(work.passes().filter().unmatched(checked.model().graph()));
    work.report().warn(opsetLimits(checked.model()));
    work.report().warn(work.withoutEffect());
    // Refuses what contradicts itself, even where no pass has anything to do.
    Memo memo = new Memo();
    memo.keep(checked.model(), ShapeInference.infer(checked.model()));
    // Only now: until here the library is loaded beside, and cores may be two.
    CompletableFuture<String> hash = inBackground("compress-hash", () -> Sha256.of(file));
    // Kept by the dataset, which is asked for it when the output is written.
    CompletableFuture<Optional<String>> unusedToo =
        hash.thenApplyAsync(h -> work.calibration().map(Dataset::contentSha256));
    Optional<ModelScore> score = work.selection().map(d -> work.scoreOn(d, checked.model()));
    try (Scratch scratch = scratchBeside(output)) {
      Transformed transformed = new PassStage(work).transform(checked.model(), scratch, memo);
      work.report().input(loaded, joined(hash));
      if (!transformed.holds()) {
        throw new TransformGateException(transformed.failure(), work.report().build());
      }
      WrittenModel written =
          new OutputStage(work, loaded, new Storing(work, loaded.model(), scratch))
              .finish(transformed, score, output, overwrite);
      work.report().output(written, loaded.bytes());
      return work.report().build();
    }
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
}
