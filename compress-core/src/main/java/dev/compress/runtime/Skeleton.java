package dev.compress.runtime;

import dev.compress.graph.Captures;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.SparseInitializer;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A model without its weights, from which the runtime can still tell all types and shapes: each
 * large constant becomes an input of the same type and shape, small ones stay (they may be shapes,
 * axes, scales), and the outputs of all nodes become outputs.
 */
final class Skeleton {
  /** Shapes, axes, pads and scales are far smaller; weights that matter are larger. */
  private static final long KEPT_BYTES = 1024;

  /** The runtime writes the types it found only if it changed the graph: this is what it folds. */
  private static final String PROBE = "compress/probe";

  static final long FIRST_IR_WITH_FREE_INITIALIZERS = 4;

  private final OnnxModel model;
  private final Set<Node> removed =
      java.util.Collections.newSetFromMap(new java.util.IdentityHashMap<>());
  private final Map<String, ValueType> inputs = new LinkedHashMap<>();
  private final List<Initializer> kept = new ArrayList<>();

  Skeleton(OnnxModel model) {
    this.model = model;
    Graph graph = model.graph();
    Set<String> constants = new HashSet<>();
    for (Initializer initializer : graph.initializers()) {
      constants.add(initializer.name());
      if (initializer.tensor().byteSize() <= KEPT_BYTES) {
        kept.add(initializer);
      } else {
        inputs.put(initializer.name(), typeOf(initializer.tensor()));
      }
    }
    for (SparseInitializer sparse : graph.sparseInitializers()) {
      constants.add(sparse.name());
      // Kept, its shape would stay unknown: the runtime's inference looks at dense ones only.
      inputs.put(
          sparse.name(),
          ValueType.tensor(
              sparse.values().tensor().type(), sparse.dims().stream().map(Dim::of).toList()));
    }
    for (ValueInfo input : graph.inputs()) {
      if (!constants.contains(input.name())) {
        inputs.put(input.name(), input.type());
      }
    }
    replaceConstantNodes();
  }

  private void replaceConstantNodes() {
    GraphIndex index = new GraphIndex(model.graph());
    for (Node node : model.graph().nodes()) {
      Optional<ValueType> large =
          node.is("Constant")
              ? node.tensorAttribute("value")
                  .map(Initializer::tensor)
                  .filter(t -> t.byteSize() > KEPT_BYTES)
                  .map(Skeleton::typeOf)
              : largeConstantOfShape(node, index);
      if (large.isPresent() && !index.isOutput(node.output(0))) {
        cut(node, large.get());
      }
    }
  }

  /** Folded at load by the runtime, which would make the whole weight. */
  private static Optional<ValueType> largeConstantOfShape(Node node, GraphIndex index) {
    if (!node.is("ConstantOfShape")) {
      return Optional.empty();
    }
    ElementType element =
        node.tensorAttribute("value").map(v -> v.tensor().type()).orElse(ElementType.FLOAT);
    // An input that may override the shape is taken as never given.
    return index
        .initializer(node.input(0))
        .map(Initializer::tensor)
        .or(() -> index.constant(node.input(0)))
        .filter(dims -> dims.type().equals(ElementType.INT64))
        .map(Tensor::toLongs)
        .filter(Skeleton::isPossible)
        .map(Shape::of)
        .filter(shape -> shape.elementCount() > KEPT_BYTES / Float.BYTES)
        .map(shape -> tensorType(element, shape));
  }

  /** Whether dims are those of a tensor whose elements can be counted. */
  private static boolean isPossible(long[] dims) {
    double count = 1;
    for (long dim : dims) {
      count *= Math.max(1, dim);
    }
    return java.util.Arrays.stream(dims).allMatch(d -> d >= 0) && count < 0x1p62;
  }

  private static ValueType typeOf(Tensor tensor) {
    return tensorType(tensor.type(), tensor.shape());
  }

