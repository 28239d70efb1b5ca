package dev.compress.proof;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.compress.calibrate.Samples;
import dev.compress.error.ReadWriteException;
import dev.compress.progress.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs proofs in a child process with this process's Java, class path and settings. */
public final class Prover {
  private static final int MOST_SAMPLES = 32;
  private static final long TIMEOUT_SECONDS = 600;

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
      return run(complete, folder, progress);
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot run the proof: " + e.getMessage() + ". Skip it with --proof none.", e);
    } finally {
      remove(folder);
    }
  }

  private static ProofResult run(ProofJob job, Path folder, Progress progress) throws IOException {
    ObjectMapper json = new ObjectMapper();
    Path jobFile = folder.resolve("job.json");
    Path resultFile = folder.resolve("result.json");
    Path log = folder.resolve("log.txt");
    json.writeValue(jobFile.toFile(), job);
    List<String> command = command();
    command.add(jobFile.toString());
    command.add(resultFile.toString());
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      long waited = 0;
      while (!process.waitFor(100, TimeUnit.MILLISECONDS)) {
        progress.check();
        waited += 100;
        if (waited > TIMEOUT_SECONDS * 1000) {
          return ProofResult.failed(
              "The proof did not end within " + TIMEOUT_SECONDS + " seconds and was stopped.");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return ProofResult.failed("The proof was interrupted.");
    } finally {
      process.destroyForcibly();
    }
    if (process.exitValue() != 0 || !Files.exists(resultFile)) {
      return ProofResult.failed(
          "ONNX Runtime ended the proof's process (exit "
              + process.exitValue()
              + lastLine(log)
              + "): kernels, fidelity and speed are unknown, and the model may crash where it is"
              + " used.");
    }
    return json.readValue(resultFile.toFile(), ProofResult.class);
  }

  private static List<String> command() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx1g");
    command.add("-XX:+UseSerialGC");
    command.add("-XX:TieredStopAtLevel=1");
    command.add("-Xshare:auto");
    if (Runtime.version().feature() >= 22) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    String natives = System.getProperty("onnxruntime.native.path");
    if (natives != null) {
      command.add("-Donnxruntime.native.path=" + natives);
    }
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(ProofProcess.class.getName());
    return command;
  }

  private static String lastLine(Path log) {
    try (Stream<String> lines = Files.lines(log)) {
      return lines
          .filter(l -> !l.isBlank())
          .reduce((a, b) -> b)
          .map(l -> ": " + l.strip())
          .orElse("");
    } catch (IOException e) {
      return "";
    }
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
