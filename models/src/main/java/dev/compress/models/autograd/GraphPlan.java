package dev.compress.models.autograd;

import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.SparseInitializer;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.models.autograd.op.NodeReader;
import dev.compress.models.autograd.op.Operator;
import dev.compress.models.autograd.op.OperatorFactory;
import dev.compress.models.autograd.op.OperatorRegistry;
import dev.compress.models.autograd.op.UnsupportedOperatorException;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * How a graph is executed: its values numbered, its nodes' attributes read, and what cannot be
 * trained named. Made without the native engine.
 */
final class GraphPlan {
  /** Stands for an input or output that is left out. */
  static final int NONE = -1;

  private static final String WIDEN =
      "; convert the model to float32 first (the preparation of --quantize does)";

  /** A node made ready: what it reads and makes as numbers of values. */
  static final class Step {
    private final Node node;
    private final Operator operator;
    private final int[] inputs;
    private final int[] outputs;

    Step(Node node, Operator operator, int[] inputs, int[] outputs) {
      this.node = node;
      this.operator = operator;
      this.inputs = inputs;
      this.outputs = outputs;
    }

    Node node() {
      return node;
    }

    Operator operator() {
      return operator;
    }

    /** Not copied: read in every run. */
    int[] inputs() {
      return inputs;
    }

    int[] outputs() {
      return outputs;
    }
  }

  private final OnnxModel model;
  private final Map<String, Integer> numbers = new HashMap<>();
  private final Map<String, Tensor> stored;
  private final List<Step> steps = new ArrayList<>();
  private final List<String> inputs = new ArrayList<>();
  private final List<UnsupportedNode> unsupported = new ArrayList<>();

  GraphPlan(OnnxModel model) {
    this.model = model;
    Graph graph = model.graph();
    this.stored = StoredTensors.of(graph);
    Map<String, String> unusable = unusableValues(graph);
    stored.keySet().forEach(this::number);
    for (ValueInfo input : graph.inputs()) {
      if (!stored.containsKey(input.name())) {
        inputs.add(input.name());
        number(input.name());
      }
    }
    OperatorRegistry registry = OperatorRegistry.standard();
    for (Node node : graph.nodes()) {
      if (node.is("Constant") && stored.containsKey(node.output(0))) {
        continue;
      }
      try {
        refuseInputs(node, unusable);
        Operator operator = operator(node, registry);
        steps.add(new Step(node, operator, numbers(node.inputs()), numbers(node.outputs())));
      } catch (UnsupportedOperatorException e) {
        unsupported.add(new UnsupportedNode(node.label(), node.opType(), e.reason()));
        numbers(node.outputs());
      }
    }
  }

  private Operator operator(Node node, OperatorRegistry registry) {
    if (!node.domain().isEmpty()) {
      throw new UnsupportedOperatorException(
          "operators of the domain " + node.domain() + " are not known here");
    }
    if (model.functions().stream()
        .anyMatch(f -> f.name().equals(node.opType()) && f.domain().isEmpty())) {
      throw new UnsupportedOperatorException("it is a function of the model");
    }
    Optional<OperatorFactory> factory = registry.find(node.opType());
    if (factory.isEmpty()) {
      throw new UnsupportedOperatorException("this operator has no gradient here");
    }
    return factory
        .get()
        .create(new NodeReader(node, model.opset(), name -> Optional.ofNullable(stored.get(name))));
  }

  private static void refuseInputs(Node node, Map<String, String> unusable) {
    for (String input : node.inputs()) {
      String reason = unusable.get(input);
      if (reason != null) {
        throw new UnsupportedOperatorException("its input " + input + " " + reason);
      }
    }
  }

  private static Map<String, String> unusableValues(Graph graph) {
    Map<String, String> unusable = new HashMap<>();
    for (ValueInfo input : graph.inputs()) {
      if (input.type() instanceof ValueType.TensorType tensor) {
        refuse(unusable, input.name(), tensor.element());
      } else if (input.type() instanceof ValueType.Other other) {
        unusable.put(input.name(), "is a " + other.kind());
      }
    }
    for (Initializer one : graph.initializers()) {
      refuse(unusable, one.name(), one.tensor().type());
    }
    for (SparseInitializer one : graph.sparseInitializers()) {
      unusable.put(one.name(), "is sparse");
    }
    for (Node node : graph.nodes()) {
      if (node.is("Constant")) {
        Optional<Tensor> tensor = StoredTensors.constant(node);
        if (tensor.isPresent()) {
          refuse(unusable, node.output(0), tensor.get().type());
        } else {
          unusable.put(node.output(0), "is a constant of text or a sparse one");
        }
      }
    }
    return unusable;
  }

  private static void refuse(Map<String, String> unusable, String name, ElementType type) {
    if (!ArrayCodec.handles(type) && !type.equals(ElementType.UNDEFINED)) {
      unusable.put(name, "is " + type + (type.isFloatingPoint() ? WIDEN : ""));
    }
  }

  private int number(String name) {
    return numbers.computeIfAbsent(name, unknown -> numbers.size());
  }

  private int[] numbers(List<String> names) {
    return names.stream().mapToInt(name -> name.isEmpty() ? NONE : number(name)).toArray();
  }

  OnnxModel model() {
    return model;
  }

  List<UnsupportedNode> unsupported() {
    return List.copyOf(unsupported);
  }

  /** Tensors in the model by the name of their value. */
  Map<String, Tensor> stored() {
    return new LinkedHashMap<>(stored);
  }

  List<Step> steps() {
    return List.copyOf(steps);
  }

  List<String> inputs() {
    return List.copyOf(inputs);
  }

  List<String> outputs() {
    return model.graph().outputs().stream().map(ValueInfo::name).collect(Collectors.toList());
  }

  /** The number of a value; empty if there is no such value. */
  Optional<Integer> find(String name) {
    return Optional.ofNullable(numbers.get(name));
  }

  int values() {
    return numbers.size();
  }

  /**
   * For each step the values that nothing reads after it.
   *
   * @param order the steps that are executed
   */
  static int[][] lastReads(List<Step> order, int values) {
    int[] last = new int[values];
    Arrays.fill(last, NONE);
    for (int i = 0; i < order.size(); i++) {
      for (int value : order.get(i).outputs()) {
        if (value != NONE) {
          last[value] = i;
        }
      }
      for (int value : order.get(i).inputs()) {
        if (value != NONE) {
          last[value] = i;
        }
      }
    }
    List<List<Integer>> dead = new ArrayList<>();
    order.forEach(step -> dead.add(new ArrayList<>()));
    for (int value = 0; value < values; value++) {
      if (last[value] != NONE) {
        dead.get(last[value]).add(value);
      }
    }
    return dead.stream()
        .map(list -> list.stream().mapToInt(Integer::intValue).toArray())
        .toArray(int[][]::new);
  }
}
