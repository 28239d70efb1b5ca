package dev.compress.prune.channels;

import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.ValueInfo;
import dev.compress.prune.channels.Atoms.Pin;
import dev.compress.prune.channels.Coupling.Kept;
import dev.compress.prune.channels.Coupling.Role;
import dev.compress.prune.channels.Coupling.Use;
import dev.compress.runtime.Shapes;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Which channels of a graph can only be removed together: a unit is a set of positions on axes of
 * values and weights that are zero or gone all at once (one channel of every layer that a residual
 * connection joins, one attention head with its rows of four weights); a family is a set of units
 * that the same layers make. Pure: reads no weight.
 */
public final class DependencyGroups {
  /**
   * Units among which to choose.
   *
   * @param units all of them, in order
   * @param free those that can be removed
   * @param outputs the weights' axes that make them
   * @param positions how many positions of such an axis belong to one unit, at most
   */
  record Family(List<Integer> units, List<Integer> free, List<Use> outputs, int positions) {}

  private final Coupling coupling;
  private final List<Family> families = new ArrayList<>();
  private final List<Kept> kept = new ArrayList<>();

  private DependencyGroups(Coupling coupling) {
    this.coupling = coupling;
    kept.addAll(coupling.opaqueLayers());
  }

  /**
   * Follows the channels through a graph.
   *
   * @param graph valid; constants are initializers
   * @param shapes of its values
   * @param opset its operator set
   * @param mayChange whether the channels that a node makes may be removed
   */
  static DependencyGroups of(Graph graph, Shapes shapes, long opset, Predicate<Node> mayChange) {
    Coupling coupling = new Coupling(graph, shapes);
    for (Node node : graph.nodes()) {
      follow(node, coupling, opset);
    }
    for (ValueInfo output : graph.outputs()) {
      for (int[] axis : coupling.of(output.name())) {
        coupling.atoms().pin(axis, new Pin("", "", "they are the model's output " + output.name()));
      }
    }
    for (ValueInfo input : graph.inputs()) {
      for (int[] axis : coupling.of(input.name())) {
        coupling.atoms().pin(axis, new Pin("", "", "they are the model's input " + input.name()));
      }
    }
    for (Use use : coupling.uses()) {
      if (use.role() == Role.OUTPUT && !mayChange.test(use.node())) {
        coupling.pin(
            coupling.of(use.initializer())[use.axis()], use.node(), "it is to be left out");
      }
    }
    DependencyGroups groups = new DependencyGroups(coupling);
    groups.divide();
    return groups;
  }

  private static void follow(Node node, Coupling coupling, long opset) {
    if (!node.subgraphs().isEmpty()) {
      coupling.pinCaptures(node);
      coupling.opaque(node, "it holds subgraphs");
      return;
    }
    boolean onnx = node.domain().isEmpty();
    boolean understood =
        onnx
            && (ElementRules.apply(node, coupling)
                || LinearRules.apply(node, coupling)
                || ReshapeRules.apply(node, coupling)
                || LayoutRules.apply(node, coupling, opset)
                || RecurrentRules.apply(node, coupling));
    if (!understood) {
      coupling.opaque(node, node.opType() + " is not understood");
    }
  }

  /** Families: units that a weight makes side by side. */
  private void divide() {
    Atoms joined = new Atoms();
    Map<Integer, Integer> memberOf = new LinkedHashMap<>();
    Map<Integer, List<Use>> makers = new LinkedHashMap<>();
    for (Use use : outputs()) {
      int[] first = null;
      for (int unit : units(use).keySet()) {
        int member = memberOf.computeIfAbsent(unit, u -> joined.fresh(1)[0]);
        if (first == null) {
          first = new int[] {member};
        }
        joined.unite(first[0], member);
      }
    }
    Map<Integer, List<Integer>> unitsOf = new TreeMap<>();
    memberOf.forEach(
        (unit, member) ->
            unitsOf.computeIfAbsent(joined.unit(member), f -> new ArrayList<>()).add(unit));
    for (Use use : outputs()) {
      Integer unit = units(use).keySet().iterator().next();
      int family = joined.unit(java.util.Objects.requireNonNull(memberOf.get(unit)));
      makers.computeIfAbsent(family, f -> new ArrayList<>()).add(use);
    }
    unitsOf.forEach((id, units) -> add(units, java.util.Objects.requireNonNull(makers.get(id))));
  }

  private void add(List<Integer> units, List<Use> makers) {
    List<Integer> free = units.stream().filter(u -> coupling.atoms().pinned(u).isEmpty()).toList();
    if (free.isEmpty()) {
      Pin pin = coupling.atoms().pinned(units.get(0)).orElseThrow();
      Set<Node> nodes = new LinkedHashSet<>();
      makers.forEach(u -> nodes.add(u.node()));
      nodes.forEach(n -> kept.add(new Kept(n, reason(n, pin))));
      return;
    }
    int positions =
        makers.stream()
            .flatMap(u -> units(u).values().stream())
            .mapToInt(Integer::intValue)
            .max()
            .orElse(1);
    families.add(new Family(units, free, makers, positions));
  }

  private static String reason(Node node, Pin pin) {
    return pin.node().isEmpty() || pin.node().equals(node.label())
        ? "its channels stay: " + pin.reason()
        : "its channels stay: at " + pin.op() + " " + pin.node() + " " + pin.reason();
  }

  /** The weights' axes that make channels that anything else could read. */
  private List<Use> outputs() {
    return coupling.uses().stream()
        .filter(u -> u.role() == Role.OUTPUT && axis(u).length > 0)
        .distinct()
        .toList();
  }

  /** The positions of an axis. */
  int[] axis(Use use) {
    return coupling.of(use.initializer())[use.axis()];
  }

  /** The units of an axis, with how many of its positions each has. */
  Map<Integer, Integer> units(Use use) {
    return coupling.atoms().units(axis(use));
  }

  /** The unit of a position. */
  int unit(int atom) {
    return coupling.atoms().unit(atom);
  }

  /** The families of which something can be removed. */
  List<Family> families() {
    return families;
  }

  /** The nodes that make channels of which none can be removed. */
  List<Kept> kept() {
    return kept;
  }

  /** All that nodes do with axes of initializers. */
  List<Use> uses() {
    return coupling.uses();
  }

  /** The axes of every value that was met. */
  Map<String, int[][]> values() {
    return coupling.values();
  }

  /** What the rules shared. */
  Coupling coupling() {
    return coupling;
  }

  /**
   * The positions of an axis that are left.
   *
   * @param axis atoms, none of them if nothing is removed
   * @param removed units
   * @return empty if all are left
   */
  Optional<BitSet> left(int[] axis, Set<Integer> removed) {
    BitSet left = new BitSet(axis.length);
    for (int i = 0; i < axis.length; i++) {
      left.set(i, !removed.contains(unit(axis[i])));
    }
    return left.cardinality() == axis.length ? Optional.empty() : Optional.of(left);
  }

  /** How many elements of an initializer are left. */
  long elementsLeft(Initializer initializer, Set<Integer> removed) {
    int[][] axes = values().get(initializer.name());
    long elements = 1;
    for (int i = 0; i < initializer.tensor().shape().rank(); i++) {
      long size = initializer.tensor().shape().dim(i);
      elements *=
          axes == null
              ? size
              : left(axes[i], removed).map(b -> (long) b.cardinality()).orElse(size);
    }
    return elements;
  }
}
