package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/** All operators that gradients can flow through, or that need none, by their ONNX names. */
public final class OperatorRegistry {
  private final Map<String, OperatorFactory> factories = new TreeMap<>();

  private OperatorRegistry() {}

  /** All that there are. */
  public static OperatorRegistry standard() {
    OperatorRegistry registry = new OperatorRegistry();
    ArithmeticOperators.register(registry);
    ActivationOperators.register(registry);
    ConvolutionOperators.register(registry);
    PoolingOperators.register(registry);
    MatrixOperators.register(registry);
    EinsumOperator.register(registry);
    NormalizationOperators.register(registry);
    ShapeOperators.register(registry);
    ConstantOperators.register(registry);
    ComparisonOperators.register(registry);
    SliceOperators.register(registry);
    GatherOperators.register(registry);
    PadOperators.register(registry);
    ReductionOperators.register(registry);
    ResizeOperators.register(registry);
    RecurrentOperators.register(registry);
    QuantizationOperators.register(registry);
    LegacyOperators.register(registry);
    return registry;
  }

  /** The factory of an operator of the ONNX set; empty if it is unknown here. */
  public Optional<OperatorFactory> find(String opType) {
    return Optional.ofNullable(factories.get(opType));
  }

  /** The names of all of them, in order. */
  public List<String> opTypes() {
    return List.copyOf(factories.keySet());
  }

  void add(String opType, OperatorFactory factory) {
    if (factories.put(opType, factory) != null) {
      throw new IllegalStateException("Two operators are called " + opType);
    }
  }

  /** Adds an operator of one output. */
  void single(String opType, Function<NodeReader, Operator.Single> factory) {
    add(
        opType,
        node -> {
          node.onlyOutputs(1);
          Operator.Single operator = factory.apply(node);
          return in -> new NDList(operator.apply(in));
        });
  }

  /** Adds an operator of one input and no attributes. */
  void unary(String opType, Operator.Unary operator) {
    single(opType, node -> in -> operator.apply(in.get(0)));
  }

  /** Adds an operator of two inputs and no attributes. */
  void binary(String opType, Operator.Binary operator) {
    single(opType, node -> in -> operator.apply(in.get(0), in.get(1)));
  }
}
