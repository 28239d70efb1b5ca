package dev.compress.prepare;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatCodec;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What an {@link UpgradeRule} may ask about the graph around a node, and where it puts constants.
 */
final class UpgradeScope {
  private final GraphIndex index;
  private final GraphEditor names;
  private final ValueTypes types;
  private final @Nullable UpgradeScope outer;
  private final long target;
  private final List<Initializer> added = new ArrayList<>();
  private final Map<List<Long>, String> vectors = new HashMap<>();

  /**
   * The scope of one graph.
   *
   * @param outer the scope around a subgraph, or null
   * @param target the version that the upgrade goes to
   */
  UpgradeScope(Graph graph, ValueTypes types, @Nullable UpgradeScope outer, long target) {
    this.index = new GraphIndex(graph);
    this.types = types;
    this.outer = outer;
    this.target = target;
    UpgradeScope root = outer;
    this.names = root != null ? root.names : new GraphEditor(graph); // names are unique throughout
  }

  /** The version that the upgrade goes to, of which the current step may be a part. */
  long target() {
    return target;
  }

  /** The constants that rules added to this graph. */
  List<Initializer> added() {
    return added;
  }

  /** A name that no value has. */
  String fresh(String base) {
    return names.freshName(base);
  }

  /** Adds a constant; returns its name. */
  String constant(String base, Tensor value) {
    String name = fresh(base);
    added.add(Initializer.of(name, value));
    return name;
  }

  /** A vector of int64, shared by all that need the same. */
  String vector(String base, List<Long> values) {
    return vectors.computeIfAbsent(
        values,
        v ->
            constant(
                base + "_" + String.join("_", v.stream().map(String::valueOf).toList()),
                Tensor.ofLongs(
                    Shape.of(v.size()), v.stream().mapToLong(Long::longValue).toArray())));
  }

  /** A vector of int64, shared by all that need the same. */
  String vector(String base, long... values) {
    return vector(base, Arrays.stream(values).boxed().toList());
  }

  /** A scalar of a floating-point type. */
  String scalar(String base, ElementType type, double value) {
    return constant(
        base, Tensor.ofBytes(type, Shape.scalar(), FloatCodec.encode(type, new double[] {value})));
  }

  /** Whether something reads a value of this graph. */
  boolean isRead(String value) {
    return !value.isEmpty() && (index.isOutput(value) || !index.uses(value).isEmpty());
  }

  /** Whether a node puts out more than its first output. */
  static boolean hasSideOutputs(Node node) {
    return node.outputs().stream().skip(1).anyMatch(o -> !o.isEmpty());
  }

  /** The types of this graph's values. */
  ValueTypes types() {
    return types;
  }

  /** The floating-point type of a node's first input, where it is known. */
  Optional<ElementType> floatType(Node node) {
    Optional<ElementType> type =
        types.element(node.input(0)).or(() -> types.element(node.output(0)));
    return type.filter(ElementType::isFloatingPoint);
  }

  /** The value of a constant of this graph or of those around it. */
  Optional<Tensor> constantValue(String value) {
    Optional<Tensor> here =
        index
            .constant(value)
            .or(
                () ->
                    added.stream()
                        .filter(i -> i.name().equals(value))
                        .map(Initializer::tensor)
                        .findFirst());
    UpgradeScope around = outer;
    return here.isPresent() || around == null || index.producer(value).isPresent()
        ? here
        : around.constantValue(value);
  }
}
