package dev.compress.proof;

import dev.compress.calibrate.Samples;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.progress.Progress;
import dev.compress.runtime.IsolatedResult;
import dev.compress.runtime.IsolatedRun;
import dev.compress.runtime.IsolatedSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Runs proofs in a child process with this process's Java, class path and settings. */
public final class Prover {
  private static final int MOST_SAMPLES = 32;
  private static final int HEAP_MEGABYTES = 1024;
  private static final int TIMEOUT_SECONDS = 600;

  private Prover() {}

  /**
   * Proves a written model.
   *
   * @param job what to prove; its {@code samples} are set here
   * @param samples inputs to use, or empty for random ones
   * @param progress asked whether to stop
   * @return what was measured; a crash, a failure or a timeout of the child is a warning in it
   * @throws dev.compress.error.CancelledException if the caller stopped it
   */
  public static ProofResult prove(ProofJob job, Optional<Samples> samples, Progress progress) {
    progress.begin("prove", -1);
    Path folder = null;
    try {
      folder = Files.createTempDirectory("compress-proof-");
      ProofJob complete = job;
      if (samples.isPresent() && samples.get().count() > 0) {
        Path file = folder.resolve("samples.onnx");
        SampleFile.write(samples.get(), MOST_SAMPLES, file);
        complete =
            new ProofJob(
                job.input(),
                job.output(),
                file.toString(),
                job.sampleSource(),
                job.plannedInteger(),
                job.kernelsOnly(),
                job.seconds(),
                job.seed());
      }
      return run(complete, progress);
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot run the proof: " + IoReason.of(e) + ". Skip it with --proof none.", e);
    } finally {
      remove(folder);
    }
  }

  private static ProofResult run(ProofJob job, Progress progress) {
    IsolatedResult<ProofResult> result =
        IsolatedRun.run(
            ProofTask.class, job, new IsolatedSettings(HEAP_MEGABYTES, TIMEOUT_SECONDS), progress);
    if (result instanceof IsolatedResult.Finished<ProofResult> finished) {
      return finished.value();
    }
    if (result instanceof IsolatedResult.Crashed<ProofResult> crashed) {
      return ProofResult.failed(
          "ONNX Runtime crashed on one of the models ("
              + crashed.how()
              + "): kernels, fidelity and speed are unknown, and it may crash where the output is"
              + " used.");
    }
    return ProofResult.failed(
        "The proof did not end within " + TIMEOUT_SECONDS + " seconds and was stopped.");
  }

  private static void remove(@org.jspecify.annotations.Nullable Path folder) {
    if (folder == null) {
      return;
    }
    try (Stream<Path> files = Files.list(folder)) {
      files.forEach(f -> f.toFile().delete());
    } catch (IOException e) {
      System.getLogger(Prover.class.getName())
          .log(System.Logger.Level.DEBUG, "Cannot clean " + folder, e);
    }
    folder.toFile().delete();
  }
}
