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

  /** An LSTM whose last hidden state, [directions, batch, hidden], is asked for alone. */
  String lastState(String scope, List<String> values, long hidden) {
    String output = scope + "/LSTM_output_1";
    nodes.add(
        Node.of(
            "LSTM",
            scope + "/LSTM",
            values,
            List.of("", output),
            Attribute.of("hidden_size", hidden)));
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

  /** A BatchNormalization before training: scale and variance 1, the rest 0; returns its output. */
  String freshNorm(String scope, String value, long channels) {
    String prefix = dotted(scope);
    Shape shape = Shape.of(channels);
    return batchNorm(
        scope,
        value,
        new Tensor[] {
          weights.weight(prefix + ".weight", shape, Normal.constant(1)),
          weights.weight(prefix + ".bias", shape, Normal.constant(0)),
          weights.weight(prefix + ".running_mean", shape, Normal.constant(0)),
          weights.weight(prefix + ".running_var", shape, Normal.constant(1))
        });
  }

  /** A convolution of any form; returns its output. */
  String conv(String scope, String value, Filter filter) {
    String prefix = dotted(scope);
    long inside = filter.inChannels() / filter.groups();
    Normal initial = Normal.he(inside * filter.height() * filter.width());
    List<String> values = new ArrayList<>(List.of(value));
    values.add(
        weight(
            prefix + ".weight",
            initial,
            filter.outChannels(),
            inside,
            filter.height(),
            filter.width()));
    if (filter.bias()) {
      values.add(weight(prefix + ".bias", Normal.constant(0), filter.outChannels()));
    }
    return node("Conv", scope + "/Conv", values, filter.attributes());
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

  /**
   * What a convolution is.
   *
   * @param pads rows above and columns left, then rows below and columns right
   */
  record Filter(
      long inChannels,
      long outChannels,
      long height,
      long width,
      long stride,
      long groups,
      boolean bias,
      List<Long> pads) {
    /** A square one without bias, padded so that stride 1 keeps the size. */
    static Filter square(long inChannels, long outChannels, long kernel, long stride) {
      long pad = kernel / 2;
      List<Long> pads = List.of(pad, pad, pad, pad);
      return new Filter(inChannels, outChannels, kernel, kernel, stride, 1, false, pads);
    }

    /** The same, with each channel for itself. */
    static Filter depthwise(long channels, long kernel, long stride) {
      List<Long> pads = square(channels, channels, kernel, stride).pads();
      return new Filter(channels, channels, kernel, kernel, stride, channels, false, pads);
    }

    /** A square one with bias and without padding. */
    static Filter valid(long inChannels, long outChannels, long kernel) {
      List<Long> none = List.of(0L, 0L, 0L, 0L);
      return new Filter(inChannels, outChannels, kernel, kernel, 1, 1, true, none);
    }

    Attribute[] attributes() {
      return new Attribute[] {
        Attribute.of("dilations", new long[] {1, 1}),
        Attribute.of("group", groups),
        Attribute.of("kernel_shape", new long[] {height, width}),
        Attribute.of("pads", pads.stream().mapToLong(Long::longValue).toArray()),
        Attribute.of("strides", new long[] {stride, stride})
      };
    }
  }
}
