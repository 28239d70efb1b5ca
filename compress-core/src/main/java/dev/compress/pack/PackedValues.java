package dev.compress.pack;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.GraphIndex.Use;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.runtime.ConstantEvaluator;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the weights of a graph that are made by nodes from constants: packed by {@link PackWeights}
 * or by somebody else in another way, which makes no difference here.
 *
 * <p>Not taken for packed: weights in 8 bits with their scale ({@code Mul(Cast(q), s)}), which is
 * what quantization wants to store; and, unless asked for, weights in half precision with a Cast.
 */
final class PackedValues {
  /** What makes dense tensors of less. */
  private static final Set<String> UNPACKING =
      Set.of(
          "BitShift",
          "BitwiseAnd",
          "CumSum",
          "Gather",
          "GatherElements",
          "GatherND",
          "ScatterElements",
          "ScatterND");

  /** What may stand between. */
  private static final Set<String> ALSO =
      Set.of(
          "Add",
          "BitwiseOr",
          "Cast",
          "Concat",
          "ConstantOfShape",
          "Div",
          "Expand",
          "Flatten",
          "Greater",
          "Identity",
          "Less",
          "Max",
          "Min",
          "Mod",
          "Mul",
          "Neg",
          "Reshape",
          "Shape",
          "Slice",
          "Split",
          "Squeeze",
          "Sub",
          "Tile",
          "Transpose",
          "Unsqueeze",
          "Where");

  /**
   * One packed weight.
   *
   * @param name the value
   * @param nodes that make it, in execution order; some may also make others
   * @param constants that those read
   */
  record Packed(String name, List<Node> nodes, Map<String, Tensor> constants) {
    /** Bytes of the constants. */
    long bytes() {
      return constants.values().stream().mapToLong(Tensor::byteSize).sum();
    }
  }

  private final Graph graph;
  private final GraphIndex index;
  private final boolean halves;
  private final Map<String, Node> made = new HashMap<>();

  /**
   * A search.
   *
   * @param halves whether weights in half precision with a Cast are packed
   */
  PackedValues(OnnxModel model, boolean halves) {
    this.graph = model.graph();
    this.index = new GraphIndex(graph);
    this.halves = halves;
    for (Node node : graph.nodes()) {
      if (isConstant(node)) {
        node.outputs().forEach(o -> made.put(o, node));
      }
    }
  }

  private boolean isConstant(Node node) {
    return (UNPACKING.contains(node.opType()) || ALSO.contains(node.opType()))
        && ConstantEvaluator.whyNot(node).isEmpty()
        && !node.inputs().isEmpty()
        && node.inputs().stream()
            .allMatch(i -> i.isEmpty() || made.containsKey(i) || index.constant(i).isPresent());
  }

  /** All packed weights, in the order of the nodes that make them. */
  List<Packed> find() {
    Set<String> wanted = new HashSet<>();
    for (Node node : graph.nodes()) {
      for (String output : node.outputs()) {
        if (made.containsKey(output) && isReadOutside(output)) {
          // 8-bit storage stays: what its codes and scales are made of may be packed.
          Optional<Node> stored = storedCodes(output);
          if (stored.isPresent()) {
            wanted.addAll(stored.get().inputs());
            made.get(output).inputs().forEach(wanted::add);
            wanted.remove(stored.get().output(0));
          } else {
            wanted.add(output);
          }
        }
      }
    }
    List<Packed> found = new ArrayList<>();
    for (Node node : graph.nodes()) {
      for (String output : node.outputs()) {
        if (wanted.contains(output) && made.containsKey(output)) {
          Packed packed = trace(output);
          if (isPacked(packed)) {
            found.add(packed);
          }
        }
      }
    }
    return found;
  }

  private boolean isReadOutside(String value) {
    return index.isOutput(value)
        || index.uses(value).stream()
            .anyMatch(u -> u.inputIndex() < 0 || !made.containsKey(u.node().output(0)));
  }

  /** The Cast of {@code Mul(Cast(q), s)} with 8-bit codes. */
  private Optional<Node> storedCodes(String value) {
    Node mul = made.get(value);
    if (mul == null || !mul.is("Mul")) {
      return Optional.empty();
    }
    for (String input : mul.inputs()) {
      Node cast = made.get(input);
      if (cast != null && cast.is("Cast") && isEightBits(cast.input(0))) {
        return Optional.of(cast);
      }
    }
    return Optional.empty();
  }

  /** Made codes come from a codebook or zeros of their type. */
  private boolean isEightBits(String value) {
    Optional<Tensor> constant = index.constant(value);
    if (constant.isPresent()) {
      return isEightBits(constant.get().type());
    }
    Node node = made.get(value);
    if (node == null) {
      return false;
    }
    if (node.is("ConstantOfShape")) {
      return node.tensorAttribute("value").filter(t -> isEightBits(t.tensor().type())).isPresent();
    }
    if (node.is("Cast")) {
      return isEightBits(ElementType.of((int) node.intAttribute("to", 0)));
    }
    return isEightBits(node.input(0));
  }

  private static boolean isEightBits(ElementType type) {
    return type.equals(ElementType.INT8) || type.equals(ElementType.UINT8);
  }

  private boolean isPacked(Packed packed) {
    if (packed.nodes().stream().anyMatch(n -> UNPACKING.contains(n.opType()))) {
      return true;
    }
    boolean ofQuantization =
        index.uses(packed.name()).stream()
            .map(Use::node)
            .anyMatch(n -> n.is("DequantizeLinear") || n.is("QuantizeLinear"));
    boolean cast = packed.nodes().stream().anyMatch(n -> n.is("Cast"));
    return ofQuantization || (halves && cast);
  }

  private Packed trace(String output) {
    Map<String, Tensor> constants = new LinkedHashMap<>();
    Set<Node> seen = java.util.Collections.newSetFromMap(new java.util.IdentityHashMap<>());
    List<Node> nodes = new ArrayList<>();
    trace(output, seen, constants);
    for (Node node : graph.nodes()) {
      if (seen.contains(node)) {
        nodes.add(node);
      }
    }
    return new Packed(output, nodes, constants);
  }

  private void trace(String value, Set<Node> seen, Map<String, Tensor> constants) {
    Node node = made.get(value);
    if (node == null) {
      index.constant(value).ifPresent(c -> constants.put(value, c));
    } else if (seen.add(node)) {
      node.inputs().forEach(i -> trace(i, seen, constants));
    }
  }
}
