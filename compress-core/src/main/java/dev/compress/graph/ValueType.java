package dev.compress.graph;

import dev.compress.tensor.ElementType;
import java.util.List;
import java.util.Optional;

/** The declared type of a value. */
public sealed interface ValueType {
  /**
   * A dense tensor.
   *
   * @param element its element type
   * @param shape its dims, or empty if even the rank is unknown
   * @param denotation of the type, mostly empty
   * @param extras further fields of the type
   */
  record TensorType(
      ElementType element, Optional<List<Dim>> shape, String denotation, Extras extras)
      implements ValueType {
    public TensorType {
      shape = shape.isPresent() ? Optional.of(List.copyOf(shape.get())) : shape;
    }

    @Override
    public String toString() {
      return element + shape.map(Object::toString).orElse("[...]");
    }
  }

  /**
   * A sequence, map, optional or sparse tensor, or a type newer than these records; kept as read.
   *
   * @param kind its field's name, such as "sequence"
   * @param wire the whole type message in wire form
   */
  record Other(String kind, Extras wire) implements ValueType {
    @Override
    public String toString() {
      return kind;
    }
  }

  /** Nothing was declared. */
  record Undeclared() implements ValueType {
    @Override
    public String toString() {
      return "undeclared";
    }
  }

  /** A dense tensor of a shape. */
  static ValueType tensor(ElementType element, List<Dim> shape) {
    return new TensorType(element, Optional.of(shape), "", Extras.NONE);
  }

  /** A dense tensor of unknown rank. */
  static ValueType tensor(ElementType element) {
    return new TensorType(element, Optional.empty(), "", Extras.NONE);
  }
}
