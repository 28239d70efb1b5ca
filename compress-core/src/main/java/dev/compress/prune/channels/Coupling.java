package dev.compress.prune.channels;

import dev.compress.graph.Captures;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.prune.channels.Atoms.Pin;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the rules of the operators share: for each value and each of its axes the positions as
 * {@link Atoms}, or {@link #FIXED} where none of them can be removed. An initializer's axes are
 * atoms of their own from its first use on; whoever reads it again meets the same ones, so that
 * tied weights go together.
 */
final class Coupling {
  /** An axis that nothing is removed from. */
  static final int[] FIXED = new int[0];

  /** What an axis of a weight does. */
  enum Role {
    /** Makes channels. */
    OUTPUT,
    /** Is summed over. */
    INPUT,
    /** Has one element for each channel of what it is applied to. */
    FOLLOWER
  }

  /** An axis of an initializer, read by a node. */
  record Use(String initializer, int axis, Role role, Node node) {}

  /** A node that makes channels of which none can be removed. */
  record Kept(Node node, String reason) {}

  private final List<Kept> layers = new ArrayList<>();
  private final GraphIndex index;
  private final Shapes shapes;
  private final Atoms atoms = new Atoms();
  private final Map<String, int[][]> values = new LinkedHashMap<>();
  private final List<Use> uses = new ArrayList<>();

  Coupling(Graph graph, Shapes shapes) {
    this.index = new GraphIndex(graph);
    this.shapes = shapes;
  }

  GraphIndex index() {
    return index;
  }

  Shapes shapes() {
    return shapes;
  }

  Atoms atoms() {
    return atoms;
  }

  /** The axes of all values that were met. */
  Map<String, int[][]> values() {
    return values;
  }

  List<Use> uses() {
    return uses;
  }

  /** Whether the rank of a value is known. */
  boolean isRanked(String value) {
    int[][] known = values.get(value);
    return (known != null && known.length > 0)
        || index.constant(value).isPresent()
        || shapes.rank(value).isPresent();
  }

  /** The axes of a value. */
  int[][] of(String value) {
    int[][] known = values.get(value);
    if (known != null) {
      return known;
    }
    Optional<Tensor> constant =
        index.initializer(value).isPresent() ? index.constant(value) : Optional.empty();
    int[][] axes =
        constant.map(t -> freshAxes(t)).orElseGet(() -> fixed(shapes.rank(value).orElse(0)));
    values.put(value, axes);
    return axes;
  }

  private int[][] freshAxes(Tensor tensor) {
    int[][] axes = new int[tensor.shape().rank()][];
    for (int i = 0; i < axes.length; i++) {
      long size = tensor.shape().dim(i);
      // An axis of length one is what broadcasts, or all that there is.
      axes[i] = size < 2 || size > 1 << 24 ? FIXED : atoms.fresh((int) size);
    }
    return axes;
  }

  static int[][] fixed(int rank) {
    int[][] axes = new int[rank][];
    java.util.Arrays.fill(axes, FIXED);
    return axes;
  }

  /** Sets the axes of an output. */
  void set(String value, int[][] axes) {
    if (!value.isEmpty()) {
      values.put(value, axes);
    }
  }

  /** Notes what an axis of an initializer does in a node. */
  void use(String value, int axis, Role role, Node node) {
    if (index.initializer(value).isPresent()) {
      uses.add(new Use(value, axis, role, node));
    }
  }

  /** The size of an axis; -1 if unknown. */
  long size(String value, int axis) {
    int[] labels = of(value)[axis];
    if (labels.length > 0) {
      return labels.length;
    }
    Optional<Tensor> constant = index.constant(value);
    if (constant.isPresent()) {
      return constant.get().shape().dim(axis);
    }
    return shapes.dims(value).map(d -> d.get(axis)).map(Dim::sizeOrUnknown).orElse(-1L);
  }

  /** Lets an axis stay as it is. */
  void pin(int[] axis, Node node, String reason) {
    atoms.pin(axis, Pin.of(node, reason));
  }

  /** Lets all axes of a value stay as they are. */
  void pinAll(String value, Node node, String reason) {
    for (int[] axis : of(value)) {
      pin(axis, node, reason);
    }
  }

  /**
   * Couples two axes position by position. Where nothing is removed from one of them, nothing is
   * removed from the other.
   */
  void couple(int[] one, int[] other, Node node) {
    if (one.length == other.length) {
      atoms.unite(one, other);
    } else {
      String reason = "it joins channels with others that cannot be removed";
      pin(one, node, reason);
      pin(other, node, reason);
    }
  }

  /** A layer whose channels cannot be told apart. */
  void opaqueLayer(Node node, String reason) {
    layers.add(new Kept(node, reason));
    opaque(node, reason);
  }

  /** The layers whose channels cannot be told apart. */
  List<Kept> opaqueLayers() {
    return layers;
  }

  /** A node that is not understood: what it reads stays, and what it makes. */
  void opaque(Node node, String reason) {
    for (String input : node.inputs()) {
      if (!input.isEmpty()) {
        pinAll(input, node, reason);
      }
    }
    for (String output : node.outputs()) {
      if (!output.isEmpty()) {
        set(output, fixed(shapes.rank(output).orElse(0)));
      }
    }
  }

  /** What the subgraphs of a node read stays. */
  void pinCaptures(Node node) {
    for (String captured : Captures.of(node)) {
      pinAll(captured, node, "a subgraph reads it");
    }
  }

  /** Constant integers, such as a shape; empty if they are not known. */
  Optional<long[]> integers(String value) {
    return index
        .constant(value)
        .filter(t -> t.type().equals(ElementType.INT64) || t.type().equals(ElementType.INT32))
        .map(Tensor::toLongs);
  }
}
