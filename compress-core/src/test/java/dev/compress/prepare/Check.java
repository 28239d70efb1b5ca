package dev.compress.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxWriter;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.OptimizationLevel;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatCodec;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/** Builds small models and compares what a pass makes of a model with the model itself. */
final class Check {
  private Check() {}

  static PassContext context() {
    return new PassContext(Scratch.inTemporaryFolder(), Progress.NONE, 1, 0);
  }

  /** A float input or output. */
  static ValueInfo floats(String name, long... dims) {
    return value(name, ElementType.FLOAT, dims);
  }

  /** A value whose negative dims are free. */
  static ValueInfo value(String name, ElementType type, long... dims) {
    List<Dim> shape = new ArrayList<>();
    for (long dim : dims) {
      shape.add(dim < 0 ? Dim.of("n" + -dim) : Dim.of(dim));
    }
    return ValueInfo.of(name, ValueType.tensor(type, shape));
  }

  /** A value of unknown rank. */
  static ValueInfo unknown(String name, ElementType type) {
    return ValueInfo.of(name, ValueType.tensor(type));
  }

  /** Random normal weights. */
  static Initializer weights(String name, long seed, long... dims) {
    return weights(name, ElementType.FLOAT, seed, dims);
  }

  static Initializer weights(String name, ElementType type, long seed, long... dims) {
    Shape shape = Shape.of(dims);
    Random random = new Random(seed);
    double[] values = new double[(int) shape.elementCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextGaussian();
    }
    return Initializer.of(name, Tensor.ofBytes(type, shape, FloatCodec.encode(type, values)));
  }

  /** Random numbers from 0.5 to 1.5, such as variances. */
  static Initializer positive(String name, long seed, long... dims) {
    Shape shape = Shape.of(dims);
    Random random = new Random(seed);
    float[] values = new float[(int) shape.elementCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = 0.5f + random.nextFloat();
    }
    return Initializer.of(name, Tensor.ofFloats(shape, values));
  }

  static Initializer longs(String name, long... values) {
    return Initializer.of(name, Tensor.ofLongs(Shape.of(values.length), values));
  }

  static Initializer number(String name, float value) {
    return Initializer.of(name, Tensor.ofFloats(Shape.scalar(), value));
  }

  static OnnxModel model(
      long opset,
      List<ValueInfo> inputs,
      List<ValueInfo> outputs,
      List<Initializer> initializers,
      Node... nodes) {
    return OnnxModel.of(
        IrVersions.forOpset(Math.max(opset, 9)),
        opset,
        Graph.of("test", List.of(nodes), initializers, inputs, outputs));
  }

  /** The nodes in one line each, such as {@code Conv(x, w) -> y}. */
  static List<String> text(OnnxModel model) {
    return model.graph().nodes().stream()
        .map(
            n ->
                n.opType()
                    + "("
                    + String.join(", ", n.inputs())
                    + ") -> "
                    + String.join(", ", n.outputs()))
        .toList();
  }

  static List<String> operators(OnnxModel model) {
    return model.graph().nodes().stream().map(Node::opType).toList();
  }

  static List<String> initializers(OnnxModel model) {
    return model.graph().initializers().stream().map(Initializer::name).toList();
  }

  /**
   * Applies a pass; checks that the outputs stay within a tolerance, that the signature stays, and
   * that a second run changes nothing.
   */
  static PassResult apply(CompressionPass pass, OnnxModel model, double tolerance) {
    PassResult result = pass.apply(model, context());
    assertThat(pass.apply(result.model(), context()).model())
        .as("a second run of " + pass.name())
        .isSameAs(result.model());
    assertThat(result.model().graph().outputs()).isEqualTo(model.graph().outputs());
    sameOutputs(model, result.model(), tolerance);
    return result;
  }

  /** Checks that a pass returns the model itself. */
  static PassResult unchanged(CompressionPass pass, OnnxModel model) {
    PassResult result = pass.apply(model, context());
    assertThat(result.model()).isSameAs(model);
    assertThat(result.changes()).isEmpty();
    return result;
  }

  /**
   * Compares the outputs of two models on random inputs, the first as it stands, the second as the
   * runtime optimizes it.
   */
  static void sameOutputs(OnnxModel before, OnnxModel after, double tolerance) {
    Map<String, TensorBuffer> inputs = randomInputs(before, Map.of(), Map.of());
    sameOutputs(before, OptimizationLevel.NONE, after, OptimizationLevel.ALL, inputs, tolerance);
  }

