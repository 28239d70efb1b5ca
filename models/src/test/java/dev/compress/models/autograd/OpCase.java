package dev.compress.models.autograd;

import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.models.random.SplitMix64;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/** A model of one node, in single or in double precision, with values for its inputs. */
final class OpCase {
  private final String opType;
  private final long opset;
  private final String note;
  private final List<Attribute> attributes = new ArrayList<>();
  private final List<String> inputs = new ArrayList<>();
  private final Map<String, double[]> values = new LinkedHashMap<>();
  private final Map<String, long[]> dims = new LinkedHashMap<>();
  private final Map<String, Tensor> constants = new LinkedHashMap<>();
  private final SplitMix64 random = new SplitMix64(7);
  private int outputs = 1;
  private boolean differentiable = true;
  private double tolerance = 1e-5;

  private OpCase(String opType, long opset, String note) {
    this.opType = opType;
    this.opset = opset;
    this.note = note;
  }

  static OpCase of(String opType, long opset, String note) {
    return new OpCase(opType, opset, note);
  }

  /** A float input of normal values that gradients are checked for. */
  OpCase x(long... shape) {
    return x(v -> v, shape);
  }

  /** A float input of normal values that a function is applied to. */
  OpCase x(DoubleUnaryOperator map, long... shape) {
    double[] filled = new double[Math.toIntExact(Shape.of(shape).elementCount())];
    for (int i = 0; i < filled.length; i++) {
      filled[i] = (float) map.applyAsDouble(random.nextGaussian());
    }
    return x(filled, shape);
  }

  /** A float input of given values. */
  OpCase x(double[] given, long... shape) {
    String name = "x" + inputs.size();
    inputs.add(name);
    values.put(name, given);
    dims.put(name, shape);
    return this;
  }

  /** An input that is left out. */
  OpCase none() {
    inputs.add("");
    return this;
  }

  /** An input of integers that is stored in the model. */
  OpCase ints(long... given) {
    return constant(Tensor.ofLongs(Shape.of(given.length), given));
  }

  /** An input of integers of a shape that is stored in the model. */
  OpCase indices(long[] shape, long... given) {
    return constant(Tensor.ofLongs(Shape.of(shape), given));
  }

  /** An input that is stored in the model. */
  OpCase constant(Tensor tensor) {
    String name = "c" + inputs.size();
    inputs.add(name);
    constants.put(name, tensor);
    return this;
  }

  /** A float scalar that is stored in the model, in the precision of the model. */
  OpCase scalar(double value) {
    return constant(Tensor.ofFloats(Shape.scalar(), (float) value));
  }

  OpCase with(Attribute... given) {
    attributes.addAll(Arrays.asList(given));
    return this;
  }

  OpCase with(String name, long value) {
    return with(Attribute.of(name, value));
  }

  OpCase with(String name, float value) {
    return with(Attribute.of(name, value));
  }

  OpCase with(String name, String value) {
    return with(Attribute.of(name, value));
  }

  OpCase with(String name, long[] value) {
    return with(Attribute.of(name, value));
  }

  OpCase outputs(int count) {
    outputs = count;
    return this;
  }

  /** Without a gradient, such as comparisons. */
  OpCase flat() {
    differentiable = false;
    return this;
  }

  OpCase tolerance(double value) {
    tolerance = value;
    return this;
  }

  String opType() {
    return opType;
  }

  double tolerance() {
    return tolerance;
  }

  boolean differentiable() {
    return differentiable;
  }

  Map<String, double[]> values() {
    return values;
  }

  long[] shape(String input) {
    return dims.getOrDefault(input, new long[0]);
  }

  List<String> outputNames() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < outputs; i++) {
      names.add("y" + i);
    }
    return names;
  }

  OnnxModel model(ElementType type) {
    List<ValueInfo> declared = new ArrayList<>();
    values.forEach(
        (name, unused) ->
            declared.add(
                ValueInfo.of(
                    name,
                    ValueType.tensor(
                        type, Arrays.stream(shape(name)).mapToObj(Dim::of).toList()))));
    List<Initializer> initializers = new ArrayList<>();
    constants.forEach(
        (name, tensor) -> initializers.add(Initializer.of(name, inPrecision(tensor, type))));
    Node node =
        Node.of(opType, "node", inputs, outputNames(), attributes.toArray(Attribute[]::new));
    List<ValueInfo> results = new ArrayList<>();
    for (String name : outputNames()) {
      results.add(
          new ValueInfo(name, new ValueType.Undeclared(), "", dev.compress.graph.Extras.NONE));
    }
    Graph graph = Graph.of("case", List.of(node), initializers, declared, results);
    return OnnxModel.of(opset < 15 ? 7 : opset < 21 ? 9 : 10, opset, graph);
  }

  private static Tensor inPrecision(Tensor tensor, ElementType type) {
    if (!type.equals(ElementType.DOUBLE) || !tensor.type().equals(ElementType.FLOAT)) {
      return tensor;
    }
    float[] floats = tensor.toFloats();
    ByteBuffer bytes =
        ByteBuffer.allocate(floats.length * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : floats) {
      bytes.putDouble(value);
    }
    return Tensor.ofBytes(ElementType.DOUBLE, tensor.shape(), bytes.array());
  }

  @Override
  public String toString() {
    return opType + "-" + opset + (note.isEmpty() ? "" : " " + note);
  }
}
