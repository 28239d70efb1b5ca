package dev.compress.lowrank;

import dev.compress.graph.Attribute;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.Node;
import dev.compress.linalg.LowRankFactors;
import dev.compress.quantize.NodePattern;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The two layers that take the place of one.
 *
 * @param layer the one
 * @param first the weight of the layer that reads, as that operator wants it
 * @param second the weight of the layer that puts out
 */
record FactorPair(NodePattern layer, Tensor first, Tensor second) {
  static FactorPair of(NodePattern layer, LowRankFactors factors) {
    boolean outputsFirst = layer.outputAxis() == 0; // Conv, and Gemm with transB
    // In the place of a Gemm the first is a MatMul.
    Tensor a = tensor(factors.first(), outputsFirst && layer.node().is("Conv"));
    Tensor b = tensor(factors.second(), outputsFirst);
    if (!layer.node().is("Conv")) {
      return new FactorPair(layer, a, b);
    }
    int places = layer.tensor().shape().rank() - 2;
    return new FactorPair(layer, withPlaces(a, places), withPlaces(b, places));
  }

  private static Tensor tensor(double[][] rows, boolean outputsFirst) {
    int out = rows.length;
    int in = rows[0].length;
    float[] values = new float[out * in];
    for (int o = 0; o < out; o++) {
      for (int i = 0; i < in; i++) {
        values[outputsFirst ? o * in + i : i * out + o] = (float) rows[o][i];
      }
    }
    return Tensor.ofFloats(outputsFirst ? Shape.of(out, in) : Shape.of(in, out), values);
  }

  private static Tensor withPlaces(Tensor matrix, int places) {
    long[] dims = new long[places + 2];
    java.util.Arrays.fill(dims, 1);
    dims[0] = matrix.shape().dim(0);
    dims[1] = matrix.shape().dim(1);
    return matrix.reshaped(Shape.of(dims));
  }

  /** Puts both into the graph, in the place of the one. */
  void putInto(GraphEditor editor, Scratch scratch) {
    Node node = layer.node();
    String a = editor.addInitializer(layer.weight() + "_a", stored(first, scratch));
    String b = editor.addInitializer(layer.weight() + "_b", stored(second, scratch));
    String between = editor.freshName(node.output(0) + "_rank");
    editor.add(reader(node, between, a).withOutputs(List.of(between)));
    editor.replace(node, writer(node, between, b));
    editor.removeDead();
  }

  private static Tensor stored(Tensor tensor, Scratch scratch) {
    return scratch.store(tensor.type(), tensor.shape(), tensor.data().toByteArray());
  }

  /** The first: as the one, without its bias. */
  private Node reader(Node node, String name, String weight) {
    List<String> inputs = List.of(node.input(0), weight);
    if (!node.is("Gemm")) {
      return Node.of(
          node.opType(), name, inputs, List.of(name), node.attributes().toArray(Attribute[]::new));
    }
    // Before operator set 11 a Gemm has to have a bias; its input has two dims in any case.
    return Node.of("MatMul", name, inputs, List.of(name));
  }

  /** The second: what comes before has taken the steps. */
  private static Node writer(Node node, String between, String weight) {
    List<String> inputs = new ArrayList<>(node.inputs());
    inputs.set(0, between);
    inputs.set(1, weight);
    return node.withInputs(inputs)
        .withoutAttribute("strides")
        .withoutAttribute("pads")
        .withoutAttribute("auto_pad")
        .withoutAttribute("dilations");
  }
}
