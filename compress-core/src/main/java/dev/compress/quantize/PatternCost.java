package dev.compress.quantize;

import dev.compress.graph.Dim;
import dev.compress.graph.ValueType.TensorType;
import dev.compress.runtime.Shapes;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** Multiplications of one run with one sample; free dims are taken as a batch of 1 and 16 steps. */
final class PatternCost {
  private static final long FREE_DIM = 16;

  /** Feature maps up to this size are converted in next to no time. */
  static final long SMALL_MAP = 16;

  private PatternCost() {}

  /** The products that some layers sum at one run, as far as their shapes are known. */
  static double products(Collection<NodePattern> patterns, Shapes shapes) {
    return patterns.stream().mapToDouble(p -> Math.max(0, products(p, shapes))).sum();
  }

  /** The products that a layer sums at one run, or -1 if its shapes are unknown. */
  static long products(NodePattern pattern, Shapes shapes) {
    boolean conv = pattern.node().is("Conv");
    long elements = elements(conv ? pattern.node().output(0) : pattern.node().input(0), shapes);
    if (elements < 0) {
      return -1;
    }
    return conv
        ? elements * pattern.reductionLength()
        : elements / pattern.reductionLength() * pattern.tensor().elementCount();
  }

  /** The elements of a value for one sample, or -1 if its rank is unknown. */
  static long elements(String value, Shapes shapes) {
    Optional<List<Dim>> dims = shapes.type(value).flatMap(TensorType::shape);
    if (dims.isEmpty()) {
      return -1;
    }
    long elements = 1;
    for (int i = 0; i < dims.get().size(); i++) {
      long size = dims.get().get(i).sizeOrUnknown();
      elements *= size >= 0 ? Math.max(1, size) : i == 0 ? 1 : FREE_DIM;
    }
    return elements;
  }

  /** The elements of one channel of a feature map, or -1 if a dim is not known. */
  static long spatialSize(String value, Shapes shapes) {
    Optional<List<Dim>> dims = shapes.type(value).flatMap(TensorType::shape);
    if (dims.isEmpty()) {
      return -1;
    }
    long size = 1;
    for (int axis = 2; axis < dims.get().size(); axis++) {
      long dim = dims.get().get(axis).sizeOrUnknown();
      if (dim < 0) {
        return -1;
      }
      size *= dim;
    }
    return size;
  }

  /** Whether every dim of a value is known. */
  static boolean isFixed(String value, Shapes shapes) {
    return shapes
        .type(value)
        .flatMap(TensorType::shape)
        .filter(dims -> dims.stream().allMatch(d -> d.sizeOrUnknown() >= 0))
        .isPresent();
  }

  /** The rank of a value, or -1 if it is unknown. */
  static int rank(String value, Shapes shapes) {
    return shapes.type(value).flatMap(TensorType::shape).map(List::size).orElse(-1);
  }
}
