package dev.compress.evaluation.worker;

import dev.compress.progress.Progress;
import dev.compress.runtime.ExecutionProvider;
import dev.compress.runtime.IsolatedResult;
import dev.compress.runtime.IsolatedWorker;
import dev.compress.runtime.SerializedTensors;
import dev.compress.tensor.TensorBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * One variant, loaded in a process of its own. All methods throw {@link VariantDied} once that has
 * crashed. Not thread-safe.
 */
public final class VariantWorker implements AutoCloseable {
  private final IsolatedWorker<VariantRequest, VariantAnswer> worker;
  private final VariantAnswer.Loaded loaded;
  private OptionalLong peak = OptionalLong.empty();

  private VariantWorker(
      IsolatedWorker<VariantRequest, VariantAnswer> worker, VariantAnswer.Loaded loaded) {
    this.worker = worker;
    this.loaded = loaded;
  }

  /**
   * Loads a variant.
   *
   * @param file the model
   * @param threads inside an operator
   * @param place where it runs
   * @param progress asked whether to stop
   * @throws VariantDied if the runtime crashes on it
   * @throws dev.compress.error.CompressionException if the runtime refuses it
   */
  public static VariantWorker load(Path file, int threads, VariantPlace place, Progress progress) {
    return load(file, threads, place, false, progress);
  }

  /**
   * Loads a variant to be run with inputs and outputs held on the device. It answers to {@link
   * #bind}, {@link #block} and {@link #outputs} only.
   *
   * @param file the model
   * @param threads inside an operator
   * @param place where it runs: on a GPU
   * @param progress asked whether to stop
   * @throws VariantDied if the runtime crashes on it
   */
  public static VariantWorker hold(Path file, int threads, VariantPlace place, Progress progress) {
    return load(file, threads, place, true, progress);
  }

  private static VariantWorker load(
      Path file, int threads, VariantPlace place, boolean held, Progress progress) {
    IsolatedWorker<VariantRequest, VariantAnswer> worker =
        IsolatedWorker.start(VariantService.class, place.settings(), progress);
    try {
      VariantAnswer answer =
          value(
              worker.call(
                  new VariantRequest.Load(
                      file.toAbsolutePath().toString(), threads, place.device().toString(), held)));
      return new VariantWorker(worker, (VariantAnswer.Loaded) answer);
    } catch (RuntimeException e) {
      worker.close();
      throw e;
    }
  }

  /** From the file to a session that can run, in milliseconds; the library was there already. */
  public double loadMillis() {
    return loaded.milliseconds();
  }

  /** What computes in place of the processor, with all its settings. */
  public List<ExecutionProvider> providers() {
    return loaded.providers();
  }

  /**
   * Runs once.
   *
   * @param inputs by name
   * @param outputs which are wanted; empty for all numeric ones
   */
  public Map<String, TensorBuffer> infer(Map<String, TensorBuffer> inputs, List<String> outputs) {
    VariantAnswer answer =
        call(new VariantRequest.Infer(SerializedTensors.of(inputs), List.copyOf(outputs)));
    return ((VariantAnswer.Outputs) answer).tensors().toTensors();
  }

  /** Fixes the inputs of all later blocks. */
  public void bind(Map<String, TensorBuffer> inputs) {
    call(new VariantRequest.Bind(SerializedTensors.of(inputs)));
  }

  /**
   * What a block of runs took.
   *
   * @param nanos of every run, one after the other
   * @param seconds of all, from before the first to after the last
   * @param cpuSeconds of the process meanwhile; negative where the system does not tell
   */
  @SuppressWarnings("ArrayRecordComponent") // many, made once and only read
  public record Block(long[] nanos, double seconds, double cpuSeconds) {}

  /**
   * Runs on the fixed inputs.
   *
   * @param runs how often at most
   * @param seconds and how long at most; whichever comes first, but one run at least
   */
  public Block block(long runs, double seconds) {
    VariantAnswer.Times times = (VariantAnswer.Times) call(new VariantRequest.Block(runs, seconds));
    return new Block(times.nanos(), times.totalNanos() / 1e9, times.cpuNanos() / 1e9);
  }

  /** The outputs for the fixed inputs. */
  public Map<String, TensorBuffer> outputs() {
    return ((VariantAnswer.Outputs) call(new VariantRequest.Outputs())).tensors().toTensors();
  }

  /**
   * Which kernels ran.
   *
   * @param integer nodes in integer kernels, by operator
   * @param floating nodes in float kernels
   * @param integerMacShare share of the multiplications that integer kernels do; NaN if unknown
   * @param providers nodes by the execution provider that they ran on, and operator
   * @param deviceCopies how often a value is copied between the processor's memory and a device's
   */
  public record Kernels(
      Map<String, Integer> integer,
      Map<String, Integer> floating,
      double integerMacShare,
      Map<String, Map<String, Integer>> providers,
      int deviceCopies) {}

  /** Counts the kernels, on the fixed inputs. */
  public Kernels kernels() {
    VariantAnswer.Kernels found = (VariantAnswer.Kernels) call(new VariantRequest.Kernels());
    return new Kernels(
        Map.copyOf(found.integer()),
        Map.copyOf(found.floating()),
        found.integerMacShare(),
        Map.copyOf(found.providers()),
        found.deviceCopies());
  }

  /** The process, whose processor time an estimate of energy asks for. */
  public ProcessHandle process() {
    return ProcessHandle.of(worker.processId())
        .orElseThrow(() -> new VariantDied("its process is gone"));
  }

  /** The most memory that was resident at one time, in bytes, the Java machine's included. */
  public OptionalLong peakResidentBytes() {
    OptionalLong now = worker.peakResidentBytes();
    if (now.isPresent()) {
      peak = now;
    }
    return peak;
  }

  private VariantAnswer call(VariantRequest request) {
    return value(worker.call(request));
  }

  static VariantAnswer value(IsolatedResult<VariantAnswer> result) {
    if (result instanceof IsolatedResult.Finished<VariantAnswer> finished) {
      return finished.value();
    }
    if (result instanceof IsolatedResult.Crashed<VariantAnswer> crashed) {
      throw new VariantDied("ONNX Runtime crashed: " + crashed.how());
    }
    throw new VariantDied(
        "no answer within "
            + ((IsolatedResult.TimedOut<VariantAnswer>) result).seconds()
            + " seconds");
  }

  @Override
  public void close() {
    worker.close();
  }
}
