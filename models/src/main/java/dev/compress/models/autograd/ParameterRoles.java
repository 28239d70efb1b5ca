package dev.compress.models.autograd;

import dev.compress.graph.Graph;
import dev.compress.graph.Node;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Tells weights from the constants that a graph only computes with. Exporters store both in the
 * same way; what reads a tensor, and how, tells them apart.
 */
final class ParameterRoles {
  /** What becomes of a stored tensor in training. */
  enum Role {
    /** Changed by gradients. */
    TRAINED,
    /** A running mean or variance. */
    STATISTIC,
    /** Left as it is. */
    FIXED
  }

  private static final Set<String> RESHAPING =
      Set.of(
          "Reshape",
          "Transpose",
          "Unsqueeze",
          "Squeeze",
          "Identity",
          "Cast",
          "Expand",
          "Slice",
          "Concat",
          "Split",
          "Flatten",
          "Pad",
          "Tile");

  private static final Set<String> ELEMENTWISE = Set.of("Add", "Sub", "Mul", "Div", "Sum");

  /** Below this an added constant takes a place out of a softmax: a mask. */
  private static final double MASKED = -1000;

  /** Which inputs of an operator are weights, where not all elementwise ones are. */
  private static final Map<String, Set<Integer>> WEIGHT_INPUTS =
      Map.ofEntries(
          Map.entry("Conv", Set.of(0, 1, 2)),
          Map.entry("ConvTranspose", Set.of(0, 1, 2)),
          Map.entry("Gemm", Set.of(0, 1, 2)),
          Map.entry("MatMul", Set.of(0, 1)),
          Map.entry("Einsum", Set.of(0, 1, 2)),
          Map.entry("BatchNormalization", Set.of(1, 2)),
          Map.entry("InstanceNormalization", Set.of(1, 2)),
          Map.entry("GroupNormalization", Set.of(1, 2)),
          Map.entry("LayerNormalization", Set.of(1, 2)),
          Map.entry("RMSNormalization", Set.of(1)),
          Map.entry("PRelu", Set.of(1)),
          Map.entry("Gather", Set.of(0)),
          Map.entry("LSTM", Set.of(1, 2, 3, 7)),
          Map.entry("GRU", Set.of(1, 2, 3)),
          Map.entry("RNN", Set.of(1, 2, 3)),
          Map.entry("QuantizeLinear", Set.of(0)));

  private final Map<String, List<Use>> uses = new HashMap<>();
  private final Set<String> raw = new HashSet<>();

  private record Use(Node node, int input) {}

  ParameterRoles(Graph graph, Set<String> stored) {
    graph.inputs().forEach(input -> raw.add(input.name()));
    raw.removeAll(stored);
    for (Node node : graph.nodes()) {
      boolean allRaw = true;
      for (int i = 0; i < node.inputs().size(); i++) {
        String value = node.input(i);
        uses.computeIfAbsent(value, name -> new ArrayList<>()).add(new Use(node, i));
        allRaw &= value.isEmpty() || raw.contains(value) || stored.contains(value);
      }
      boolean plain = RESHAPING.contains(node.opType()) || ELEMENTWISE.contains(node.opType());
      if (allRaw && plain && node.inputs().stream().anyMatch(raw::contains)) {
        raw.addAll(node.outputs());
      }
    }
  }

  /** What becomes of a stored floating-point tensor. */
  Role of(String name, Tensor tensor) {
    List<Use> readers = uses.getOrDefault(name, List.of());
    if (readers.stream().anyMatch(ParameterRoles::isStatistic)) {
      return Role.STATISTIC;
    }
    return isWeight(name, tensor, 0) ? Role.TRAINED : Role.FIXED;
  }

  /** The type of the operator that reads a value first, or "" if nothing does. */
  String consumer(String name) {
    List<Use> readers = uses.getOrDefault(name, List.of());
    for (Use use : readers) {
      if (!RESHAPING.contains(use.node().opType())) {
        return use.node().opType();
      }
    }
    for (Use use : readers) {
      String further = consumer(use.node().output(0));
      if (!further.isEmpty()) {
        return further;
      }
    }
    return readers.isEmpty() ? "" : readers.get(0).node().opType();
  }

  private static boolean isStatistic(Use use) {
    return use.node().is("BatchNormalization") && (use.input() == 3 || use.input() == 4);
  }

  private boolean isWeight(String value, Tensor tensor, int depth) {
    for (Use use : uses.getOrDefault(value, List.of())) {
      String op = use.node().opType();
      if (RESHAPING.contains(op) && (use.input() == 0 || op.equals("Concat"))) {
        if (isWeight(use.node().output(0), tensor, depth + 1)) {
          return true;
        }
      } else if (ELEMENTWISE.contains(op)) {
        if (tensor.elementCount() > 1 && !preprocesses(use) && !masks(op, tensor)) {
          return true;
        }
      } else if (WEIGHT_INPUTS.getOrDefault(op, Set.of()).contains(use.input())) {
        return true;
      }
    }
    return false;
  }

  /** Whether a node only scales or shifts what comes into the graph. */
  private boolean preprocesses(Use use) {
    return raw.contains(use.node().output(0));
  }

  private static boolean masks(String op, Tensor tensor) {
    if (!op.equals("Add") || !tensor.type().name().equals("float")) {
      return false;
    }
    boolean masked = false;
    for (float value : tensor.toFloats()) {
      if (value != 0 && !(value <= MASKED)) {
        return false;
      }
      masked |= value != 0;
    }
    return masked;
  }
}
