package dev.compress.runtime;

import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Builds small models for tests. */
final class TinyModels {
  final List<Node> nodes = new ArrayList<>();
  final List<Initializer> initializers = new ArrayList<>();
  final List<ValueInfo> inputs = new ArrayList<>();
  final List<ValueInfo> outputs = new ArrayList<>();
  long opset = 17;
  long ir = 8;

  TinyModels input(String name, ElementType type, Object... dims) {
    inputs.add(ValueInfo.of(name, ValueType.tensor(type, dims(dims))));
    return this;
  }

  TinyModels output(String name, ElementType type, Object... dims) {
    outputs.add(ValueInfo.of(name, ValueType.tensor(type, dims(dims))));
    return this;
  }

  /** An output of which only the element type is declared. */
  TinyModels outputOfAnyShape(String name, ElementType type) {
    outputs.add(ValueInfo.of(name, ValueType.tensor(type)));
    return this;
  }

  private static List<Dim> dims(Object... dims) {
    List<Dim> list = new ArrayList<>();
    for (Object dim : dims) {
      list.add(dim instanceof String name ? Dim.of(name) : Dim.of(((Number) dim).longValue()));
    }
    return list;
  }

  TinyModels constant(String name, Tensor tensor) {
    initializers.add(Initializer.of(name, tensor));
    return this;
  }

  TinyModels node(String op, String name, List<String> ins, List<String> outs, Attribute... more) {
    nodes.add(Node.of(op, name, ins, outs, more));
    return this;
  }

  OnnxModel build() {
    return OnnxModel.of(ir, opset, Graph.of("tiny", nodes, initializers, inputs, outputs));
  }

  /** Normally distributed floats by seed. */
  static Tensor normal(long seed, double deviation, long... dims) {
    Shape shape = Shape.of(dims);
    float[] values = new float[(int) shape.elementCount()];
    Random random = new Random(seed);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (deviation * random.nextGaussian());
    }
    return Tensor.ofFloats(shape, values);
  }

  static Tensor longs(long... values) {
    return Tensor.ofLongs(Shape.of(values.length), values);
  }
}
