package dev.compress.train;

import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
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
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Small models and data. */
final class Networks {
  private Networks() {}

  /** Four inputs, eight hidden, three classes; with a Softmax at the end or without. */
  static OnnxModel classifier(boolean softmax) {
    List<Node> nodes = new ArrayList<>();
    nodes.add(Node.of("Gemm", "one", List.of("x", "w1", "b1"), List.of("h")));
    nodes.add(Node.of("Relu", "relu", List.of("h"), List.of("a")));
    nodes.add(Node.of("Gemm", "two", List.of("a", "w2", "b2"), List.of(softmax ? "z" : "y")));
    if (softmax) {
      nodes.add(Node.of("Softmax", "soft", List.of("z"), List.of("y"), Attribute.of("axis", -1)));
    }
    Random random = new Random(3);
    List<Initializer> weights =
        List.of(
            Initializer.of("w1", normal(random, 4, 8)),
            Initializer.of("b1", normal(random, 8)),
            Initializer.of("w2", normal(random, 8, 3)),
            Initializer.of("b2", normal(random, 3)));
    return model(nodes, weights, new Dim[] {Dim.of("n"), Dim.of(4)}, Dim.of("n"), Dim.of(3));
  }

  /** A stem and two residual blocks of 16 channels, then three classes. */
  static OnnxModel residual() {
    List<Node> nodes = new ArrayList<>();
    List<Initializer> weights = new ArrayList<>();
    Random random = new Random(5);
    String at = conv(nodes, weights, random, "stem", "x", 1);
    for (String block : List.of("first", "second")) {
      String inner = conv(nodes, weights, random, block + "/a", at, 16);
      inner = conv(nodes, weights, random, block + "/b", inner, 16);
      nodes.add(Node.of("Add", block + "/add", List.of(inner, at), List.of(block + "/sum")));
      at = block + "/sum";
    }
    nodes.add(Node.of("GlobalAveragePool", "pool", List.of(at), List.of("p")));
    nodes.add(Node.of("Flatten", "flat", List.of("p"), List.of("f")));
    nodes.add(Node.of("Gemm", "head", List.of("f", "wh", "bh"), List.of("y")));
    weights.add(Initializer.of("wh", normal(random, 16, 3)));
    weights.add(Initializer.of("bh", normal(random, 3)));
    Dim[] input = {Dim.of("n"), Dim.of(1), Dim.of(6), Dim.of(6)};
    return model(nodes, weights, input, Dim.of("n"), Dim.of(3));
  }

  private static String conv(
      List<Node> nodes,
      List<Initializer> weights,
      Random random,
      String name,
      String input,
      int channels) {
    nodes.add(
        Node.of(
            "Conv",
            name,
            List.of(input, name + ".w"),
            List.of(name + "/c"),
            Attribute.of("kernel_shape", new long[] {3, 3}),
            Attribute.of("pads", new long[] {1, 1, 1, 1})));
    weights.add(Initializer.of(name + ".w", normal(random, 16, channels, 3, 3)));
    nodes.add(Node.of("Relu", name + "/relu", List.of(name + "/c"), List.of(name + "/r")));
    return name + "/r";
  }

  private static OnnxModel model(
      List<Node> nodes, List<Initializer> weights, Dim[] input, Dim... output) {
    ValueInfo x = ValueInfo.of("x", ValueType.tensor(ElementType.FLOAT, List.of(input)));
    ValueInfo y = ValueInfo.of("y", ValueType.tensor(ElementType.FLOAT, List.of(output)));
    return OnnxModel.of(8, 17, Graph.of("net", nodes, weights, List.of(x), List.of(y)));
  }

  static Tensor normal(Random random, long... dims) {
    Shape shape = Shape.of(dims);
    float[] values = new float[(int) shape.elementCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return Tensor.ofFloats(shape, values);
  }

  /** Samples of four values and three classes. */
  static Dataset data(int samples, long seed) {
    Random random = new Random(seed);
    float[] values = new float[samples * 4];
    long[] labels = new long[samples];
    for (int i = 0; i < samples; i++) {
      labels[i] = i % 3;
      for (int j = 0; j < 4; j++) {
        values[i * 4 + j] = (float) (random.nextGaussian() + (j == labels[i] ? 3 : 0));
      }
    }
    return Dataset.of(
        "blobs",
        Map.of("x", TensorBuffer.of(Shape.of(samples, 4), values)),
        labels,
        DataDescriptor.NONE);
  }
}
