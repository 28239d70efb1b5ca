package dev.compress.prepare;

import dev.compress.graph.Attribute;
import dev.compress.graph.Captures;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.ValueInfo;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One walk over a graph that puts every Transpose off until a node needs it; see {@link
 * CancelTransposes}.
 */
final class TransposeSinking {
  static final Set<String> ELEMENTWISE =
      Set.of(
          "Abs",
          "Add",
          "Cast",
          "Ceil",
          "Celu",
          "Clip",
          "Div",
          "Elu",
          "Erf",
          "Exp",
          "Floor",
          "Gelu",
          "HardSigmoid",
          "HardSwish",
          "Identity",
          "LeakyRelu",
          "Log",
          "Max",
          "Mean",
          "Min",
          "Mish",
          "Mul",
          "Neg",
          "Reciprocal",
          "Relu",
          "Round",
          "Selu",
          "Sigmoid",
          "Sign",
          "Softplus",
          "Softsign",
          "Sqrt",
          "Sub",
          "Sum",
          "Tanh",
          "ThresholdedRelu");

  /** Operators whose second and later inputs are settings, not operands. */
  private static final Set<String> ONE_OPERAND = Set.of("Clip");

  private static final int LARGEST_CONSTANT_BYTES = 1 << 20;

  /**
   * A value that is known to be another one transposed.
   *
   * @param base the other one
   * @param order how
   */
  private record Delayed(String base, Permutation order) {}

  private final Graph graph;
  private final GraphIndex index;
  private final ValueTypes types;
  private final GraphEditor names;
  private final Map<String, Delayed> delayed = new HashMap<>();
  private final Set<String> made = new HashSet<>();
  private final List<Node> nodes = new ArrayList<>();
  private final List<Initializer> constants = new ArrayList<>();
  private final Map<Delayed, String> transposedConstants = new HashMap<>();

  TransposeSinking(Graph graph, ValueTypes types) {
    this.graph = graph;
    this.index = new GraphIndex(graph);
    this.types = types;
    this.names = new GraphEditor(graph);
  }

  Graph run() {
    for (Node node : graph.nodes()) {
      if (!delay(node) && !sink(node)) {
        keep(node);
      }
    }
    for (ValueInfo output : graph.outputs()) {
      materialize(output.name());
    }
    List<Initializer> initializers = new ArrayList<>(graph.initializers());
    initializers.addAll(constants);
    GraphEditor editor = new GraphEditor(graph.withNodes(nodes).withInitializers(initializers));
    editor.removeDead();
    return editor.build();
  }

  /** A Transpose is not put out, but remembered. */
  private boolean delay(Node node) {
    if (!node.is("Transpose")) {
      return false;
    }
    Optional<Permutation> order = Permutation.of(node);
    if (order.isEmpty()) {
      return false;
    }
    Delayed before = delayed.get(node.input(0));
    if (before != null && before.order().rank() != order.get().rank()) {
      return false; // an order that does not fit: the runtime will say so
    }
    Delayed now =
        before == null
            ? new Delayed(node.input(0), order.get())
            : new Delayed(before.base(), before.order().then(order.get()));
    delayed.put(node.output(0), now);
    return true;
  }

  private boolean sink(Node node) {
    if (CancelTransposes.isElementwise(node)) {
      return sinkElementwise(node);
    }
    if (node.is("Concat")) {
      return sinkConcat(node);
    }
    return node.is("Reshape") && sinkReshape(node);
  }

  /** The one order in which all non-constant operands are transposed, if there is one. */
  private Optional<Permutation> commonOrder(List<String> operands) {
    Permutation order = null;
    for (String operand : operands) {
      if (index.constant(operand).isPresent()) {
        continue;
      }
      Delayed value = delayed.get(operand);
      if (value == null || (order != null && !order.equals(value.order()))) {
        return Optional.empty();
      }
      order = value.order();
    }
    return Optional.ofNullable(order).filter(o -> !o.isIdentity());
  }

  private boolean sinkElementwise(Node node) {
    int operands =
        ONE_OPERAND.contains(node.opType())
            ? Math.min(1, node.inputs().size())
            : node.inputs().size();
    List<String> operandNames = node.inputs().subList(0, operands);
    Optional<Permutation> order = commonOrder(operandNames);
    if (order.isEmpty()) {
      return false;
    }
    List<String> inputs = new ArrayList<>();
    for (String operand : operandNames) {
      Optional<Tensor> constant = index.constant(operand);
      if (constant.isPresent() && !canTranspose(constant.get(), order.get())) {
        return false;
      }
    }
    for (String operand : operandNames) {
      Delayed value = delayed.get(operand);
      inputs.add(value != null ? value.base() : transposedConstant(operand, order.get().inverse()));
    }
    inputs.addAll(node.inputs().subList(operands, node.inputs().size()));
    putOut(node.withInputs(inputs), order.get());
    return true;
  }

