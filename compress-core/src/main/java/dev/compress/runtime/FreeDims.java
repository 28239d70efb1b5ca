package dev.compress.runtime;

import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.Shape;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The dims of a model's inputs that have no size. Those with the same name are the same dim, and so
 * are the unnamed ones of axis 0, where the batch is.
 */
final class FreeDims {
  /** What a free dim is called, in order of first use; the unnamed are called by a number. */
  private final Map<String, Integer> symbols = new LinkedHashMap<>();

  private final Set<String> batches = new HashSet<>();
  private final Set<String> own = new HashSet<>();
  private final List<ValueInfo> inputs = new ArrayList<>();

  private FreeDims() {}

  static FreeDims of(Graph graph) {
    FreeDims free = new FreeDims();
    Set<String> constants = new HashSet<>();
    graph.initializers().stream().map(Initializer::name).forEach(constants::add);
    for (ValueInfo input : graph.inputs()) {
      if (!constants.contains(input.name())
          && input.type() instanceof ValueType.TensorType type
          && type.shape().isPresent()) {
        free.inputs.add(input);
        List<Dim> dims = type.shape().get();
        for (int axis = 0; axis < dims.size(); axis++) {
          if (dims.get(axis).sizeOrUnknown() < 0) {
            String symbol = symbol(input, axis, dims.get(axis));
            free.symbols.putIfAbsent(symbol, free.symbols.size());
            if (axis == 0) {
              free.batches.add(symbol);
            }
          }
        }
      }
    }
    graph.inputs().forEach(free::addNames);
    graph.outputs().forEach(free::addNames);
    return free;
  }

  private void addNames(ValueInfo value) {
    if (value.type() instanceof ValueType.TensorType type) {
      for (Dim dim : type.shape().orElse(List.of())) {
        if (dim instanceof Dim.Symbolic symbol) {
          own.add(symbol.name());
        }
      }
    }
  }

  private static String symbol(ValueInfo input, int axis, Dim dim) {
    if (dim instanceof Dim.Symbolic named) {
      return "'" + named.name();
    }
    return axis == 0 ? "batch" : input.name() + "/" + axis;
  }

  boolean isEmpty() {
    return symbols.isEmpty();
  }

  /** The type without symbols that the runtime made up. */
  ValueType.TensorType onlyOwnSymbols(ValueType.TensorType type) {
    return withDims(
        type,
        type.shape().orElse(List.of()).stream()
            .map(d -> d instanceof Dim.Symbolic s && !own.contains(s.name()) ? Dim.unknown() : d)
            .toList());
  }

  private static ValueType.TensorType withDims(ValueType.TensorType type, List<Dim> dims) {
    return new ValueType.TensorType(
        type.element(), type.shape().map(old -> dims), type.denotation(), type.extras());
  }

  /**
   * The inputs with sizes in the place of free dims.
   *
   * @param size of the first
   * @param step how much larger each further one is
   */
  Map<String, ValueType> bound(long size, long step) {
    Map<String, ValueType> types = new LinkedHashMap<>();
    for (ValueInfo input : inputs) {
      ValueType.TensorType type = (ValueType.TensorType) input.type();
      List<Dim> dims = new ArrayList<>(type.shape().orElseThrow());
      for (int axis = 0; axis < dims.size(); axis++) {
        if (dims.get(axis).sizeOrUnknown() < 0) {
          int order = symbols.getOrDefault(symbol(input, axis, dims.get(axis)), 0);
          dims.set(axis, Dim.of(size + step * order));
        }
      }
      types.put(input.name(), withDims(type, dims));
    }
    return types;
  }

  /** Shapes of all inputs of known rank, with sizes in the place of free dims. */
  Map<String, Shape> shapes(long batch, long other) {
    Map<String, Long> sizes = new LinkedHashMap<>();
    symbols.keySet().forEach(s -> sizes.put(s, isBatch(s) ? batch : other));
    return shapes(sizes);
  }

  /** Shapes of all inputs of known rank, with sizes in the place of free dims, by symbol. */
  Map<String, Shape> shapes(Map<String, Long> sizes) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    for (ValueInfo input : inputs) {
      List<Dim> dims = ((ValueType.TensorType) input.type()).shape().orElseThrow();
      long[] shape = new long[dims.size()];
      for (int axis = 0; axis < shape.length; axis++) {
        long size = dims.get(axis).sizeOrUnknown();
        shape[axis] =
            size >= 0 ? size : sizes.getOrDefault(symbol(input, axis, dims.get(axis)), 1L);
      }
      shapes.put(input.name(), Shape.of(shape));
    }
    return shapes;
  }

  /** What the free dims are called, in order of first use. */
  List<String> symbols() {
    return List.copyOf(symbols.keySet());
  }

  /** Whether a free dim is that of samples: the first of an input. */
  boolean isBatch(String symbol) {
    return batches.contains(symbol);
  }

  int largestRank() {
    return inputs.stream()
        .mapToInt(i -> ((ValueType.TensorType) i.type()).shape().orElseThrow().size())
        .max()
        .orElse(0);
  }

  /**
   * A type made more exact by what came out with two different sizes of the free dims.
   *
   * @param sizes the first size, the second, and the step
   */
  ValueType.TensorType refined(
      ValueType.TensorType type,
      ValueType.@Nullable TensorType first,
      ValueType.@Nullable TensorType second,
      long[] sizes) {
    if (first == null
        || second == null
        || first.shape().isEmpty()
        || second.shape().isEmpty()
        || first.shape().get().size() != second.shape().get().size()) {
      return type;
    }
    List<Dim> a = first.shape().get();
    List<Dim> b = second.shape().get();
    if (type.shape().isPresent() && type.shape().get().size() != a.size()) {
      return type;
    }
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < a.size(); i++) {
      Dim old = type.shape().isPresent() ? type.shape().get().get(i) : Dim.unknown();
      dims.add(old instanceof Dim.Unknown ? refined(a.get(i), b.get(i), sizes) : old);
    }
    return new ValueType.TensorType(
        type.element(), java.util.Optional.of(dims), type.denotation(), type.extras());
  }

  private Dim refined(Dim a, Dim b, long[] sizes) {
    long first = a.sizeOrUnknown();
    if (first < 0 || b.sizeOrUnknown() < 0) {
      return Dim.unknown();
    }
    if (first == b.sizeOrUnknown()) {
      return Dim.of(first);
    }
    boolean distinct = sizes[2] > 0 || symbols.size() == 1;
    for (Map.Entry<String, Integer> symbol : symbols.entrySet()) {
      long offset = sizes[2] * symbol.getValue();
      if (distinct
          && symbol.getKey().startsWith("'")
          && first == sizes[0] + offset
          && b.sizeOrUnknown() == sizes[1] + offset) {
        return Dim.of(symbol.getKey().substring(1));
      }
    }
    return Dim.unknown();
  }
}
