package dev.compress.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.energy.EnergyMeter;
import dev.compress.energy.EnergyMeterProvider.Request;
import dev.compress.energy.Mark;
import dev.compress.energy.SensorFinding;
import dev.compress.energy.TimeSource;
import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.progress.Progress;
import dev.compress.runtime.BoundRun;
import dev.compress.runtime.Device;
import dev.compress.runtime.DeviceRequirement;
import dev.compress.runtime.DeviceRuntime;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.IsolatedResult;
import dev.compress.runtime.IsolatedService;
import dev.compress.runtime.IsolatedSettings;
import dev.compress.runtime.IsolatedWorker;
import dev.compress.runtime.KernelReport;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What only a GPU can show: {@code mvn -Pgpu-tests -Dcompress.natives=DIR -pl gpu-runtime -am
 * test}.
 */
@Tag("gpu")
class OnGpuTest {
  private static final Device GPU = Device.parse("cuda:0");
  private static final int RUNS = 200;

  @TempDir Path folder;
  private Optional<Path> natives = Optional.empty();

  @BeforeEach
  void isThereAGpu() {
    natives =
        Optional.ofNullable(System.getProperty("compress.natives"))
            .filter(text -> !text.isBlank())
            .map(Path::of);
    List<DeviceRequirement> missing =
        new GpuRuntime()
            .requirements(Device.Kind.CUDA, natives).stream().filter(r -> !r.isMet()).toList();
    assumeTrue(missing.isEmpty(), () -> "no usable GPU: " + missing);
  }

  /**
   * What a child found.
   *
   * @param farthest of all outputs on the GPU from the processor's, by the largest output
   * @param farthestHeld the same of outputs that were held on the GPU
   * @param memory where held outputs lie
   * @param providers of the nodes
   * @param copies inside the model
   * @param millis of a run with copies
   * @param heldMillis of a run without
   */
  record Found(
      double farthest,
      double farthestHeld,
      List<String> memory,
      Map<String, Map<String, Integer>> providers,
      int copies,
      double millis,
      double heldMillis)
      implements Serializable {}

  /** Runs a model on the GPU, in the child that has its surroundings. */
  public static final class Run implements IsolatedService<String, Found> {
    @Override
    public Found call(String model) {
      Path file = Path.of(model);
      Map<String, TensorBuffer> inputs = Map.of("x", TensorBuffer.of(normal(9, 1, 8, 16, 64, 64)));
      SessionOptions plain = SessionOptions.of(1);
      SessionOptions onGpu = plain.withProviders(new GpuRuntime().providers(GPU, file));
      KernelReport report = KernelReport.of(OnnxReader.read(file).model(), inputs, onGpu);
      try (InferenceSession processor = InferenceSession.open(file, plain);
          InferenceSession gpu = InferenceSession.open(file, onGpu);
          BoundRun bound = gpu.prepare(inputs);
          HeldRun held = HeldRun.of(file, onGpu, inputs)) {
        float[] expected = y(processor.run(inputs));
        double[] millis = {median(bound::run), median(held::run)};
        return new Found(
            farthest(expected, y(bound.outputs())),
            farthest(expected, y(held.outputs())),
            List.copyOf(held.outputMemory()),
            new java.util.HashMap<>(report.providers()),
            report.deviceCopies(),
            millis[0],
            millis[1]);
      }
    }

    private static float[] y(Map<String, TensorBuffer> outputs) {
      return Objects.requireNonNull(outputs.get("y")).toFloats();
    }

    private static double farthest(float[] expected, float[] found) {
      double largest = 0;
      double farthest = 0;
      for (int i = 0; i < expected.length; i++) {
        largest = Math.max(largest, Math.abs(expected[i]));
        farthest = Math.max(farthest, Math.abs(expected[i] - found[i]));
      }
      return farthest / largest;
    }

    private static double median(Runnable run) {
      long[] nanos = new long[RUNS];
      for (int i = -20; i < RUNS; i++) {
        long start = System.nanoTime();
        run.run();
        nanos[Math.max(0, i)] = System.nanoTime() - start;
      }
      Arrays.sort(nanos);
      return nanos[RUNS / 2] / 1e6;
    }

    @Override
    public void close() {}
  }

  private static Tensor normal(long seed, double scale, long... dims) {
    Random random = new Random(seed);
    float[] values = new float[(int) Shape.of(dims).elementCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (scale * random.nextGaussian());
    }
    return Tensor.ofFloats(Shape.of(dims), values);
  }

  private Path model() throws IOException {
    Attribute pads = Attribute.of("pads", new long[] {1, 1, 1, 1});
    ValueType type =
        ValueType.tensor(
            ElementType.FLOAT, List.of(Dim.of("n"), Dim.of(16), Dim.of(64), Dim.of(64)));
    Graph graph =
        Graph.of(
            "gpu",
            List.of(
                Node.of("Conv", "c1", List.of("x", "w1"), List.of("a"), pads),
                Node.of("Relu", "r", List.of("a"), List.of("b")),
                Node.of("Conv", "c2", List.of("b", "w2"), List.of("y"), pads)),
            List.of(
                Initializer.of("w1", normal(1, 0.1, 64, 16, 3, 3)),
                Initializer.of("w2", normal(2, 0.05, 16, 64, 3, 3))),
            List.of(ValueInfo.of("x", type)),
            List.of(ValueInfo.of("y", type)));
    return Files.write(folder.resolve("gpu.onnx"), OnnxWriter.toBytes(OnnxModel.of(8, 17, graph)));
  }

  @Test
  void runsWithCopiesAndHeldAgreeWithTheProcessor() throws IOException {
    DeviceRuntime.Setup setup = new GpuRuntime().setup(GPU, natives);
    try (IsolatedWorker<String, Found> worker =
        IsolatedWorker.start(
            Run.class,
            new IsolatedSettings(512, 300).in(setup.environment(), setup.properties()),
            Progress.NONE)) {
      IsolatedResult<Found> result = worker.call(model().toString());
      assertThat(result).as("%s", result).isInstanceOf(IsolatedResult.Finished.class);
      Found found = ((IsolatedResult.Finished<Found>) result).value();
      // TF32 keeps 10 bits of mantissa.
      assertThat(found.farthest()).as("with copies").isLessThan(5e-3);
      assertThat(found.farthestHeld()).as("held").isCloseTo(found.farthest(), within(1e-3));
      assertThat(found.memory()).containsExactly("Cuda");
      assertThat(found.providers()).containsOnlyKeys("CUDAExecutionProvider");
      assertThat(found.copies()).isZero();
      assertThat(found.heldMillis()).isPositive().isLessThan(found.millis() * 1.1 + 0.05);
    }
  }

  /** The GPU that CUDA calls 0 by bus is the one that NVML is asked for. */
  @Test
  void theMeterIsTheGpusOwn() throws Exception {
    String bus = new GpuRuntime().identify(GPU).pciBusId();
    SensorFinding finding = new NvmlMeters().find(new Request(0, bus, TimeSource.system())).get(0);
    assumeTrue(finding instanceof SensorFinding.Found, finding.detail());
    try (EnergyMeter meter = ((SensorFinding.Found) finding).opener().open()) {
      Mark start = meter.mark();
      TimeSource.system().pause(2_000_000_000L);
      Mark end = meter.mark();
      double watts = meter.joulesBetween(start, end).get(0) / ((end.nanos() - start.nanos()) / 1e9);
      assertThat(watts).as(meter.description().title()).isBetween(3.0, 1500.0);
    }
  }
}
