package dev.compress.models.architecture;

import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.models.architecture.WeightSource.Normal;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Collects the nodes and weights of one network, layer by layer, with the names that exporters
 * give: node {@code /layer1/conv1/Conv}, its output {@code /layer1/conv1/Conv_output_0}, its weight
 * {@code layer1.conv1.weight}.
 */
final class NetworkBuilder {
  private static final long IR_VERSION = 8;
  private static final long OPSET = 17;

  private final WeightSource weights;
  private final List<Node> nodes = new ArrayList<>();
  private final List<Initializer> initializers = new ArrayList<>();
  private final List<ValueInfo> inputs = new ArrayList<>();
  private final List<ValueInfo> outputs = new ArrayList<>();

  NetworkBuilder(WeightSource weights) {
    this.weights = weights;
  }

  String input(String name, ElementType type, Dim... dims) {
    inputs.add(ValueInfo.of(name, ValueType.tensor(type, List.of(dims))));
    return name;
  }

  /**
   * Gives {@code value} the name of a graph output by an Identity-free rename of the node that
   * makes it.
   */
  void output(String value, String name, Dim... dims) {
    for (int i = 0; i < nodes.size(); i++) {
      if (nodes.get(i).outputs().contains(value)) {
        nodes.set(i, nodes.get(i).withOutputs(List.of(name)));
      }
    }
    outputs.add(ValueInfo.of(name, ValueType.tensor(ElementType.FLOAT, List.of(dims))));
  }

  /** Adds a node of one output and returns that output's name. */
  String node(String opType, String name, List<String> values, Attribute... attributes) {
    String output = name + "_output_0";
    nodes.add(Node.of(opType, name, values, List.of(output), attributes));
    return output;
  }

  /** Adds a weight from this network's source and returns its name. */
  String weight(String name, Normal initial, long... dims) {
    return constant(name, weights.weight(name, Shape.of(dims), initial));
  }

  /** Adds an initializer and returns its name. */
  String constant(String name, Tensor tensor) {
    initializers.add(Initializer.of(name, tensor));
    return name;
  }

  /** The tensor of a weight that was added. */
  Tensor tensor(String name) {
    return initializers.stream()
        .filter(initializer -> initializer.name().equals(name))
        .findFirst()
        .orElseThrow()
        .tensor();
  }

  /**
   * A square convolution without bias, as one that a BatchNormalization follows has; returns its
   * output.
   */
  String conv(String scope, String value, Window window, long inChannels, long outChannels) {
    long kernel = window.kernel();
    Normal initial = Normal.he(inChannels * kernel * kernel);
    String weight =
        weight(dotted(scope) + ".weight", initial, outChannels, inChannels, kernel, kernel);
    return node("Conv", scope + "/Conv", List.of(value, weight), window.attributes(true));
  }

  /** A BatchNormalization of given statistics; returns its output. */
  String batchNorm(String scope, String value, Tensor[] parameters) {
    String prefix = dotted(scope);
    List<String> values = new ArrayList<>(List.of(value));
    String[] names = {".weight", ".bias", ".running_mean", ".running_var"};
    for (int i = 0; i < names.length; i++) {
      values.add(constant(prefix + names[i], parameters[i]));
    }
    return node(
        "BatchNormalization",
        scope + "/BatchNormalization",
        values,
        Attribute.of("epsilon", BATCH_NORM_EPSILON),
        Attribute.of("momentum", 0.9f));
  }

  static final float BATCH_NORM_EPSILON = 1e-5f;

  String relu(String scope, String value) {
    return node("Relu", scope + "/Relu", List.of(value));
  }

  /** {@code y = x W^T + b}; returns its output. */
  String gemm(String scope, String value, long inFeatures, long outFeatures) {
    String prefix = dotted(scope);
    String weight =
        weight(prefix + ".weight", Normal.xavier(inFeatures, outFeatures), outFeatures, inFeatures);
    String bias = weight(prefix + ".bias", Normal.constant(0), outFeatures);
    return node("Gemm", scope + "/Gemm", List.of(value, weight, bias), Attribute.of("transB", 1));
  }

  /** Scope {@code /layer1/conv1} is {@code layer1.conv1} in the names of weights. */
  static String dotted(String scope) {
    return scope.substring(1).replace('/', '.');
  }

  /** The finished model. */
  OnnxModel build(String name, Map<String, String> metadata) {
    Graph graph = Graph.of(name, nodes, initializers, inputs, outputs);
    return OnnxModel.of(IR_VERSION, OPSET, graph).withMetadata(metadata);
  }

  /**
   * A square sliding window, padded so that stride 1 keeps the size.
   *
   * @param kernel its side, odd
   * @param stride its step
   */
  record Window(long kernel, long stride) {
    Attribute[] attributes(boolean convolution) {
      long pad = kernel / 2;
      List<Attribute> attributes = new ArrayList<>();
      if (convolution) {
        attributes.add(Attribute.of("dilations", new long[] {1, 1}));
        attributes.add(Attribute.of("group", 1));
      }
      attributes.add(Attribute.of("kernel_shape", new long[] {kernel, kernel}));
      attributes.add(Attribute.of("pads", new long[] {pad, pad, pad, pad}));
      attributes.add(Attribute.of("strides", new long[] {stride, stride}));
      return attributes.toArray(Attribute[]::new);
    }
  }
}
