package dev.compress.graph;

import dev.compress.error.InvalidModelException;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Refuses nodes on which ONNX Runtime is known to end the process (by a trap of the processor, or
 * beyond the bounds of its memory) while it loads a model, because it computes what is constant
 * then. Found by running single nodes with odd constants and attributes in version 1.29; no model
 * that computes anything holds them.
 */
final class TrapValidator {
  /** No runtime has tensors of so many axes. */
  private static final long MOST_AXES = 64;

  private static final long MOST_OUTPUTS = 1 << 20;

  /** Larger constants are weights; what shapes are made of is small. */
  private static final long MOST_ELEMENTS = 1 << 20;

  /** Sum over axes that are empty. */
  private static final Set<String> OVER_NOTHING = Set.of("ReduceSum", "LpNormalization");

  private final GraphIndex index;

  private TrapValidator(Graph graph) {
    this.index = new GraphIndex(graph);
  }

  static void check(Graph graph) {
    TrapValidator validator = new TrapValidator(graph);
    for (Node node : graph.nodes()) {
      if (node.domain().isEmpty()) {
        validator.check(node);
      }
      node.subgraphs().forEach(TrapValidator::check);
    }
  }

  private void check(Node node) {
    checkAxes(node);
    String op = node.opType();
    if (op.equals("Div") || op.equals("Mod")) {
      checkDivision(node);
    } else if (op.equals("Trilu")) {
      checkDiagonal(node);
    } else if (op.equals("OneHot")) {
      checkCount(node, 1, 1, "depths");
      checkCount(node, 2, 2, "values");
    } else if (op.equals("Split")) {
      long outputs = node.intAttribute("num_outputs", 1);
      refuseIf(outputs > MOST_OUTPUTS, node, "has a number of outputs of " + outputs);
    } else if (op.equals("SplitToSequence")) {
      Optional<Tensor> sizes = integers(node.input(1));
      long least = sizes.filter(t -> t.elementCount() == 1).isPresent() ? 1 : 0;
      refuseIf(holds(sizes, v -> v < least), node, "splits into parts of no size");
    } else if (OVER_NOTHING.contains(op)) {
      refuseIf(isEmpty(node.input(0)), node, "sums a constant without elements");
    }
  }

  private static void checkAxes(Node node) {
    List<Long> axes = node.intsAttribute("axes").orElse(List.of());
    refuseIf(
        beyond(node.intAttribute("axis", 0)) || axes.stream().anyMatch(TrapValidator::beyond),
        node,
        "names an axis that no tensor has");
    long batch = node.intAttribute("batch_dims", 0);
    refuseIf(batch < 0 || batch > MOST_AXES, node, "has batch_dims of " + batch);
  }

  private static boolean beyond(long axis) {
    return axis < -MOST_AXES || axis > MOST_AXES;
  }

  /** The smallest integer has no negative. */
  private void checkDivision(Node node) {
    Optional<Tensor> dividend = integers(node.input(0));
    if (dividend.isEmpty()) {
      return;
    }
    long smallest =
        dividend.get().type().equals(ElementType.INT32) ? Integer.MIN_VALUE : Long.MIN_VALUE;
    refuseIf(
        holds(integers(node.input(1)), v -> v == -1) && holds(dividend, v -> v == smallest),
        node,
        "divides " + smallest + " by -1, which no integer can hold");
  }

  private void checkDiagonal(Node node) {
    refuseIf(
        holds(integers(node.input(1)), k -> k < -Integer.MAX_VALUE || k > Integer.MAX_VALUE),
        node,
        "names a diagonal that no matrix has");
  }

  private void checkCount(Node node, int input, long wanted, String what) {
    Optional<Tensor> constant = constant(node.input(input));
    refuseIf(
        constant.isPresent() && constant.get().elementCount() != wanted,
        node,
        "has " + constant.map(Tensor::elementCount).orElse(0L) + " " + what + " for " + wanted);
  }

  private boolean isEmpty(String value) {
    return constant(value).filter(t -> t.elementCount() == 0).isPresent();
  }

  private interface Condition {
    boolean test(long value);
  }

  private static boolean holds(Optional<Tensor> integers, Condition condition) {
    return integers.isPresent()
        && Arrays.stream(integers.get().toLongs()).anyMatch(condition::test);
  }

  private Optional<Tensor> integers(String name) {
    return constant(name)
        .filter(t -> t.elementCount() <= MOST_ELEMENTS)
        .filter(t -> t.type().equals(ElementType.INT32) || t.type().equals(ElementType.INT64));
  }

  /** A constant, also where an input could override it: mostly none does. */
  private Optional<Tensor> constant(String name) {
    return index.initializer(name).map(Initializer::tensor).or(() -> index.constant(name));
  }

  private static void refuseIf(boolean trap, Node node, String why) {
    if (trap) {
      throw new InvalidModelException(
          "Node "
              + node.label()
              + " ("
              + node.opType()
              + ") "
              + why
              + ". The file is damaged: export the model again.");
    }
  }
}
