package dev.compress.runtime;

import dev.compress.graph.Dim;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Types and shapes of the values of a graph: its inputs, initializers and the outputs of its nodes.
 * Values inside subgraphs are not among them.
 *
 * @param types by value name; values of which nothing is known are absent
 * @param warnings what could not be found out, and why
 */
public record Shapes(Map<String, ValueType.TensorType> types, List<String> warnings) {
  public Shapes {
    types = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(types));
    warnings = List.copyOf(warnings);
  }

  /** The type of a value, as far as it is known. */
  public Optional<ValueType.TensorType> type(String value) {
    return Optional.ofNullable(types.get(value));
  }

  /** The element type of a value; empty if unknown. */
  public Optional<ElementType> element(String value) {
    return type(value).map(ValueType.TensorType::element);
  }

  /** The dims of a value; empty if not even the rank is known. */
  public Optional<List<Dim>> dims(String value) {
    return type(value).flatMap(ValueType.TensorType::shape);
  }

  /** The rank of a value; empty if unknown. */
  public OptionalInt rank(String value) {
    return dims(value).map(dims -> OptionalInt.of(dims.size())).orElse(OptionalInt.empty());
  }

  /** The shape of a value, if all its dims are of known size. */
  public Optional<Shape> fixedShape(String value) {
    return dims(value)
        .filter(dims -> dims.stream().allMatch(d -> d.sizeOrUnknown() >= 0))
        .map(dims -> Shape.of(dims.stream().mapToLong(Dim::sizeOrUnknown).toArray()));
  }
}
