package dev.compress.train;

import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.quantize.QuantizedType;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a model that the quantization pass wrote holds quantized, and how.
 *
 * @param model the model
 * @param weights in 8 bits, dequantized for an integer node or by {@code Mul(Cast(codes), scale)}
 * @param biases in 32 bits
 * @param values computed ones, and inputs
 * @param halves weights in 16 bits, by the value that they are widened to
 */
record QdqGraph(
    OnnxModel model,
    List<CodedWeight> weights,
    List<CodedBias> biases,
    List<CodedValue> values,
    Map<String, String> halves) {
  /**
   * A weight.
   *
   * @param last the node that makes its value
   * @param value its dequantized value
   * @param codes the initializer of its codes
   * @param scale the initializer of its scales
   * @param scaleShape in which they broadcast against the codes
   */
  record CodedWeight(Node last, String value, String codes, String scale, Shape scaleShape) {}

  /**
   * A bias.
   *
   * @param last the node that makes its value
   * @param input the scale of the layer's input
   * @param weight of the layer
   */
  record CodedBias(Node last, String input, CodedWeight weight) {
    String value() {
      return last.output(0);
    }

    String codes() {
      return last.input(0);
    }

    String scale() {
      return last.input(1);
    }
  }

  /**
   * A computed value.
   *
   * @param quantize makes its codes
   * @param dequantize reads them
   * @param zeroPoint of the codes
   * @param type of the codes
   */
  record CodedValue(Node quantize, Node dequantize, int zeroPoint, QuantizedType type) {
    String scale() {
      return quantize.input(1);
    }

    String source() {
      return quantize.input(0);
    }

    String value() {
      return dequantize.output(0);
    }
  }

  /**
   * Reads a model.
   *
   * @param model from the quantization pass
   * @throws UnsupportedModelException if it holds quantized values in another form
   */
  static QdqGraph of(OnnxModel model) {
    return new Reader(model).read();
  }

  /** The float values of a stored tensor, scales that are a scalar included. */
  float[] floats(String initializer) {
    return new GraphIndex(model.graph()).constant(initializer).orElseThrow().toFloats();
  }

  private static final class Reader {
    private final OnnxModel model;
    private final Graph graph;
    private final GraphIndex index;
    private final Map<String, CodedWeight> weights = new LinkedHashMap<>();
    private final Map<String, CodedValue> values = new LinkedHashMap<>();
    private final List<Node> biases = new ArrayList<>();
    private final Map<String, String> halves = new LinkedHashMap<>();

    Reader(OnnxModel model) {
      this.model = model;
      this.graph = model.graph();
      this.index = new GraphIndex(graph);
    }

    QdqGraph read() {
      for (Node node : graph.nodes()) {
        switch (node.domain().isEmpty() ? node.opType() : "") {
          case "DequantizeLinear" -> dequantize(node);
          case "Mul" -> stored(node);
          case "Cast" -> half(node);
          default -> {}
        }
      }
      Map<String, String> scaleOf = new HashMap<>();
      for (CodedWeight weight : weights.values()) {
        String other = scaleOf.putIfAbsent(weight.codes(), weight.scale());
        if (other != null) {
          throw refused(weight.last(), "its codes are read with other scales elsewhere");
        }
      }
      List<CodedBias> known = biases.stream().map(this::bias).toList();
      return new QdqGraph(
          model, List.copyOf(weights.values()), known, List.copyOf(values.values()), halves);
    }

    private static UnsupportedModelException refused(Node node, String why) {
      return new UnsupportedModelException(
          "Node "
              + node.label()
              + " ("
              + node.opType()
              + ") cannot be trained through: "
              + why
              + ". Leave it out with --exclude-nodes, or quantize without training.");
    }

    private void dequantize(Node node) {
      Optional<Tensor> codes = index.constant(node.input(0));
      Tensor scale = index.constant(node.input(1)).orElse(null);
      if (scale == null || !scale.type().equals(ElementType.FLOAT)) {
        throw refused(node, "its scale is not stored as float");
      }
      if (codes.isEmpty()) {
        computed(node);
      } else if (codes.get().type().equals(ElementType.INT8)) {
        if (zeroPoint(node) != 0) {
          throw refused(node, "its weight is not symmetric about zero");
        }
        Shape scales = scaleShape(node, codes.get(), scale);
        weights.put(
            node.output(0),
            new CodedWeight(node, node.output(0), node.input(0), node.input(1), scales));
      } else if (codes.get().type().equals(ElementType.INT32)) {
        biases.add(node);
      } else {
        throw refused(node, "its codes are " + codes.get().type());
      }
    }

    private Shape scaleShape(Node node, Tensor codes, Tensor scale) {
      long[] dims = new long[Math.max(1, codes.shape().rank())];
      java.util.Arrays.fill(dims, 1);
      if (scale.elementCount() > 1) {
        int axis = (int) node.intAttribute("axis", 1);
        dims[axis < 0 ? axis + dims.length : axis] = scale.elementCount();
      }
      return Shape.of(dims);
    }

    /** Zero points of constants are all zero or the node is none of ours. */
    private long zeroPoint(Node node) {
      if (!node.hasInput(2)) {
        return 0;
      }
      long found = 0;
      for (long one : index.constant(node.input(2)).map(Tensor::toLongs).orElse(new long[] {1})) {
        found = one == 0 ? found : one;
      }
      return found;
    }

    private void computed(Node node) {
      Node quantize =
          index
              .producer(node.input(0), "QuantizeLinear")
              .filter(q -> q.input(1).equals(node.input(1)) && q.input(2).equals(node.input(2)))
              .orElseThrow(() -> refused(node, "no QuantizeLinear of the same scale precedes it"));
      Optional<Tensor> zero = index.constant(node.input(2));
      QuantizedType type =
          zero.filter(z -> z.type().equals(ElementType.INT8)).isPresent()
              ? QuantizedType.INT8
              : QuantizedType.UINT8;
      boolean known =
          zero.isEmpty()
              || zero.get().type().equals(ElementType.INT8)
              || zero.get().type().equals(ElementType.UINT8);
      if (!known || index.constant(node.input(1)).orElseThrow().elementCount() != 1) {
        throw refused(node, "its codes are not of one scale and 8 bits");
      }
      int point = zero.map(z -> (int) z.toLongs()[0]).orElse(0);
      values.put(node.output(0), new CodedValue(quantize, node, point, type));
    }

    private void stored(Node mul) {
      Optional<Node> cast = index.producer(mul.input(0), "Cast");
      Optional<Tensor> codes = cast.flatMap(c -> index.constant(c.input(0)));
      Optional<Tensor> scale = index.constant(mul.input(1));
      if (codes.isPresent()
          && scale.isPresent()
          && codes.get().type().equals(ElementType.INT8)
          && scale.get().type().equals(ElementType.FLOAT)
          && scale.get().shape().rank() == codes.get().shape().rank()) {
        weights.put(
            mul.output(0),
            new CodedWeight(
                mul, mul.output(0), cast.get().input(0), mul.input(1), scale.get().shape()));
      }
    }

    private void half(Node cast) {
      boolean widens =
          index
                  .constant(cast.input(0))
                  .filter(t -> t.type().equals(ElementType.FLOAT16))
                  .isPresent()
              && cast.intAttribute("to", 0) == ElementType.FLOAT.code();
      if (widens) {
        halves.put(cast.output(0), cast.input(0));
      }
    }

    /** Of a Conv or Gemm, or of the Add after a MatMul. */
    private CodedBias bias(Node dequantize) {
      Node reader =
          index
              .onlyConsumer(dequantize.output(0))
              .orElseThrow(() -> refused(dequantize, "its bias has several readers"));
      Optional<Node> layer = Optional.of(reader);
      if (reader.is("Add")) {
        String other =
            reader.input(0).equals(dequantize.output(0)) ? reader.input(1) : reader.input(0);
        layer = index.producer(other, "MatMul");
      }
      CodedValue input = layer.map(l -> values.get(l.input(0))).orElse(null);
      CodedWeight weight = layer.map(l -> weights.get(l.input(1))).orElse(null);
      if (input == null || weight == null) {
        throw refused(dequantize, "its bias belongs to no quantized layer");
      }
      return new CodedBias(dequantize, input.scale(), weight);
    }
  }
}
