package dev.compress.prepare;

import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatCodec;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Decides whether a node's first output is always equal to a value that is there already:
 *
 * <ul>
 *   <li>Identity; Dropout without training whose mask nothing reads;
 *   <li>Concat, Sum, Mean, Max, Min of one input;
 *   <li>Cast to the type it has; Reshape to the shape it has; Flatten of a matrix at axis 1;
 *       Transpose, Pad, Tile that move, add and repeat nothing;
 *   <li>Add or Sub of 0, Mul or Div by 1, Pow 1, with a scalar;
 *   <li>Unsqueeze behind Squeeze of the same axes, and the other way round.
 * </ul>
 */
final class Passthrough {
  private static final Set<String> OPERATORS =
      Set.of(
          "Identity",
          "Dropout",
          "Concat",
          "Sum",
          "Mean",
          "Max",
          "Min",
          "Cast",
          "Reshape",
          "Flatten",
          "Transpose",
          "Pad",
          "Tile",
          "Add",
          "Sub",
          "Mul",
          "Div",
          "Pow",
          "Squeeze",
          "Unsqueeze");

  private final GraphIndex index;
  private final long opset;
  private final ValueTypes types;

  Passthrough(Graph graph, long opset, ValueTypes types) {
    this.index = new GraphIndex(graph);
    this.opset = opset;
    this.types = types;
  }

  GraphIndex index() {
    return index;
  }

  /** Whether a node is of an operator that can do nothing. */
  static boolean mayBe(Node node) {
    return node.domain().isEmpty() && OPERATORS.contains(node.opType());
  }

  /** Why a node that mostly does nothing must stay. */
  Optional<String> obstacle(Node node) {
    if (!node.is("Dropout")) {
      return Optional.empty();
    }
    return isRead(node.output(1))
        ? Optional.of("its mask is read")
        : Optional.of("it may be in training mode");
  }

  /** The value that the node's first output is equal to; empty if it is a new one. */
  Optional<String> sourceOf(Node node) {
    if (!mayBe(node) || !node.hasInput(0)) {
      return Optional.empty();
    }
    String x = node.input(0);
    return switch (node.opType()) {
      case "Identity" -> Optional.of(x);
      case "Dropout" -> when(isInference(node), x);
      case "Concat", "Sum", "Mean", "Max", "Min" -> when(node.inputs().size() == 1, x);
      case "Cast" -> when(isSameType(node), x);
      case "Reshape" -> when(isSameShape(node), x);
      case "Flatten" -> when(types.rank(x) == 2 && axis(node, 1, 2) == 1, x);
      case "Transpose" -> when(keepsOrder(node), x);
      case "Pad" -> when(padsNothing(node), x);
      case "Tile" -> when(all(longs(node.input(1)), 1), x);
      case "Add" -> isNumber(node.input(1), 0) ? Optional.of(x) : second(node, 0);
      case "Mul" -> isNumber(node.input(1), 1) ? Optional.of(x) : second(node, 1);
      case "Sub" -> when(isNumber(node.input(1), 0), x);
      case "Div", "Pow" -> when(isNumber(node.input(1), 1), x);
      case "Squeeze" -> undone(node, "Unsqueeze");
      case "Unsqueeze" -> undone(node, "Squeeze");
      default -> Optional.empty();
    };
  }

  private static Optional<String> when(boolean condition, String value) {
    return condition ? Optional.of(value) : Optional.empty();
  }

  private boolean isRead(String value) {
    return !value.isEmpty() && (index.isOutput(value) || !index.uses(value).isEmpty());
  }

  /** Until opset 11 a Dropout is always at inference; from 12 on an input may say otherwise. */
  private boolean isInference(Node node) {
    if (isRead(node.output(1))) {
      return false;
    }
    if (opset < 12 || !node.hasInput(2)) {
      return true;
    }
    Optional<long[]> training = longs(node.input(2));
    return training.isPresent() && training.get().length == 1 && training.get()[0] == 0;
  }

