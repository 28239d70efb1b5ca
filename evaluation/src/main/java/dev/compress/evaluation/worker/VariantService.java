package dev.compress.evaluation.worker;

import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.runtime.Device;
import dev.compress.runtime.DeviceRuntime;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.IsolatedService;
import dev.compress.runtime.KernelReport;
import dev.compress.runtime.RepeatedRun;
import dev.compress.runtime.RuntimeInfo;
import dev.compress.runtime.SerializedTensors;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.TensorBuffer;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Serves one variant, in the child process. */
public final class VariantService implements IsolatedService<VariantRequest, VariantAnswer> {
  /** Times of one block: 32 MB. */
  private static final int MOST_RUNS = 1 << 22;

  /** The runtime's arena has its size after the first; the second shows what a run adds to it. */
  private static final int RUNS_OF_PEAK = 2;

  private VariantRequest.@Nullable Load loaded;
  private SessionOptions options = SessionOptions.of(1);
  private @Nullable InferenceSession session;
  private @Nullable RepeatedRun bound;
  private Map<String, TensorBuffer> inputs = Map.of();

  /** Made by the child process. */
  public VariantService() {}

  @Override
  public VariantAnswer call(VariantRequest request) {
    if (request instanceof VariantRequest.Identify identify) {
      Device device = Device.parse(identify.device());
      return new VariantAnswer.Identified(DeviceRuntime.of(device).identify(device));
    }
    if (request instanceof VariantRequest.Load load) {
      return load(load);
    }
    if (request instanceof VariantRequest.Infer infer) {
      InferenceSession open = Objects.requireNonNull(session, "Nothing is loaded");
      Map<String, TensorBuffer> tensors = infer.inputs().toTensors();
      return new VariantAnswer.Outputs(
          SerializedTensors.of(
              infer.outputs().isEmpty() ? open.run(tensors) : open.run(tensors, infer.outputs())));
    }
    if (request instanceof VariantRequest.Bind bind) {
      return bind(bind);
    }
    if (request instanceof VariantRequest.Block block) {
      return block(Objects.requireNonNull(bound, "No inputs"), block);
    }
    if (request instanceof VariantRequest.Outputs) {
      return new VariantAnswer.Outputs(
          SerializedTensors.of(Objects.requireNonNull(bound, "No inputs").outputs()));
    }
    return kernels();
  }

  private VariantAnswer load(VariantRequest.Load load) {
    RuntimeInfo.get(); // loads the library, which is not the model's time
    Device device = Device.parse(load.device());
    Path file = Path.of(load.file());
    options = SessionOptions.of(load.threads());
    if (device.isGpu()) {
      options = options.withProviders(DeviceRuntime.of(device).providers(device, file));
    }
    loaded = load;
    long start = System.nanoTime();
    if (!load.held()) {
      session = InferenceSession.open(file, options);
    }
    return new VariantAnswer.Loaded((System.nanoTime() - start) / 1e6, options.providers());
  }

  private VariantAnswer bind(VariantRequest.Bind bind) {
    VariantRequest.Load load = Objects.requireNonNull(loaded, "Nothing is loaded");
    if (bound != null) {
      bound.close();
    }
    inputs = bind.inputs().toTensors();
    RepeatedRun run =
        load.held()
            ? DeviceRuntime.of(Device.parse(load.device()))
                .hold(Path.of(load.file()), options, inputs)
            : Objects.requireNonNull(session).prepare(inputs);
    for (int i = 0; i < RUNS_OF_PEAK; i++) {
      run.run();
    }
    bound = run;
    return new VariantAnswer.Bound();
  }

  /** The clock is read once a run: a run ends when the next begins. */
  private static VariantAnswer block(RepeatedRun run, VariantRequest.Block block) {
    long[] nanos = new long[(int) Math.min(1024, block.runs())];
    int most = (int) Math.min(MOST_RUNS, block.runs());
    double cpuBefore = cpuNanos();
    long start = System.nanoTime();
    long end = start + (long) Math.min(block.seconds() * 1e9, Long.MAX_VALUE / 2.0);
    long last = start;
    int runs = 0;
    do {
      if (runs == nanos.length) {
        nanos = Arrays.copyOf(nanos, Math.min(most, 2 * runs));
        last = System.nanoTime();
      }
      run.run();
      long now = System.nanoTime();
      nanos[runs++] = now - last;
      last = now;
    } while (runs < most && last < end);
    double cpu = cpuNanos() - cpuBefore;
    return new VariantAnswer.Times(
        Arrays.copyOf(nanos, runs), last - start, cpuBefore < 0 ? -1 : (long) cpu);
  }

  private static double cpuNanos() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getProcessCpuTime()
        : -1;
  }

  private VariantAnswer kernels() {
    VariantRequest.Load load = Objects.requireNonNull(loaded);
    OnnxModel model = OnnxReader.read(Path.of(load.file())).model();
    KernelReport report = KernelReport.of(model, inputs, options);
    Map<String, Map<String, Integer>> providers = new HashMap<>();
    report.providers().forEach((provider, ops) -> providers.put(provider, new HashMap<>(ops)));
    return new VariantAnswer.Kernels(
        new HashMap<>(report.integerCounts()),
        new HashMap<>(report.floatCounts()),
        report.integerMacShare(),
        providers,
        report.deviceCopies());
  }

  @Override
  public void close() {
    if (bound != null) {
      bound.close();
    }
    if (session != null) {
      session.close();
    }
  }
}
