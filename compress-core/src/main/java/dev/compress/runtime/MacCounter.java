package dev.compress.runtime;

import dev.compress.error.InvalidModelException;
import dev.compress.graph.Graph;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Counts multiply-accumulate operations (MACs), bias additions not included.
 *
 * <ul>
 *   <li>Conv: elements of Y times elements of W / output channels, W being [Cout, Cin/group, k...].
 *   <li>ConvTranspose: elements of X times elements of W / input channels, W being [Cin,
 *       Cout/group, k...].
 *   <li>Gemm and MatMul: elements of Y times the length of the inner dim.
 *   <li>LSTM, GRU and RNN: time steps times batch times elements of W and R.
 *   <li>Einsum: the product of the sizes of all its indices.
 * </ul>
 *
 * <p>Nodes in the bodies of If, Loop and Scan, and in functions, are not counted.
 */
public final class MacCounter {
  private final Shapes shapes;
  private final List<MacCount.NodeMacs> counted = new ArrayList<>();
  private final List<String> unknown = new ArrayList<>();

  private MacCounter(Shapes shapes) {
    this.shapes = shapes;
  }

  /**
   * Counts for given input shapes.
   *
   * @param graph any graph
   * @param shapes its shapes, all sizes known where MACs are wanted
   */
  public static MacCount count(Graph graph, Shapes shapes) {
    MacCounter counter = new MacCounter(shapes);
    graph.nodes().forEach(counter::add);
    List<String> warnings = new ArrayList<>(shapes.warnings());
    if (!counter.unknown.isEmpty()) {
      warnings.add("Operations are not counted where shapes are unknown: " + counter.unknown + ".");
    }
    List<String> withBodies =
        graph.nodes().stream().filter(n -> !n.subgraphs().isEmpty()).map(Node::label).toList();
    if (!withBodies.isEmpty()) {
      warnings.add("Operations are not counted inside subgraphs: " + withBodies + ".");
    }
    return new MacCount(counter.counted, warnings);
  }

  /**
   * Counts, with sizes in the place of free dims of the inputs.
   *
   * @param model any model
   * @param batch the size of free dims of axis 0
   * @param other the size of all other free dims
   */
  public static MacCount count(OnnxModel model, long batch, long other) {
    return count(
        model.graph(),
        ShapeInference.infer(model, FreeDims.of(model.graph()).shapes(batch, other)));
  }

  /**
   * Counts for one sample whose free dims are as large as the model takes them, up to 64.
   *
   * @param model any model
   */
  public static MacCount countOne(OnnxModel model) {
    for (long size : new long[] {64, 32, 16, 8}) {
      try {
        return count(model, 1, size);
      } catch (InvalidModelException e) {
        // Such as a sentence that is longer than the model has places for.
      }
    }
    return count(model, 1, 1);
  }

  private void add(Node node) {
    if (!multiplies(node)) {
      return;
    }
    Optional<Long> macs = macs(node);
    if (macs.isPresent()) {
      counted.add(new MacCount.NodeMacs(node, macs.get()));
    } else {
      unknown.add(node.label());
    }
  }

  /** Whether an operator, or what the runtime makes of it, is counted. */
  static boolean multiplies(Node node) {
    return switch (node.opType()) {
      case "Conv", "FusedConv", "NhwcFusedConv", "ConvInteger", "QLinearConv", "ConvTranspose" ->
          true;
      case "Gemm", "QGemm", "MatMul", "FusedMatMul", "FusedGemm", "MatMulInteger" -> true;
      case "QLinearMatMul", "DynamicQuantizeMatMul", "MatMulIntegerToFloat", "MatMulNBits" -> true;
      case "LSTM", "GRU", "RNN", "DynamicQuantizeLSTM", "Einsum" -> true;
      default -> false;
    };
  }

  private Optional<Long> macs(Node node) {
    return switch (node.opType()) {
      case "QLinearConv" -> convolution(node.output(0), node.input(3));
      case "Conv", "FusedConv", "NhwcFusedConv", "ConvInteger" ->
          convolution(node.output(0), node.input(1));
      case "ConvTranspose" -> convolution(node.input(0), node.input(1));
      case "Gemm", "FusedGemm", "QGemm" ->
          inner(node, node.intAttribute("transA", 0) != 0 ? -2 : -1);
      case "FusedMatMul" -> inner(node, node.intAttribute("transA", 0) != 0 ? -2 : -1);
      case "LSTM", "GRU", "RNN", "DynamicQuantizeLSTM" -> recurrent(node);
      case "Einsum" -> einsum(node);
      default -> inner(node, -1);
    };
  }

  /** Every element of one side meets a whole filter: the weight but for its first dim. */
  private Optional<Long> convolution(String elements, String weight) {
    Optional<Shape> many = shapes.fixedShape(elements);
    Optional<Shape> filter = shapes.fixedShape(weight);
    if (many.isEmpty() || filter.isEmpty() || filter.get().rank() < 2) {
      return Optional.empty();
    }
    long[] dims = filter.get().toArray();
    long taps = 1;
    for (int i = 1; i < dims.length; i++) {
      taps *= dims[i];
    }
    return Optional.of(many.get().elementCount() * taps);
  }

  private Optional<Long> inner(Node node, int axisOfA) {
    Optional<Shape> a = shapes.fixedShape(node.input(0)).filter(s -> s.rank() >= -axisOfA);
    Optional<Shape> y = shapes.fixedShape(node.output(0));
    Optional<Long> length =
        a.map(s -> s.dim(axisOfA))
            .or(
                () ->
                    shapes
                        .fixedShape(node.input(1))
                        .filter(b -> b.rank() >= 2 && node.is("MatMul"))
                        .map(b -> b.dim(-2)));
    return y.flatMap(s -> length.map(k -> s.elementCount() * k));
  }

  private Optional<Long> recurrent(Node node) {
    Optional<Shape> x = shapes.fixedShape(node.input(0));
    Optional<Shape> w = shapes.fixedShape(node.input(1));
    Optional<Shape> r = shapes.fixedShape(node.input(2));
    if (x.isEmpty() || w.isEmpty() || r.isEmpty() || x.get().rank() != 3) {
      return Optional.empty();
    }
    long steps = x.get().dim(0) * x.get().dim(1); // time and batch, in either layout
    return Optional.of(steps * (w.get().elementCount() + r.get().elementCount()));
  }

  private Optional<Long> einsum(Node node) {
    String[] terms =
        node.stringAttribute("equation", "").replace(" ", "").split("->", -1)[0].split(",", -1);
    Map<Character, Long> sizes = new HashMap<>();
    for (int i = 0; i < terms.length; i++) {
      Optional<Shape> shape = shapes.fixedShape(node.input(i));
      if (shape.isEmpty() || terms[i].length() != shape.get().rank()) {
        return Optional.empty(); // an ellipsis, or unknown
      }
      for (int axis = 0; axis < terms[i].length(); axis++) {
        sizes.merge(terms[i].charAt(axis), shape.get().dim(axis), Math::max);
      }
    }
    return Optional.of(sizes.values().stream().reduce(1L, (p, q) -> p * q));
  }
}
