package dev.compress.prepare;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.runtime.ConstantEvaluator;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Finds the nodes of a graph that depend on constants only; see {@link FoldConstants}. */
final class ConstantGroups {
  /** Constant already, or there on purpose. */
  private static final Set<String> LEFT_ALONE =
      Set.of("Constant", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear");

  /**
   * Nodes that hang together.
   *
   * @param nodes in execution order
   * @param leaves the constants that they read
   * @param shapes sizes of values that they ask for: the value of a Shape or Size by its output
   * @param results the values that others read
   */
  record Group(
      List<Node> nodes,
      Map<String, Tensor> leaves,
      Map<String, Tensor> shapes,
      Set<String> results) {
    Group() {
      this(new ArrayList<>(), new LinkedHashMap<>(), new LinkedHashMap<>(), new LinkedHashSet<>());
    }

    void add(Group other) {
      nodes.addAll(other.nodes);
      leaves.putAll(other.leaves);
      shapes.putAll(other.shapes);
    }

    /** Bytes of all leaves. */
    long leafBytes() {
      return leaves.values().stream().mapToLong(Tensor::byteSize).sum();
    }
  }

  private final OnnxModel model;
  private final Graph graph;
  private final GraphIndex index;
  private final ValueTypes types;
  private final Map<String, Group> groupOfValue = new HashMap<>();

  ConstantGroups(OnnxModel model, ValueTypes types) {
    this.model = model;
    this.graph = model.graph();
    this.index = new GraphIndex(graph);
    this.types = types;
  }

  /** The groups, in execution order. */
  List<Group> find() {
    Set<Group> groups = Collections.newSetFromMap(new IdentityHashMap<>());
    boolean allSizesFixed = allSizesFixed();
    for (Node node : graph.nodes()) {
      Group group = new Group();
      Optional<Tensor> size = allSizesFixed ? sizeOf(node) : Optional.empty();
      if (size.isPresent()) {
        group.shapes().put(node.output(0), size.get());
      } else if (!dependsOnConstantsOnly(node)) {
        continue;
      }
      for (String input : node.inputs()) {
        Group made = size.isPresent() ? null : groupOfValue.get(input);
        if (made != null && made != group) {
          made.add(group);
          if (groups.remove(group)) {
            reassign(group, made);
          }
          group = made;
        } else if (!input.isEmpty() && size.isEmpty() && made == null) {
          group.leaves().put(input, index.constant(input).orElseThrow());
        }
      }
      group.nodes().add(node);
      for (String output : node.outputs()) {
        groupOfValue.put(output, group);
      }
      groups.add(group);
    }
    return finished(groups);
  }

  private void reassign(Group from, Group to) {
    groupOfValue.replaceAll((value, group) -> group == from ? to : group);
  }

  private List<Group> finished(Set<Group> groups) {
    Map<Node, Integer> order = new IdentityHashMap<>();
    for (Node node : graph.nodes()) {
      order.put(node, order.size());
    }
    List<Group> sorted = new ArrayList<>(groups);
    for (Group group : sorted) {
      group.nodes().sort(Comparator.comparing(order::get));
      Set<Node> own = Collections.newSetFromMap(new IdentityHashMap<>());
      own.addAll(group.nodes());
      for (Node node : group.nodes()) {
        for (String output : node.outputs()) {
          if (!output.isEmpty()
              && (index.isOutput(output)
                  || index.uses(output).stream()
                      .anyMatch(u -> u.inputIndex() < 0 || !own.contains(u.node())))) {
            group.results().add(output);
          }
        }
      }
    }
    sorted.removeIf(g -> g.results().isEmpty());
    sorted.sort(Comparator.comparing(g -> order.get(g.nodes().get(0))));
    return sorted;
  }

  private boolean dependsOnConstantsOnly(Node node) {
    if (!ConstantEvaluator.whyNot(node).isEmpty()
        || LEFT_ALONE.contains(node.opType())
        || node.inputs().isEmpty()) {
      return false;
    }
    for (String input : node.inputs()) {
      if (!input.isEmpty() && !groupOfValue.containsKey(input)) {
        Optional<Tensor> constant = index.constant(input);
        if (constant.isEmpty() || constant.get().type().equals(ElementType.STRING)) {
          return false;
        }
      }
    }
    return true;
  }

  /** Only then are inferred sizes those of every run. */
  private boolean allSizesFixed() {
    if (graph.nodes().stream().noneMatch(n -> n.is("Shape") || n.is("Size"))) {
      return false; // nobody asks
    }
    Set<String> constants = new HashSet<>();
    graph.initializers().forEach(i -> constants.add(i.name()));
    for (ValueInfo input : graph.inputs()) {
      if (!constants.contains(input.name()) && types.shape(input.name()).isEmpty()) {
        return false;
      }
    }
    return true;
  }

  /** The value of a Shape or Size, if it is known. */
  private Optional<Tensor> sizeOf(Node node) {
    if (!node.is("Shape") && !node.is("Size")) {
      return Optional.empty();
    }
    Optional<Shape> shape = types.shape(node.input(0));
    if (node.is("Size")) {
      return shape.map(s -> Tensor.ofLongs(Shape.scalar(), s.elementCount()));
    }
    return shape.map(
        s -> {
          long[] dims = s.toArray();
          int start = bound(node.intAttribute("start", 0), dims.length);
          int end = bound(node.intAttribute("end", dims.length), dims.length);
          long[] part =
              model.opset() < 15 ? dims : Arrays.copyOfRange(dims, start, Math.max(start, end));
          return Tensor.ofLongs(Shape.of(part.length), part);
        });
  }

  private static int bound(long axis, int rank) {
    return (int) Math.max(0, Math.min(rank, axis < 0 ? axis + rank : axis));
  }
}
