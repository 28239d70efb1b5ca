package dev.compress.pack;

import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxReader;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/** Models to pack, and what ONNX Runtime makes of them. */
final class PackModels {
  /** Channels of {@link #quantizedConv}. */
  static final int CHANNELS = 32;

  private PackModels() {}

  /** A quantized 3x3 convolution of 8x8 values whose codes are sparse and few. */
  static OnnxModel quantizedConv() {
    Attribute axis = Attribute.of("axis", 0L);
    List<Node> nodes = new ArrayList<>(quantizedInputs(axis, axis));
    nodes.add(Node.of("Conv", "conv", List.of("xd", "wf", "bf"), List.of("c")));
    nodes.add(Node.of("QuantizeLinear", "yq", List.of("c", "s", "z"), List.of("cq")));
    nodes.add(Node.of("DequantizeLinear", "yd", List.of("cq", "s", "z"), List.of("y")));
    return model(
        nodes, quantizedConstants(Shape.of(CHANNELS, CHANNELS, 3, 3), CHANNELS), 1, CHANNELS, 8, 8);
  }

  /** A quantized Gemm of 4 rows of 256 values whose codes are sparse and few. */
  static OnnxModel quantizedGemm(int outputs) {
    List<Node> nodes =
        new ArrayList<>(quantizedInputs(Attribute.of("axis", 1L), Attribute.of("axis", 0L)));
    nodes.add(Node.of("Gemm", "gemm", List.of("xd", "wf", "bf"), List.of("y")));
    return model(nodes, quantizedConstants(Shape.of(256, outputs), outputs), 4, 256);
  }

  private static List<Node> quantizedInputs(Attribute weightAxis, Attribute biasAxis) {
    return List.of(
        Node.of("QuantizeLinear", "q", List.of("x", "s", "z"), List.of("xq")),
        Node.of("DequantizeLinear", "d", List.of("xq", "s", "z"), List.of("xd")),
        Node.of("DequantizeLinear", "wd", List.of("w", "ws", "wz"), List.of("wf"), weightAxis),
        Node.of("DequantizeLinear", "bd", List.of("b", "bs", "bz"), List.of("bf"), biasAxis));
  }

  private static List<Initializer> quantizedConstants(Shape weight, int channels) {
    Random random = new Random(1);
    byte[] codes = new byte[(int) weight.elementCount()];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = random.nextInt(10) > 0 ? 0 : (byte) (10 * (1 + random.nextInt(7)));
    }
    float[] scales = new float[channels];
    float[] biasScales = new float[channels];
    for (int i = 0; i < channels; i++) {
      scales[i] = 0.01f + random.nextFloat() / 100;
      biasScales[i] = scales[i] * 0.02f;
    }
    int[] bias = random.ints(channels, -999, 999).toArray();
    Shape one = Shape.of(channels);
    return List.of(
        Initializer.of("s", Tensor.ofFloats(Shape.scalar(), 0.02f)),
        Initializer.of("z", Tensor.ofBytes(ElementType.UINT8, Shape.scalar(), new byte[1])),
        Initializer.of("w", Tensor.ofBytes(ElementType.INT8, weight, codes)),
        Initializer.of("ws", Tensor.ofFloats(one, scales)),
        Initializer.of("wz", Tensor.ofBytes(ElementType.INT8, one, new byte[channels])),
        Initializer.of("b", Tensor.ofInts(one, bias)),
        Initializer.of("bs", Tensor.ofFloats(one, biasScales)),
        Initializer.of("bz", Tensor.ofInts(one, new int[channels])));
  }

  /** A graph from x, of these dims, to y. */
  static OnnxModel model(List<Node> nodes, List<Initializer> constants, long... dims) {
    return OnnxModel.of(
        8,
        13,
        Graph.of(
            "g",
            nodes,
            constants,
            List.of(
                ValueInfo.of(
                    "x",
                    ValueType.tensor(
                        ElementType.FLOAT, Arrays.stream(dims).mapToObj(Dim::of).toList()))),
            List.of(ValueInfo.of("y", new ValueType.Undeclared()))));
  }

  /** Three rows times a weight of normal values. */
  static OnnxModel product(int in, int out) {
    Random random = new Random(5);
    float[] weights = new float[in * out];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) random.nextGaussian();
    }
    return product(Tensor.ofFloats(Shape.of(in, out), weights));
  }

  /** Three rows times a weight. */
  static OnnxModel product(Tensor weight) {
    return model(
        List.of(Node.of("MatMul", "m", List.of("x", "w"), List.of("y"))),
        List.of(Initializer.of("w", weight)),
        3,
        weight.shape().dim(0));
  }

  /** What ONNX Runtime computes of normal values, and the graph that it made of the model. */
  static float[] run(OnnxModel model, int elements, Path optimized) {
    float[] values = new float[elements];
    Random random = new Random(3);
    for (int i = 0; i < elements; i++) {
      values[i] = (float) random.nextGaussian();
    }
    SessionOptions options = SessionOptions.of(1).withOptimizedModel(optimized);
    try (InferenceSession session = InferenceSession.open(model, options)) {
      ValueType.TensorType type = (ValueType.TensorType) session.inputs().get(0).type();
      long[] dims = type.shape().orElseThrow().stream().mapToLong(Dim::sizeOrUnknown).toArray();
      TensorBuffer x = TensorBuffer.of(Shape.of(dims), values);
      return Objects.requireNonNull(session.run(Map.of("x", x)).get("y")).toFloats();
    }
  }

  /** The operators of a file, in order. */
  static List<String> operators(Path file) {
    return OnnxReader.read(file).model().graph().nodes().stream().map(Node::opType).toList();
  }
}
