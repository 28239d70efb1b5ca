package dev.compress.evaluation.worker;

import dev.compress.progress.Progress;
import dev.compress.runtime.IsolatedResult;
import dev.compress.runtime.IsolatedSettings;
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
  /** Tensors come and go through the child's heap. */
  private static final IsolatedSettings SETTINGS = new IsolatedSettings(1024, 3600);

  private final IsolatedWorker<VariantRequest, VariantAnswer> worker;
  private final double loadMillis;
  private OptionalLong peak = OptionalLong.empty();

  private VariantWorker(IsolatedWorker<VariantRequest, VariantAnswer> worker, double loadMillis) {
    this.worker = worker;
    this.loadMillis = loadMillis;
  }

  /**
   * Loads a variant.
   *
   * @param file the model
   * @param threads inside an operator
   * @param progress asked whether to stop
   * @throws VariantDied if the runtime crashes on it
   * @throws dev.compress.error.CompressionException if the runtime refuses it
   */
  public static VariantWorker load(Path file, int threads, Progress progress) {
    IsolatedWorker<VariantRequest, VariantAnswer> worker =
        IsolatedWorker.start(VariantService.class, SETTINGS, progress);
    try {
      VariantAnswer answer =
          value(worker.call(new VariantRequest.Load(file.toAbsolutePath().toString(), threads)));
      return new VariantWorker(worker, ((VariantAnswer.Loaded) answer).milliseconds());
    } catch (RuntimeException e) {
      worker.close();
      throw e;
    }
  }

  /** From the file to a session that can run, in milliseconds; the library was there already. */
  public double loadMillis() {
    return loadMillis;
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

  /**
   * Which kernels ran.
   *
   * @param integer nodes in integer kernels, by operator
   * @param floating nodes in float kernels
   * @param integerMacShare share of the multiplications that integer kernels do; NaN if unknown
   */
  public record Kernels(
      Map<String, Integer> integer, Map<String, Integer> floating, double integerMacShare) {}

  /** Counts the kernels, on the fixed inputs. */
  public Kernels kernels() {
    VariantAnswer.Kernels found = (VariantAnswer.Kernels) call(new VariantRequest.Kernels());
    return new Kernels(
        Map.copyOf(found.integer()), Map.copyOf(found.floating()), found.integerMacShare());
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

  private static VariantAnswer value(IsolatedResult<VariantAnswer> result) {
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
