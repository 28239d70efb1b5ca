package dev.compress.runtime;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.ValueInfo;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/**
 * The integers that an input can take without harm, both ends included.
 *
 * @param least the smallest
 * @param most the largest
 */
record IntegerRange(long least, long most) {
  private static final Set<String> PASS_ON =
      Set.of(
          "Cast",
          "Reshape",
          "Squeeze",
          "Unsqueeze",
          "Identity",
          "Transpose",
          "Slice",
          "Flatten",
          "Expand",
          "Split",
          "Clip");

  /** The range of a type about which nothing else is known. */
  static IntegerRange of(ElementType type) {
    return switch (type.name()) {
      case "uint8" -> new IntegerRange(0, 255);
      case "int8" -> new IntegerRange(-128, 127);
      default -> new IntegerRange(1, 1);
    };
  }

  /** Ranges of inputs that index a table or are compared with a constant. */
  static Map<String, IntegerRange> ofInputs(Graph graph) {
    GraphIndex index = new GraphIndex(graph);
    Map<String, IntegerRange> ranges = new HashMap<>();
    for (ValueInfo input : graph.inputs()) {
      follow(input.name(), index).ifPresent(range -> ranges.put(input.name(), range));
    }
    return ranges;
  }

  private static Optional<IntegerRange> follow(String input, GraphIndex index) {
    IntegerRange found = null;
    Set<String> seen = new HashSet<>();
    Deque<String> open = new ArrayDeque<>();
    open.add(input);
    while (!open.isEmpty()) {
      String value = open.remove();
      if (!seen.add(value)) {
        continue;
      }
      for (GraphIndex.Use use : index.uses(value)) {
        Optional<IntegerRange> here = at(use, index);
        if (here.isPresent()) {
          found = found == null ? here.get() : found.and(here.get());
        } else if (use.inputIndex() == 0
            && use.node().domain().isEmpty()
            && PASS_ON.contains(use.node().opType())) {
          open.addAll(use.node().outputs());
        }
      }
    }
    return Optional.ofNullable(found);
  }

  private IntegerRange and(IntegerRange other) {
    IntegerRange both = new IntegerRange(Math.max(least, other.least), Math.min(most, other.most));
    return both.least <= both.most ? both : this;
  }

  private static Optional<IntegerRange> at(GraphIndex.Use use, GraphIndex index) {
    Node node = use.node();
    if (node.is("Gather") && use.inputIndex() == 1) {
      long axis = node.intAttribute("axis", 0);
      return constant(node.input(0), index)
          .filter(table -> axis < table.shape().rank())
          .map(table -> new IntegerRange(0, Math.max(0, table.shape().dim((int) axis) - 1)));
    }
    if (node.is("Equal") && use.inputIndex() >= 0) {
      return constant(node.input(1 - use.inputIndex()), index)
          .filter(t -> t.elementCount() == 1 && !t.type().isFloatingPoint())
          .map(t -> new IntegerRange(t.toLongs()[0], t.toLongs()[0]));
    }
    return Optional.empty();
  }

  /** A constant, also where it is given in a quantized or half form. */
  private static Optional<Tensor> constant(String value, GraphIndex index) {
    Optional<Tensor> direct =
        index.initializer(value).map(Initializer::tensor).or(() -> index.constant(value));
    return direct.or(
        () ->
            index
                .producer(value)
                .filter(n -> n.is("DequantizeLinear") || n.is("Cast") || n.is("Mul"))
                .flatMap(n -> constant(n.input(0), index)));
  }

  /** One of them. */
  long next(Random random) {
    return least == most ? least : least + (long) (random.nextDouble() * (most - least + 1));
  }
}