  private boolean isSameType(Node node) {
    return types
        .element(node.input(0))
        .filter(e -> e.code() == node.intAttribute("to", -1))
        .isPresent();
  }

  private boolean isSameShape(Node node) {
    Optional<List<Dim>> from = types.dims(node.input(0));
    if (from.isEmpty()) {
      return false;
    }
    Optional<Shape> fixed = types.shape(node.input(0));
    Optional<long[]> target = longs(node.input(1));
    if (target.isEmpty()) {
      return fixed.isPresent() && fixed.equals(types.shape(node.output(0)));
    }
    if (target.get().length != from.get().size()) {
      return false;
    }
    boolean zeroCopies = node.intAttribute("allowzero", 0) == 0;
    int derived = 0;
    for (int i = 0; i < target.get().length; i++) {
      long size = target.get()[i];
      if (size == -1) {
        derived++;
      } else if (!(size == 0 && zeroCopies) && size != from.get().get(i).sizeOrUnknown()) {
        return false;
      }
    }
    // One dim that follows from the others, which are all as they were, is as it was too.
    return derived <= 1 && (derived == 0 || from.get().stream().noneMatch(Passthrough::isZero));
  }

  private static boolean isZero(Dim dim) {
    return dim.sizeOrUnknown() == 0;
  }

  private boolean keepsOrder(Node node) {
    List<Long> order = node.intsAttribute("perm").orElse(List.of());
    for (int i = 0; i < order.size(); i++) {
      if (order.get(i) != i) {
        return false;
      }
    }
    return !order.isEmpty();
  }

  private boolean padsNothing(Node node) {
    Optional<List<Long>> attribute = node.intsAttribute("pads");
    return attribute.isPresent()
        ? attribute.get().stream().allMatch(p -> p == 0)
        : all(longs(node.input(1)), 0);
  }

  private static boolean all(Optional<long[]> values, long wanted) {
    if (values.isEmpty()) {
      return false;
    }
    for (long value : values.get()) {
      if (value != wanted) {
        return false;
      }
    }
    return true;
  }

  private static long axis(Node node, long byDefault, int rank) {
    long axis = node.intAttribute("axis", byDefault);
    return axis < 0 ? axis + rank : axis;
  }

  private Optional<long[]> longs(String value) {
    return index
        .constant(value)
        .filter(t -> t.shape().rank() <= 1 && t.elementCount() <= 64)
        .filter(t -> isInteger(t.type()))
        .map(Tensor::toLongs);
  }

  private static boolean isInteger(ElementType type) {
    return type.equals(ElementType.INT64)
        || type.equals(ElementType.INT32)
        || type.equals(ElementType.BOOL);
  }

  /** The second input, if the first is a scalar that changes nothing. */
  private Optional<String> second(Node node, double neutral) {
    return when(isNumber(node.input(0), neutral), node.input(1));
  }

  /** Whether a value is a constant of rank 0, which never changes a shape, with that number. */
  private boolean isNumber(String value, double number) {
    Optional<Tensor> constant = index.constant(value).filter(t -> t.shape().rank() == 0);
    if (constant.isEmpty()) {
      return false;
    }
    Tensor tensor = constant.get();
    if (tensor.type().isFloatingPoint()) {
      return FloatCodec.decode(tensor)[0] == number;
    }
    return isInteger(tensor.type()) && tensor.toLongs()[0] == (long) number;
  }

  /** What the node before got, if that node did the opposite along the same axes. */
  private Optional<String> undone(Node node, String opposite) {
    Node before = index.producer(node.input(0), opposite).orElse(null);
    if (before == null) {
      return Optional.empty();
    }
    Optional<List<Long>> axes = axes(node);
    return when(axes.isPresent() && axes.equals(axes(before)), before.input(0));
  }

  private Optional<List<Long>> axes(Node node) {
    Optional<List<Long>> attribute = node.intsAttribute("axes");
    return attribute.isPresent()
        ? attribute.map(a -> a.stream().sorted().toList())
        : longs(node.input(1)).map(a -> java.util.Arrays.stream(a).sorted().boxed().toList());
  }
}
