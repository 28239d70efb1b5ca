package dev.compress.graph;

import dev.compress.error.InvalidModelException;
import dev.compress.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The one way to change a graph: local to one pass, not thread-safe. Match fully on the graph, then
 * edit here, then {@link #build()}.
 *
 * <p>Nodes are addressed by the instance that the graph holds or that was added. New nodes may be
 * added in any order: {@link #build()} sorts, moving as little as possible.
 */
public final class GraphEditor {
  private final Graph original;
  private final List<@Nullable Node> nodes;
  private final Map<Node, Integer> positions = new IdentityHashMap<>();
  private final Map<String, Initializer> initializers = new LinkedHashMap<>();
  private List<ValueInfo> inputs;
  private final Set<String> names = new HashSet<>();
  private final Map<String, Integer> nextSuffix = new HashMap<>();
  private boolean changed;

  /**
   * An editor that begins with a graph.
   *
   * @param graph a valid graph
   */
  public GraphEditor(Graph graph) {
    original = graph;
    nodes = new ArrayList<>(graph.nodes());
    for (int i = 0; i < nodes.size(); i++) {
      positions.put(graph.nodes().get(i), i);
    }
    graph.initializers().forEach(i -> initializers.put(i.name(), i));
    inputs = graph.inputs();
    collectNames(graph, names);
  }

  /**
   * An editor of a subgraph, whose new names must differ from those around it too.
   *
   * @param graph a subgraph
   * @param around the main graph
   */
  public GraphEditor(Graph graph, Graph around) {
    this(graph);
    collectNames(around, names);
  }

  private static void collectNames(Graph graph, Set<String> names) {
    Names.visit(graph, names::add, node -> names.add(node.name()));
  }

  /**
   * A name that nothing in the graph or its subgraphs has yet; it is taken from now on.
   *
   * @param base what to begin it with
   */
  public String freshName(String base) {
    String name = base;
    while (!names.add(name)) {
      name = base + "_" + nextSuffix.merge(base, 1, Integer::sum);
    }
    return name;
  }

  /** Adds a node; returns it. */
  public Node add(Node node) {
    changed = true;
    positions.put(node, nodes.size());
    nodes.add(node);
    names.addAll(node.outputs());
    return node;
  }

  /**
   * Adds a constant under a fresh name.
   *
   * @param base what its name begins with
   * @param tensor its value
   * @return its name
   */
  public String addInitializer(String base, Tensor tensor) {
    String name = freshName(base);
    changed = true;
    initializers.put(name, Initializer.of(name, tensor));
    return name;
  }

  /** Adds a constant under its own name, whose producer, if it had one, was removed. */
  public void addInitializer(Initializer initializer) {
    if (initializers.putIfAbsent(initializer.name(), initializer) != null) {
      throw new IllegalArgumentException("There is an initializer named " + initializer.name());
    }
    names.add(initializer.name());
    changed = true;
  }

  /** Gives an initializer another value under the same name. */
  public void setInitializer(String name, Tensor tensor) {
    Initializer old = initializers.get(name);
    if (old == null) {
      throw new IllegalArgumentException("No initializer named " + name);
    }
    changed = true;
    initializers.put(name, new Initializer(name, tensor, old.docString(), old.extras()));
  }

  /** Removes an initializer; whoever removes it knows that nothing reads it. */
  public void removeInitializer(String name) {
    changed |= initializers.remove(name) != null;
  }

  /** Removes a node. */
  public void remove(Node node) {
    nodes.set(position(node), null);
    positions.remove(node);
    changed = true;
  }

  /** Puts another node in a node's place; returns the new one. */
  public Node replace(Node old, Node with) {
    if (old == with) {
      return with;
    }
    int at = position(old);
    positions.remove(old);
    nodes.set(at, with);
    positions.put(with, at);
    names.addAll(with.outputs());
    changed = true;
    return with;
  }

  private int position(Node node) {
    Integer at = positions.get(node);
    if (at == null) {
      throw new IllegalArgumentException("Not a node of this graph (any more): " + node.label());
    }
    return at;
  }

  /** The nodes as they are now, those removed left out, unsorted. */
  public List<Node> currentNodes() {
    List<Node> current = new ArrayList<>();
    for (Node node : nodes) {
      if (node != null) {
        current.add(node);
      }
    }
    return current;
  }

  /**
   * Lets every reader of a value, subgraphs included, read another one. Graph outputs keep their
   * names: for those see {@link #renameOutputOf}.
   */
  public void replaceUses(String value, String with) {
    replaceUses(value, with, Set.of());
  }

  /** The same, with some readers left as they are. */
  public void replaceUses(String value, String with, Set<Node> except) {
    UnaryOperator<String> rename = name -> name.equals(value) ? with : name;
    for (Node node : currentNodes()) {
      if (except.stream().anyMatch(e -> e == node)) {
        continue;
      }
      boolean captured = !node.subgraphs().isEmpty() && Captures.of(node).contains(value);
      if (captured || node.inputs().contains(value)) {
        Node renamed = node.withInputs(node.inputs().stream().map(rename).toList());
        replace(node, captured ? Captures.rename(renamed, rename) : renamed);
      }
    }
  }

  /**
   * The same for many values at once, in one walk over the graph.
   *
   * @param with the value to read instead, by the value read now
   */
  public void replaceUses(Map<String, String> with) {
    UnaryOperator<String> rename = name -> with.getOrDefault(name, name);
    for (Node node : currentNodes()) {
      boolean captured =
          !node.subgraphs().isEmpty() && Captures.of(node).stream().anyMatch(with::containsKey);
      if (captured || node.inputs().stream().anyMatch(with::containsKey)) {
        Node renamed = node.withInputs(node.inputs().stream().map(rename).toList());
        replace(node, captured ? Captures.rename(renamed, rename) : renamed);
      }
    }
  }

  /** Renames one output of a node, leaving all readers as they are; returns the new node. */
  public Node renameOutputOf(Node node, String output, String newName) {
    return replace(
        node,
        node.withOutputs(
            node.outputs().stream().map(o -> o.equals(output) ? newName : o).toList()));
  }

  /** Sets the declared inputs. */
  public void setInputs(List<ValueInfo> newInputs) {
    inputs = List.copyOf(newInputs);
    changed = true;
  }

  /**
   * The edited graph, sorted; the original instance if nothing was changed. Declared types of
   * values that no longer exist are dropped.
   *
   * @throws InvalidModelException if the nodes form a cycle
   */
  public Graph build() {
    if (!changed) {
      return original;
    }
    List<Node> sorted = TopologicalOrder.sort(currentNodes());
    Set<String> alive = new HashSet<>();
    sorted.forEach(n -> alive.addAll(n.outputs()));
    return new Graph(
        original.name(),
        sorted,
        List.copyOf(initializers.values()),
        original.sparseInitializers(),
        inputs,
        original.outputs(),
        original.valueInfos().stream().filter(v -> alive.contains(v.name())).toList(),
        original.docString(),
        original.metadata(),
        original.extras());
  }

  /** Removes nodes whose outputs nothing reads, and initializers that nothing reads. */
  public void removeDead() {
    Set<String> needed = new HashSet<>();
    original.outputs().forEach(o -> needed.add(o.name()));
    Map<String, Node> producers = new HashMap<>();
    List<Node> current = currentNodes();
    current.forEach(n -> n.outputs().forEach(o -> producers.put(o, n)));
    Set<Node> live = java.util.Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<String> open = new ArrayDeque<>(needed);
    while (!open.isEmpty()) {
      Node producer = producers.get(open.pop());
      if (producer != null && live.add(producer)) {
        List<String> read = new ArrayList<>(producer.inputs());
        read.addAll(Captures.of(producer));
        for (String input : read) {
          if (!input.isEmpty() && needed.add(input)) {
            open.push(input);
          }
        }
      }
    }
    current.stream().filter(n -> !live.contains(n)).forEach(this::remove);
    Set<String> declared = new HashSet<>();
    inputs.forEach(i -> declared.add(i.name()));
    for (String name : List.copyOf(initializers.keySet())) {
      if (!needed.contains(name) && !declared.contains(name)) {
        removeInitializer(name);
      }
    }
  }
}
