package dev.compress.graph;

import dev.compress.error.InvalidModelException;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;

/**
 * Checks divisions of constant integers: the smallest integer has no negative, and the processor
 * traps where the runtime divides it by -1. It would do so while it loads the model, and end the
 * process.
 */
final class DivisionValidator {
  /** Larger ones are weights; what is divided to make shapes is small. */
  private static final long MOST_ELEMENTS = 1 << 20;

  private DivisionValidator() {}

  static void check(Graph graph) {
    GraphIndex index = null;
    for (Node node : graph.nodes()) {
      if (node.is("Div") || node.is("Mod")) {
        index = index == null ? new GraphIndex(graph) : index;
        check(node, index);
      }
      node.subgraphs().forEach(DivisionValidator::check);
    }
  }

  private static void check(Node node, GraphIndex index) {
    Optional<Tensor> dividend = value(node.input(0), index);
    Optional<Tensor> divisor = value(node.input(1), index);
    if (dividend.isPresent()
        && divisor.isPresent()
        && holds(divisor.get(), -1)
        && holds(dividend.get(), smallest(dividend.get().type()))) {
      throw new InvalidModelException(
          "Node "
              + node.label()
              + " ("
              + node.opType()
              + ") divides "
              + smallest(dividend.get().type())
              + " by -1, which no integer can hold. The file is damaged: export the model again.");
    }
  }

  /** Of a constant integer, also where an input could override it: mostly none does. */
  private static Optional<Tensor> value(String name, GraphIndex index) {
    return index
        .initializer(name)
        .map(Initializer::tensor)
        .or(() -> index.constant(name))
        .filter(t -> t.elementCount() <= MOST_ELEMENTS)
        .filter(t -> t.type().equals(ElementType.INT32) || t.type().equals(ElementType.INT64));
  }

  private static long smallest(ElementType type) {
    return type.equals(ElementType.INT32) ? Integer.MIN_VALUE : Long.MIN_VALUE;
  }

  private static boolean holds(Tensor tensor, long value) {
    return Arrays.stream(tensor.toLongs()).anyMatch(v -> v == value);
  }
}
