package dev.compress;

import dev.compress.calibrate.Samples;
import dev.compress.data.Dataset;
import dev.compress.error.CancelledException;
import dev.compress.error.ReadWriteException;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.LoadedModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.onnx.WriteSettings;
import dev.compress.onnx.WrittenModel;
import dev.compress.pack.ShortNames;
import dev.compress.pack.UnpackWeights;
import dev.compress.proof.ProofJob;
import dev.compress.proof.ProofMode;
import dev.compress.proof.Prover;
import dev.compress.quantize.QuantizationMode;
import dev.compress.recipe.Passes;
import dev.compress.report.TransformGateException;
import dev.compress.search.ModelScore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The stage that writes a model, proves what it is, and falls back where that is worse. */
final class OutputStage {
  private static final long LARGE_MODEL_BYTES = 256L << 20;
  private static final double PROOF_SECONDS = 2;

  private final Work work;
  private final Passes passes;
  private final ReportBuilder report;
  private final LoadedModel loaded;
  private final Storing storing;
  private Optional<Path> complete = Optional.empty();

  OutputStage(Work work, LoadedModel loaded, Storing storing) {
    this.storing = storing;
    this.work = work;
    this.passes = work.passes();
    this.report = work.report();
    this.loaded = loaded;
  }

  /** What was written, and what it is. */
  private record Output(WrittenModel file, Transformed used, ShortNames names) {}

  /**
   * Writes and proves; falls back to stored weights where integers turn out slower.
   *
   * @throws CancelledException if the caller stopped it; its message names the output if it is
   *     there
   */
  WrittenModel finish(
      Transformed transformed, Optional<ModelScore> score, Path output, boolean overwrite) {
    try {
      return writeAndProve(transformed, score, output, overwrite);
    } catch (CancelledException e) {
      throw complete
          .filter(output::equals) // not a trial file
          .map(
              file ->
                  new CancelledException(
                      "Cancelled while the output was measured; " + file + " is complete.", e))
          .orElse(e);
    }
  }

  private WrittenModel writeAndProve(
      Transformed transformed, Optional<ModelScore> score, Path output, boolean overwrite) {
    boolean strict = Boolean.TRUE.equals(passes.recipe().strict());
    boolean limited = passes.recipe().maxDrop() != null && !report.hasAccuracy();
    // The proof reads the input: it must still be there.
    boolean trial = strict || limited || isSame(loaded.file(), output);
    Path target = trial ? trialFile(output) : output;
    try {
      Output made = write(transformed, target, trial || overwrite);
      prove(made);
      // A pruned model is compared with the input: how far it is off says nothing of integers.
      boolean unfaithful = report.isUnfaithful() && !passes.reshapesWeights();
      if ((report.isSlower() || unfaithful) && made.used().fallback().isPresent()) {
        report.noteFallback(report.isSlower() ? "slower than float" : "too inexact");
        made = write(made.used().fallback().get().get(), target, true);
        prove(made);
      }
      if (report.isSlower()
          && made.used().changed()
          && passes.mode() == QuantizationMode.AUTO
          && passes.quantization() == Passes.Quantization.INT8
          && !passes.reshapesWeights()) { // size was asked for
        report.note("With its weights stored in 8 bits the model was slower than the input.");
        made = write(Transformed.unchanged(loaded.model()), target, true);
        prove(made);
      }
      if (!report.hasAccuracy()) {
        score.ifPresent(scorer -> measureAccuracy(written(target), scorer));
      }
      if (strict && !report.strictFailures().isEmpty()) {
        throw new TransformGateException(
            "--strict: " + report.strictFailures().get(0) + " Nothing was written.",
            report.build());
      }
      return trial ? write(made.used(), output, overwrite).file() : made.file();
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
  private void measureAccuracy(OnnxModel output, ModelScore score) {
    double before = score.score(loaded.model()).value();
    double after = score.score(output).value();
    report.accuracy(score, before, after);
    Double limit = passes.recipe().maxDrop();
    double drop = score.metric().drop(before, after);
    if (limit != null && !(drop <= limit)) {
      throw new TransformGateException(Work.dropFailure(score, drop, limit), report.build());
    }
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

  private void prove(Output made) {
    if (!report.provesAnything()) {
      return;
    }
    WrittenModel written = made.file();
    OnnxModel output = OnnxReader.read(written.file()).model();
    try {
      report.weights(
          OutputWeights.of(output, written, storing.context(), report.claims(), made.names()));
    } catch (IllegalStateException e) {
      written.file().toFile().delete(); // nobody is to use it
      written.data().ifPresent(data -> data.file().toFile().delete());
      throw e;
    }
    boolean kernelsOnly =
        passes.proof() == ProofMode.KERNELS
            || !made.used().changed() // a copy is neither closer nor faster
            || (passes.proof() == ProofMode.AUTO
                && loaded.bytes() > LARGE_MODEL_BYTES
                && work.calibration().isEmpty());
    Optional<Samples> samples = work.calibration().map(d -> work.samplesOf(d, output));
    Map<String, String> planned = new LinkedHashMap<>();
    report.plannedInteger().forEach(node -> planned.put(node, made.names().label(node)));
    ProofJob job =
        new ProofJob(
            loaded.file().toString(),
            written.file().toString(),
            "",
            work.calibration().map(Dataset::name).orElse(""),
            planned,
            kernelsOnly,
            passes.target().isCpu() ? PROOF_SECONDS : 0,
            report.seed());
    report.proof(Prover.prove(job, samples, work.progress()));
  }

  private Output write(Transformed transformed, Path output, boolean overwrite) {
    ShortNames names = storing.stored(transformed.model());
    OnnxModel model = names.model();
    if (!transformed.changed() && model == transformed.model()) {
      report.revert();
      WrittenModel copied = copy(output, overwrite);
      complete = Optional.of(output);
      return new Output(copied, transformed, names);
    }
    WrittenModel written =
        OnnxWriter.write(stamped(model), output, settings(overwrite), work.progress());
    complete = Optional.of(output);
    // Changed weights were asked for, even where what is said of them makes the file longer.
    boolean wanted = passes.reshapesWeights() && transformed.fallback().isEmpty();
    // What was packed is small in float: in integers it is fast.
    wanted |= report.hasChanged(UnpackWeights.NAME) && !report.plannedInteger().isEmpty();
    if (written.bytes() <= loaded.bytes() || wanted) {
      return new Output(written, transformed, names);
    }
    // Scales and conversions outweigh small layers; weights alone may still be worth it.
    report.forgetLayers();
    Transformed smaller =
        transformed
            .fallback()
            .map(Supplier::get)
            .orElseGet(() -> Transformed.unchanged(loaded.model()));
    return write(smaller, output, true);
  }

  private WriteSettings settings(boolean overwrite) {
    WriteSettings settings = WriteSettings.DEFAULT.withForce(overwrite);
    return loaded.hasExternalData()
        ? settings.withExternal(WriteSettings.ExternalData.ALWAYS)
        : settings;
  }

  /** Byte for byte, where the model is one file. */
  private WrittenModel copy(Path output, boolean overwrite) {
    if (loaded.hasExternalData()) {
      return OnnxWriter.write(loaded.model(), output, settings(overwrite), work.progress());
    }
    return OnnxWriter.copy(loaded.file(), output, overwrite, work.progress());
  }

  /** What was done to it, in the model itself. */
  private OnnxModel stamped(OnnxModel model) {
    Map<String, String> metadata = new LinkedHashMap<>(model.metadata());
    metadata.putAll(report.provenance());
    return model.withMetadata(metadata);
  }
}