  /**
   * Compares the outputs of two models.
   *
   * @param tolerance of the largest difference, relative to the largest magnitude of the output
   */
  static void sameOutputs(
      OnnxModel before,
      OptimizationLevel levelBefore,
      OnnxModel after,
      OptimizationLevel levelAfter,
      Map<String, TensorBuffer> inputs,
      double tolerance) {
    Map<String, TensorBuffer> expected;
    Map<String, TensorBuffer> actual;
    try (InferenceSession session = open(before, levelBefore)) {
      expected = session.run(inputs);
    }
    try (InferenceSession session = open(after, levelAfter)) {
      actual = session.run(inputs);
    }
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    for (String name : expected.keySet()) {
      close(
          name,
          Objects.requireNonNull(expected.get(name)),
          Objects.requireNonNull(actual.get(name)),
          tolerance);
    }
  }

  static InferenceSession open(OnnxModel model, OptimizationLevel level) {
    return InferenceSession.open(
        OnnxWriter.toBytes(model), SessionOptions.of(1).withOptimization(level), "test model");
  }

  private static void close(
      String name, TensorBuffer expected, TensorBuffer actual, double tolerance) {
    assertThat(actual.shape()).as("shape of " + name).isEqualTo(expected.shape());
    assertThat(actual.type()).as("type of " + name).isEqualTo(expected.type());
    if (!expected.type().isFloatingPoint()) {
      assertThat(actual.bytes()).as("elements of " + name).isEqualTo(expected.bytes());
      return;
    }
    float[] want = expected.toFloats();
    float[] got = actual.toFloats();
    double largest = 1e-6;
    for (float w : want) {
      largest = Float.isFinite(w) ? Math.max(largest, Math.abs(w)) : largest;
    }
    double worst = 0;
    for (int i = 0; i < want.length; i++) {
      assertThat(Float.isFinite(got[i]))
          .as(name + "[" + i + "] is finite")
          .isEqualTo(Float.isFinite(want[i]));
      worst = Math.max(worst, Float.isFinite(want[i]) ? Math.abs(want[i] - got[i]) : 0);
    }
    assertThat(worst / largest).as("relative error of " + name).isLessThanOrEqualTo(tolerance);
  }

  /**
   * Random inputs for a model.
   *
   * @param given inputs that must not be random
   * @param sizes of free dims by name; others are 2 along axis 0 and 64 elsewhere
   */
  static Map<String, TensorBuffer> randomInputs(
      OnnxModel model, Map<String, TensorBuffer> given, Map<String, Long> sizes) {
    Set<String> constants = new HashSet<>();
    model.graph().initializers().forEach(i -> constants.add(i.name()));
    Map<String, TensorBuffer> inputs = new LinkedHashMap<>();
    Random random = new Random(1);
    for (ValueInfo input : model.graph().inputs()) {
      if (given.containsKey(input.name())) {
        inputs.put(input.name(), given.get(input.name()));
      } else if (!constants.contains(input.name())
          && input.type() instanceof ValueType.TensorType type) {
        inputs.put(input.name(), random(type, sizes, random));
      }
    }
    return inputs;
  }

  private static TensorBuffer random(
      ValueType.TensorType type, Map<String, Long> sizes, Random random) {
    List<Dim> dims = type.shape().orElse(List.of());
    long[] shape = new long[dims.size()];
    for (int i = 0; i < shape.length; i++) {
      long fallback = i == 0 ? 2 : 64;
      long size = dims.get(i).sizeOrUnknown();
      shape[i] = size >= 0 ? size : sizes.getOrDefault(dims.get(i).toString(), fallback);
    }
    TensorBuffer buffer = TensorBuffer.allocate(type.element(), Shape.of(shape));
    var bytes = buffer.bytes();
    if (type.element().isFloatingPoint()) {
      double[] values = new double[(int) buffer.shape().elementCount()];
      for (int i = 0; i < values.length; i++) {
        values[i] = random.nextGaussian();
      }
      FloatCodec.encode(type.element(), values, values.length, bytes);
    } else {
      int elementBytes = type.element().bits() / 8;
      for (int at = 0; at < bytes.limit(); at += elementBytes) {
        bytes.put(at, (byte) random.nextInt(2));
      }
    }
    return buffer;
  }

  /** How often each operator occurs. */
  static Map<String, Integer> counts(OnnxModel model) {
    Map<String, Integer> counts = new TreeMap<>();
    model.graph().nodes().forEach(n -> counts.merge(n.opType(), 1, Integer::sum));
    return counts;
  }
}
