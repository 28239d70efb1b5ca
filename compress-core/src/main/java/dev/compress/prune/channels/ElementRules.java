package dev.compress.prune.channels;

import dev.compress.graph.Node;
import dev.compress.prune.channels.Coupling.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** How operators that treat every element, or every channel, for itself couple channels. */
final class ElementRules {
  /** One tensor in and one of the same shape out; further inputs are scalars. */
  private static final Set<String> UNARY =
      Set.of(
          "Abs",
          "Acos",
          "Acosh",
          "Asin",
          "Asinh",
          "Atan",
          "Atanh",
          "Cast",
          "Ceil",
          "Celu",
          "Clip",
          "Cos",
          "Cosh",
          "Elu",
          "Erf",
          "Exp",
          "Floor",
          "Gelu",
          "HardSigmoid",
          "HardSwish",
          "Identity",
          "IsInf",
          "IsNaN",
          "LeakyRelu",
          "Log",
          "Mish",
          "Neg",
          "Not",
          "Reciprocal",
          "Relu",
          "Round",
          "Selu",
          "Shrink",
          "Sigmoid",
          "Sign",
          "Sin",
          "Sinh",
          "Softplus",
          "Softsign",
          "Sqrt",
          "Swish",
          "Tan",
          "Tanh",
          "ThresholdedRelu",
          "Dropout");

  private static final Set<String> BROADCAST =
      Set.of(
          "Add",
          "Sub",
          "Mul",
          "Div",
          "Pow",
          "Mod",
          "Min",
          "Max",
          "Sum",
          "Mean",
          "PRelu",
          "Where",
          "And",
          "Or",
          "Xor",
          "Equal",
          "Greater",
          "GreaterOrEqual",
          "Less",
          "LessOrEqual");

  private static final Set<String> POOLS =
      Set.of(
          "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool");

  private ElementRules() {}

  /** Applies to a node; false if it is none of these. */
  static boolean apply(Node node, Coupling coupling) {
    String op = node.opType();
    if (UNARY.contains(op)) {
      unary(node, coupling);
    } else if (BROADCAST.contains(op)) {
      broadcast(node, coupling);
    } else if (POOLS.contains(op)) {
      pool(node, coupling);
    } else if (op.equals("BatchNormalization") || op.equals("InstanceNormalization")) {
      perChannel(node, coupling);
    } else {
      return false;
    }
    return true;
  }

  private static void unary(Node node, Coupling coupling) {
    int[][] axes = coupling.of(node.input(0));
    for (String output : node.outputs()) {
      coupling.set(output, axes);
    }
  }

  private static void broadcast(Node node, Coupling coupling) {
    List<String> inputs = node.inputs().stream().filter(i -> !i.isEmpty()).toList();
    if (!inputs.stream().allMatch(coupling::isRanked)) {
      coupling.opaque(node, "the rank of an input is unknown");
      return;
    }
    if (node.attribute("axis").isPresent()) { // broadcasting of before opset 7
      coupling.opaque(node, "it broadcasts along an axis as operator sets under 7 did");
      return;
    }
    int rank = inputs.stream().mapToInt(i -> coupling.of(i).length).max().orElse(0);
    int[][] result = Coupling.fixed(rank);
    for (int axis = 0; axis < rank; axis++) {
      result[axis] = broadcast(node, coupling, inputs, rank - axis);
    }
    coupling.set(node.output(0), result);
  }

  /** Couples one axis, counted from the end; returns that of the result. */
  private static int[] broadcast(Node node, Coupling coupling, List<String> inputs, int fromEnd) {
    List<int[]> wide = new ArrayList<>();
    for (String input : inputs) {
      int axis = coupling.of(input).length - fromEnd;
      if (axis >= 0 && coupling.size(input, axis) != 1) {
        wide.add(coupling.of(input)[axis]);
        coupling.use(input, axis, Role.FOLLOWER, node);
      }
    }
    for (int i = 1; i < wide.size(); i++) {
      coupling.couple(wide.get(0), wide.get(i), node);
    }
    boolean free = !wide.isEmpty() && wide.stream().allMatch(w -> w.length > 0);
    return free ? wide.get(0) : Coupling.FIXED;
  }

  private static void pool(Node node, Coupling coupling) {
    if (node.hasOutput(1)) {
      coupling.opaque(node, "its indices are read");
      return;
    }
    int[][] axes = coupling.of(node.input(0));
    int[][] result = Coupling.fixed(axes.length);
    for (int i = 0; i < axes.length; i++) {
      if (i < 2) {
        result[i] = axes[i];
      } else {
        coupling.pin(axes[i], node, "it pools over that axis");
      }
    }
    coupling.set(node.output(0), result);
  }

  private static void perChannel(Node node, Coupling coupling) {
    int[][] axes = coupling.of(node.input(0));
    boolean more = node.outputs().stream().skip(1).anyMatch(o -> !o.isEmpty());
    if (axes.length < 2 || more) {
      coupling.opaque(node, more ? "it is in training mode" : "the rank of its input is unknown");
      return;
    }
    for (int i = 1; i < node.inputs().size(); i++) {
      int[][] parameter = coupling.of(node.input(i));
      if (parameter.length == 1) {
        coupling.couple(axes[1], parameter[0], node);
        coupling.use(node.input(i), 0, Role.FOLLOWER, node);
      } else {
        coupling.pin(axes[1], node, "its parameters are no vectors");
      }
    }
    int[][] result = axes.clone();
    for (int i = 2; i < axes.length; i++) {
      coupling.pin(axes[i], node, "it normalises over that axis");
      result[i] = Coupling.FIXED;
    }
    coupling.set(node.output(0), result);
  }
}