  private static boolean canTranspose(Tensor constant, Permutation order) {
    return constant.shape().rank() <= order.rank()
        && constant.type().bits() >= 8
        && constant.byteSize() <= LARGEST_CONSTANT_BYTES;
  }

  private String transposedConstant(String name, Permutation order) {
    Tensor constant = index.constant(name).orElseThrow();
    if (constant.elementCount() == 1) {
      return constant.shape().rank() == 0
          ? name
          : added(name, order, constant.reshaped(order.apply(constant).shape()));
    }
    return added(name, order, order.apply(constant));
  }

  private String added(String name, Permutation order, Tensor value) {
    return transposedConstants.computeIfAbsent(
        new Delayed(name, order),
        key -> {
          String fresh = names.freshName(name + "_transposed");
          constants.add(Initializer.of(fresh, withoutLeadingOnes(value)));
          return fresh;
        });
  }

  /** Broadcasting does not need them, and a vector is easier to recognise. */
  private static Tensor withoutLeadingOnes(Tensor value) {
    long[] dims = value.shape().toArray();
    int first = 0;
    while (first < dims.length - 1 && dims[first] == 1) {
      first++;
    }
    return value.reshaped(Shape.of(Arrays.copyOfRange(dims, first, dims.length)));
  }

  private boolean sinkConcat(Node node) {
    Optional<Permutation> order = commonOrder(node.inputs());
    if (order.isEmpty() || node.inputs().stream().anyMatch(i -> !delayed.containsKey(i))) {
      return false;
    }
    long given = node.intAttribute("axis", 0);
    if (given < -order.get().rank() || given >= order.get().rank()) {
      return false; // invalid, and not for this pass to say
    }
    List<String> inputs = new ArrayList<>();
    for (String input : node.inputs()) {
      inputs.add(base(input));
    }
    long axis = order.get().inputAxis(given);
    putOut(node.withInputs(inputs).withAttribute(Attribute.of("axis", axis)), order.get());
    return true;
  }

  private boolean sinkReshape(Node node) {
    Delayed value = delayed.get(node.input(0));
    Optional<long[]> target =
        index
            .constant(node.input(1))
            .filter(t -> t.type().equals(ElementType.INT64))
            .map(Tensor::toLongs);
    if (value == null || target.isEmpty()) {
      return false;
    }
    for (long size : target.get()) {
      if (size == 0) {
        return false; // it would copy a dim of the transposed value
      }
    }
    // Types are those of the original graph; a base that was made here has its own name.
    Optional<List<Dim>> result = types.dims(node.input(0));
    if (result.isEmpty() || result.get().size() != value.order().rank()) {
      return false;
    }
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < value.order().rank(); i++) {
      dims.add(result.get().get(value.order().inverse().order().get(i)));
    }
    if (!value.order().keepsElementOrder(dims)) {
      return false;
    }
    nodes.add(node.withInput(0, value.base()));
    made.addAll(node.outputs());
    return true;
  }

  private String base(String value) {
    Delayed d = delayed.get(value);
    return d == null ? value : d.base();
  }

  /** Puts a node out under a new name; its old output is that, transposed. */
  private void putOut(Node node, Permutation order) {
    String output = node.output(0);
    String fresh = names.freshName(output + "_untransposed");
    nodes.add(node.withOutputs(List.of(fresh)));
    delayed.put(output, new Delayed(fresh, order));
  }

  /** A node that reads its inputs as they are. */
  private void keep(Node node) {
    List<String> inputs = new ArrayList<>();
    for (String input : node.inputs()) {
      inputs.add(read(input));
    }
    Captures.of(node).forEach(this::materialize);
    nodes.add(inputs.equals(node.inputs()) ? node : node.withInputs(inputs));
  }

  /** What to read for a value: its base, if nothing is moved after all. */
  private String read(String value) {
    Delayed d = delayed.get(value);
    if (d == null) {
      return value;
    }
    if (d.order().isIdentity()) {
      return d.base();
    }
    materialize(value);
    return value;
  }

  /** Makes a value that was put off, under its own name, once. */
  private void materialize(String value) {
    Delayed d = delayed.get(value);
    if (d == null || !made.add(value)) {
      return;
    }
    nodes.add(
        d.order().isIdentity()
            ? Node.of("Identity", "", List.of(d.base()), List.of(value))
            : Node.of(
                "Transpose",
                names.freshName(value + "_transpose"),
                List.of(d.base()),
                List.of(value),
                Attribute.of(
                    "perm", d.order().asLongs().stream().mapToLong(Long::longValue).toArray())));
  }
}
