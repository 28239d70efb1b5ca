package dev.compress.prepare;

import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueType;
import dev.compress.pass.PassContext;
import dev.compress.runtime.ShapeInference;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the types of a model's values: initializers exactly, the rest as the runtime
 * infers them. Inferred at the first question, because most models never need it.
 */
final class ValueTypes {
  private final Supplier<Map<String, ? extends ValueType>> source;
  private final @Nullable ValueTypes outer;
  private @Nullable Map<String, ? extends ValueType> types;

  /** The types of a model's main graph. */
  ValueTypes(OnnxModel model) {
    this.source = () -> ShapeInference.infer(model).types();
    this.outer = null;
  }

  /** The same, inferred once for the whole run. */
  ValueTypes(OnnxModel model, PassContext context) {
    this.source = () -> context.shapes(model).types();
    this.outer = null;
  }

  /** The declared types of a subgraph, and those of the graph around it. */
  ValueTypes(Graph subgraph, ValueTypes outer) {
    this.source = () -> declared(subgraph);
    this.outer = outer;
  }

  private Map<String, ? extends ValueType> types() {
    Map<String, ? extends ValueType> known = types;
    if (known == null) {
      known = source.get();
      types = known;
    }
    return known;
  }

  private static Map<String, ValueType> declared(Graph graph) {
    Map<String, ValueType> known = new HashMap<>();
    graph.valueInfos().forEach(v -> known.put(v.name(), v.type()));
    graph.outputs().forEach(v -> known.put(v.name(), v.type()));
    graph.inputs().forEach(v -> known.put(v.name(), v.type()));
    for (Initializer initializer : graph.initializers()) {
      List<Dim> dims = new ArrayList<>();
      for (long dim : initializer.tensor().shape().toArray()) {
        dims.add(Dim.of(dim));
      }
      known.put(initializer.name(), ValueType.tensor(initializer.tensor().type(), dims));
    }
    return known;
  }

  /** The type of a value that is a tensor. */
  Optional<ValueType.TensorType> tensor(String value) {
    ValueTypes around = outer;
    ValueType type = types().get(value);
    if (type == null && around != null) {
      return around.tensor(value);
    }
    return type instanceof ValueType.TensorType t ? Optional.of(t) : Optional.empty();
  }

  /** The element type of a value, if it is known. */
  Optional<ElementType> element(String value) {
    return tensor(value)
        .map(ValueType.TensorType::element)
        .filter(e -> !e.equals(ElementType.UNDEFINED));
  }

  /** The dims of a value, if its rank is known. */
  Optional<List<Dim>> dims(String value) {
    return tensor(value).flatMap(ValueType.TensorType::shape);
  }

  /** The rank of a value, or {@link ChannelAxis#RANK_UNKNOWN}. */
  int rank(String value) {
    return dims(value).map(List::size).orElse(ChannelAxis.RANK_UNKNOWN);
  }

  /** The shape of a value, if every dim is fixed. */
  Optional<Shape> shape(String value) {
    return dims(value)
        .filter(d -> d.stream().allMatch(dim -> dim.sizeOrUnknown() >= 0))
        .map(d -> Shape.of(d.stream().mapToLong(Dim::sizeOrUnknown).toArray()));
  }
}
