package dev.compress.pack;

import dev.compress.error.InvalidModelException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pack.PackedValues.Packed;
import dev.compress.runtime.ConstantEvaluator;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** How large packed weights are once they are dense, told by their shapes: none is computed. */
public final class DenseSizes {
  private DenseSizes() {}

  /**
   * One packed weight.
   *
   * @param name the value that nodes read
   * @param elements of it
   * @param parts names of the constants that it is made from; others may be made from them too
   */
  public record DenseSize(String name, long elements, Set<String> parts) {
    public DenseSize {
      parts = Set.copyOf(parts);
    }
  }

  /** Those of a model whose shapes are known. */
  public static List<DenseSize> of(OnnxModel model) {
    List<Packed> packed = new PackedValues(model, true).find();
    if (packed.isEmpty()) {
      return List.of();
    }
    Shapes shapes;
    try {
      shapes = shapes(model, packed);
    } catch (InvalidModelException | UnsupportedModelException e) {
      return List.of(); // who runs it says so; a count need not
    }
    List<DenseSize> sizes = new ArrayList<>();
    for (Packed one : packed) {
      Optional<ElementType> type = shapes.element(one.name());
      Optional<Shape> shape = shapes.fixedShape(one.name());
      if (type.filter(DenseSizes::isWeight).isPresent() && shape.isPresent()) {
        long elements = shape.get().elementCount();
        if (!isPicked(one, elements)) {
          sizes.add(new DenseSize(one.name(), elements, one.constants().keySet()));
        }
      }
    }
    return sizes;
  }

  private static boolean isWeight(ElementType type) {
    return type.isFloatingPoint()
        || type.equals(ElementType.INT8)
        || type.equals(ElementType.UINT8);
  }

  /** Rows that are picked from a larger table are not packed in it. */
  private static boolean isPicked(Packed packed, long elements) {
    return packed.constants().values().stream()
        .anyMatch(t -> t.type().isFloatingPoint() && t.elementCount() > elements);
  }

  private static Shapes shapes(OnnxModel model, List<Packed> packed) {
    Map<String, Tensor> constants = new HashMap<>();
    Set<Node> making = java.util.Collections.newSetFromMap(new java.util.IdentityHashMap<>());
    Set<String> names = new HashSet<>();
    for (Packed one : packed) {
      constants.putAll(one.constants());
      making.addAll(one.nodes());
      names.add(one.name());
    }
    List<Node> nodes = model.graph().nodes().stream().filter(making::contains).toList();
    return ConstantEvaluator.shapes(model, nodes, constants, names);
  }
}
