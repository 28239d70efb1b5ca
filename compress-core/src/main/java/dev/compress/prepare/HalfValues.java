package dev.compress.prepare;

import dev.compress.graph.Attribute;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import java.util.Set;
import java.util.stream.Stream;

/** Where a graph and the bodies inside it mention float16. */
final class HalfValues {
  /** Attributes that hold the type of what a node makes or computes in. */
  private static final Set<String> TYPE_ATTRIBUTES =
      Set.of("to", "dtype", "output_datatype", "output_dtype", "precision", "softmax_precision");

  private HalfValues() {}

  /**
   * Whether something in a main graph computes with float16, or could: all but what conversions at
   * its edge leave, inputs that are only cast and outputs that a Cast makes.
   */
  static boolean isInside(Graph main) {
    GraphIndex index = new GraphIndex(main);
    return main.initializers().stream()
            .anyMatch(i -> isHalf(i.tensor().type()) && !isOnlyCast(i.name(), index))
        || main.inputs().stream().anyMatch(i -> isHalf(i) && !isOnlyCast(i.name(), index))
        || main.nodes().stream().anyMatch(n -> isIn(n) && !makesOutput(n, index));
  }

  private static boolean isOnlyCast(String value, GraphIndex index) {
    return (index.isInput(value) || index.isOutput(value))
        && index.uses(value).stream().allMatch(u -> u.inputIndex() == 0 && u.node().is("Cast"));
  }

  private static boolean makesOutput(Node node, GraphIndex index) {
    return node.is("Cast")
        && index.isOutput(node.output(0))
        && index.uses(node.output(0)).isEmpty();
  }

  /** Whether a body mentions float16. */
  static boolean isIn(Graph graph) {
    return graph.initializers().stream().anyMatch(i -> isHalf(i.tensor().type()))
        || Stream.of(graph.inputs(), graph.outputs(), graph.valueInfos())
            .flatMap(java.util.List::stream)
            .anyMatch(HalfValues::isHalf)
        || graph.nodes().stream().anyMatch(HalfValues::isIn);
  }

  private static boolean isIn(Node node) {
    return node.attributes().stream().anyMatch(a -> isType(a) || isTensor(a))
        || node.subgraphs().stream().anyMatch(HalfValues::isIn);
  }

  static boolean isHalf(ElementType type) {
    return type.equals(ElementType.FLOAT16);
  }

  static boolean isHalf(ValueInfo value) {
    return value.type() instanceof ValueType.TensorType tensor && isHalf(tensor.element());
  }

  /** Whether an attribute says that something is float16. */
  static boolean isType(Attribute attribute) {
    return TYPE_ATTRIBUTES.contains(attribute.name())
        && attribute.value() instanceof AttributeValue.IntValue code
        && code.value() == ElementType.FLOAT16.code();
  }

  /** Whether an attribute holds a float16 tensor. */
  static boolean isTensor(Attribute attribute) {
    return attribute.value() instanceof AttributeValue.TensorValue tensor
        && isHalf(tensor.value().tensor().type());
  }

  /** Whether a body of the node holds operators of other domains; of those no type is known. */
  static boolean hasOtherDomain(Node node, Set<String> domains) {
    return node.subgraphs().stream()
        .flatMap(g -> g.nodes().stream())
        .anyMatch(n -> !domains.contains(n.domain()) || hasOtherDomain(n, domains));
  }
}