  static ValueType tensorType(ElementType element, Shape shape) {
    List<Dim> dims = new ArrayList<>();
    for (long size : shape.toArray()) {
      dims.add(Dim.of(size));
    }
    return ValueType.tensor(element, dims);
  }

  /** Takes a node of one output out; its value becomes an input. */
  private void cut(Node node, ValueType type) {
    removed.add(node);
    inputs.put(node.output(0), type);
  }

  /**
   * Takes nodes out that the runtime does not know. What they make becomes an input where its type
   * is declared; what hangs on the rest goes as well.
   */
  void cutOperator(String opType, Map<String, ValueType> declared) {
    Set<String> unknown = new HashSet<>();
    for (Node node : model.graph().nodes()) {
      boolean goes =
          node.opType().equals(opType)
              || node.inputs().stream().anyMatch(unknown::contains)
              || Captures.of(node).stream().anyMatch(unknown::contains);
      if (goes && removed.add(node)) {
        for (String output : node.outputs()) {
          ValueType type = declared.get(output);
          if (type instanceof ValueType.TensorType) {
            inputs.put(output, type);
          } else if (!output.isEmpty()) {
            unknown.add(output);
          }
        }
      }
    }
  }

  /** Whether an operator of that name is still there. */
  boolean hasOperator(String opType) {
    return model.graph().nodes().stream()
        .anyMatch(n -> !removed.contains(n) && n.opType().equals(opType));
  }

  /** The inputs that have taken the place of something else, or are the model's own. */
  Map<String, ValueType> inputs() {
    return inputs;
  }

  /**
   * The skeleton.
   *
   * @param inputTypes types of model inputs to take instead of the declared ones
   * @param declared types of values to start from
   */
  OnnxModel build(Map<String, ValueType> inputTypes, Map<String, ValueType> declared) {
    Graph graph = model.graph();
    List<Node> nodes = new ArrayList<>();
    Set<String> names = new HashSet<>();
    Set<String> outputs = new LinkedHashSet<>();
    for (Node node : graph.nodes()) {
      if (!removed.contains(node)) {
        nodes.add(named(node, names));
        node.outputs().stream().filter(o -> !o.isEmpty()).forEach(outputs::add);
      }
    }
    Set<String> read = new HashSet<>();
    for (Node node : nodes) {
      read.addAll(node.inputs());
      read.addAll(Captures.of(node));
    }
    List<Initializer> initializers = new ArrayList<>(kept);
    initializers.removeIf(i -> !read.contains(i.name()));
    initializers.add(Initializer.of(PROBE, Tensor.ofFloats(Shape.scalar(), 0f)));
    nodes.add(Node.of("Identity", PROBE, List.of(PROBE), List.of(PROBE + "/out")));
    List<ValueInfo> declaredInputs = new ArrayList<>();
    inputs.forEach(
        (name, type) ->
            declaredInputs.add(ValueInfo.of(name, inputTypes.getOrDefault(name, type))));
    List<ValueInfo> declaredOutputs = new ArrayList<>();
    for (String output : outputs) {
      declaredOutputs.add(
          ValueInfo.of(output, declared.getOrDefault(output, new ValueType.Undeclared())));
    }
    Graph skeleton =
        new Graph(
            graph.name(),
            nodes,
            initializers,
            List.of(),
            declaredInputs,
            declaredOutputs,
            List.of(),
            "",
            Map.of(),
            graph.extras());
    return model
        .withGraph(skeleton)
        .withIrVersion(Math.max(model.irVersion(), FIRST_IR_WITH_FREE_INITIALIZERS));
  }

  /** Under a name of its own: the runtime's messages say which node, and it wants them unique. */
  private static Node named(Node node, Set<String> names) {
    String name = node.label();
    for (int i = 2; !names.add(name); i++) {
      name = node.label() + "/" + i;
    }
    return name.equals(node.name())
        ? node
        : new Node(
            name,
            node.opType(),
            node.domain(),
            node.overload(),
            node.inputs(),
            node.outputs(),
            node.attributes(),
            node.docString(),
            node.extras());
  }
}
