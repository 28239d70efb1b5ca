package dev.compress.quantize;

import dev.compress.calibrate.Samples;
import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.metric.FidelityScorer;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.Kernel;
import dev.compress.runtime.KernelReport;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** A small network, input {@code x} and one output, and what quantization makes of it. */
final class TinyNet {
  private final List<Node> nodes = new ArrayList<>();
  private final List<Initializer> initializers = new ArrayList<>();
  private final List<ValueInfo> outputs = new ArrayList<>();
  private final ValueInfo input;
  private final long[] dims;
  private long opset = 17;

  /** Dims of the input; a negative one is free, and its magnitude is used for data. */
  TinyNet(long... dims) {
    List<Dim> declared = new ArrayList<>();
    for (int i = 0; i < dims.length; i++) {
      declared.add(dims[i] < 0 ? Dim.of("n" + i) : Dim.of(dims[i]));
    }
    this.dims = java.util.Arrays.stream(dims).map(Math::abs).toArray();
    this.input = ValueInfo.of("x", ValueType.tensor(ElementType.FLOAT, declared));
  }

  TinyNet opset(long version) {
    opset = version;
    return this;
  }

  /** Any node, named and with an output as {@code name}. */
  TinyNet node(String op, String name, List<String> inputs, Attribute... attributes) {
    nodes.add(Node.of(op, name, inputs, List.of(name), attributes));
    return this;
  }

  TinyNet add(Node node) {
    nodes.add(node);
    return this;
  }

  TinyNet constant(String name, Tensor tensor) {
    initializers.add(Initializer.of(name, tensor));
    return this;
  }

  /** Normal weights, scaled so that outputs are about as large as inputs. */
  TinyNet weight(String name, double deviation, long... shape) {
    return constant(name, normal(name.hashCode(), deviation, shape));
  }

  TinyNet output(String name) {
    outputs.add(ValueInfo.of(name, ValueType.tensor(ElementType.FLOAT)));
    return this;
  }

  /** A "same" convolution with a bias. */
  TinyNet conv(String name, String from, int channels, int outputs, int kernel, int groups) {
    double deviation = 1 / Math.sqrt((double) channels / groups * kernel * kernel);
    weight(name + ".w", deviation, outputs, channels / groups, kernel, kernel);
    weight(name + ".b", 0.1, outputs);
    long pad = kernel / 2;
    return node(
        "Conv",
        name,
        List.of(from, name + ".w", name + ".b"),
        Attribute.of("group", groups),
        ints("pads", pad, pad, pad, pad));
  }

  TinyNet matMul(String name, String from, int rows, int columns) {
    weight(name + ".w", 1 / Math.sqrt(rows), rows, columns);
    return node("MatMul", name, List.of(from, name + ".w"));
  }

  TinyNet gemm(String name, String from, int rows, int columns) {
    weight(name + ".w", 1 / Math.sqrt(rows), rows, columns);
    weight(name + ".b", 0.1, columns);
    return node("Gemm", name, List.of(from, name + ".w", name + ".b"));
  }

  static Attribute ints(String name, long... values) {
    return Attribute.of(name, values);
  }

  static Tensor normal(long seed, double deviation, long... shape) {
    Shape s = Shape.of(shape);
    float[] values = new float[(int) s.elementCount()];
    Random random = new Random(seed);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (deviation * random.nextGaussian());
    }
    return Tensor.ofFloats(s, values);
  }

  OnnxModel model() {
    return OnnxModel.of(8, opset, Graph.of("tiny", nodes, initializers, List.of(input), outputs));
  }

  TensorBuffer data(long seed) {
    return TensorBuffer.of(normal(seed, 1, dims));
  }

  Samples samples() {
    return new Samples() {
      @Override
      public long count() {
        return 8;
      }

      @Override
      public boolean batchable() {
        return false;
      }

      @Override
      public void forEachBatch(int batchSize, BatchReader reader) {
        for (int i = 0; i < count(); i++) {
          if (!reader.read(Map.of("x", data(i)), 1)) {
            return;
          }
        }
      }
    };
  }

  PassContext context(boolean calibrated) {
    return new PassContext(
        Scratch.inTemporaryFolder(),
        Progress.NONE,
        1,
        0,
        calibrated ? Optional.of(samples()) : Optional.empty());
  }

  static QuantizeInt8 int8(QuantizationMode mode, Target target) {
    return new QuantizeInt8(mode, target, NodeFilter.ALL, Optional.empty(), java.util.Set.of());
  }

  /** Quantized with calibration for VNNI, after the passes that come before it in recipes. */
  Made quantized() {
    return quantized(int8(QuantizationMode.STATIC, Target.CPU_VNNI));
  }

  Made quantized(QuantizeInt8 pass) {
    return after(
        new PoolSpatialMeans(),
        new PointConvsAsGemm(),
        new FuseMatMulAdd(),
        (CompressionPass) pass);
  }

  Made after(CompressionPass... passes) {
    PassResult result = PassResult.unchanged(model());
    for (CompressionPass pass : passes) {
      result = pass.apply(result.model(), context(true));
    }
    return new Made(this, result);
  }

  /**
   * What became of a network.
   *
   * @param net the network
   * @param result of the last pass
   */
  record Made(TinyNet net, PassResult result) {
    OnnxModel model() {
      return result.model();
    }

    /** What the runtime executes. */
    KernelReport kernels() {
      return KernelReport.of(result.model(), Map.of("x", net.data(100)), 1);
    }

    /** The names of the runtime's kernels, conversions and layout changes left out. */
    List<String> computing() {
      return kernels().kernels().stream()
          .filter(k -> k.arithmetic() != Kernel.Arithmetic.CONVERSION)
          .map(Kernel::op)
          .filter(op -> !op.equals("Transpose") && !op.equals("Reshape"))
          .sorted()
          .toList();
    }

    /** Signal to noise against the original, on data that calibration has not seen. */
    double sqnrDb() {
      FidelityScorer scorer = new FidelityScorer();
      try (InferenceSession x = InferenceSession.open(net.model(), SessionOptions.of(1));
          InferenceSession y = InferenceSession.open(model(), SessionOptions.of(1))) {
        for (int seed = 200; seed < 204; seed++) {
          Map<String, TensorBuffer> inputs = Map.of("x", net.data(seed));
          Map<String, TensorBuffer> expected = x.run(inputs);
          Map<String, TensorBuffer> actual = y.run(inputs);
          expected.forEach(
              (name, t) -> scorer.add(t, java.util.Objects.requireNonNull(actual.get(name)), 1, 1));
        }
      }
      return scorer.sqnrDb();
    }

    Tensor initializer(String name) {
      return model().graph().initializers().stream()
          .filter(i -> i.name().equals(name))
          .findFirst()
          .orElseThrow(() -> new AssertionError("no initializer " + name))
          .tensor();
    }
  }
}
