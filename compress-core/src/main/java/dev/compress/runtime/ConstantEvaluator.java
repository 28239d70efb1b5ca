package dev.compress.runtime;

import dev.compress.error.CompressionException;
import dev.compress.error.InvalidModelException;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Computes constant parts of a graph in ONNX Runtime, so that what is folded is what the runtime
 * itself would have computed, to the bit.
 *
 * <p>Left alone are: random operators, those with subgraphs, local functions, operators outside the
 * ONNX set, and values over a size limit, which are not even computed where their shape is known
 * beforehand.
 */
public final class ConstantEvaluator {
  private static final Set<String> RANDOM =
      Set.of(
          "RandomNormal",
          "RandomNormalLike",
          "RandomUniform",
          "RandomUniformLike",
          "Multinomial",
          "Bernoulli");

  private final OnnxModel model;
  private final Scratch scratch;
  private final long limitBytes;
  private final Map<String, Tensor> values = new LinkedHashMap<>();
  private final Map<String, String> leftOut = new LinkedHashMap<>();

  private ConstantEvaluator(OnnxModel model, Scratch scratch, long limitBytes) {
    this.model = model;
    this.scratch = scratch;
    this.limitBytes = limitBytes;
  }

  /**
   * What came out.
   *
   * @param values computed values by name
   * @param leftOut the values that were asked for and not computed, each with the reason
   */
  public record Evaluation(Map<String, Tensor> values, Map<String, String> leftOut) {
    public Evaluation {
      values = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(values));
      leftOut = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(leftOut));
    }
  }

  /**
   * Why a node is never evaluated, or "" if it may be: for a pass that collects constant nodes.
   *
   * @param node any node
   */
  public static String whyNot(Node node) {
    if (!node.domain().isEmpty()) {
      return "it is no operator of the ONNX set";
    }
    if (!node.subgraphs().isEmpty()) {
      return "it has a subgraph";
    }
    if (RANDOM.contains(node.opType())) {
      return "it is random";
    }
    boolean training =
        node.intAttribute("training_mode", 0) != 0
            || (node.is("Dropout") && node.hasInput(2)); // may say that this is training
    return training ? "it may be in training mode" : "";
  }

  /**
   * Computes values.
   *
   * @param model the model that the nodes are of
   * @param nodes in topological order; what they read is in {@code constants} or made by one before
   * @param constants values by name
   * @param wanted outputs of the nodes
   * @param scratch where large results go
   * @param limitBytes the largest result
   * @throws IllegalArgumentException if a node reads what is not there
   */
  public static Evaluation evaluate(
      OnnxModel model,
      List<Node> nodes,
      Map<String, Tensor> constants,
      Collection<String> wanted,
      Scratch scratch,
      long limitBytes) {
    ConstantEvaluator evaluator = new ConstantEvaluator(model, scratch, limitBytes);
    evaluator.evaluate(nodes, constants, new LinkedHashSet<>(wanted));
    return new Evaluation(evaluator.values, evaluator.leftOut);
  }

  /**
   * Types and shapes of what nodes would compute, of which nothing is computed.
   *
   * @param model the model that the nodes are of
   * @param nodes in topological order; what they read is in {@code constants} or made by one before
   * @param constants values by name
   * @param wanted outputs of the nodes
   * @throws InvalidModelException if they contradict each other
   */
  public static Shapes shapes(
      OnnxModel model, List<Node> nodes, Map<String, Tensor> constants, Collection<String> wanted) {
    return ShapeInference.infer(part(model, nodes, constants, wanted), Map.of());
  }

  private void evaluate(List<Node> nodes, Map<String, Tensor> constants, Set<String> wanted) {
    List<Node> usable = usable(nodes, constants, wanted);
    List<Node> small = withoutLarge(needed(usable, wanted), constants, wanted);
    Set<String> possible = new LinkedHashSet<>();
    for (Node node : small) {
      node.outputs().stream().filter(wanted::contains).forEach(possible::add);
    }
    if (possible.isEmpty()) {
      return;
    }
    try {
      compute(small, constants, possible);
    } catch (CompressionException e) {
      if (possible.size() == 1) {
        leftOut.put(possible.iterator().next(), reason(e));
        return;
      }
      for (String value : possible) { // find out which one it is
        try {
          compute(needed(small, Set.of(value)), constants, Set.of(value));
        } catch (CompressionException one) {
          leftOut.put(value, reason(one));
        }
      }
    }
  }

  private static String reason(CompressionException e) {
    return "it cannot be computed: " + e.getMessage();
  }

  /** The nodes that may be evaluated and do not hang on one that may not. */
  private List<Node> usable(List<Node> nodes, Map<String, Tensor> constants, Set<String> wanted) {
    Map<String, String> refused = new HashMap<>();
    Set<String> made = new HashSet<>(constants.keySet());
    List<Node> usable = new ArrayList<>();
    for (Node node : nodes) {
      String why = whyNot(node);
      for (String input : node.inputs()) {
        if (refused.containsKey(input)) {
          why = refused.getOrDefault(input, "");
        } else if (!input.isEmpty() && !made.contains(input)) {
          throw new IllegalArgumentException(
              "Node " + node.label() + " reads " + input + ", which is no constant");
        }
      }
      if (why.isEmpty()) {
        usable.add(node);
        made.addAll(node.outputs());
      } else {
        String reason = node.label() + ": " + why;
        node.outputs().forEach(o -> refused.put(o, reason));
      }
    }
    wanted.stream()
        .filter(refused::containsKey)
        .forEach(w -> leftOut.put(w, refused.getOrDefault(w, "")));
    return usable;
  }

  private static List<Node> needed(List<Node> nodes, Set<String> wanted) {
    Set<String> read = new HashSet<>(wanted);
    List<Node> needed = new ArrayList<>();
    for (int i = nodes.size() - 1; i >= 0; i--) {
      if (nodes.get(i).outputs().stream().anyMatch(o -> !o.isEmpty() && read.contains(o))) {
        needed.add(0, nodes.get(i));
        read.addAll(nodes.get(i).inputs());
      }
    }
    return needed;
  }

  private List<Node> withoutLarge(
      List<Node> nodes, Map<String, Tensor> constants, Set<String> wanted) {
    if (nodes.isEmpty()) {
      return nodes;
    }
    Shapes shapes;
    try {
      shapes = shapes(model, nodes, constants, wanted);
    } catch (InvalidModelException e) {
      nodes.forEach(n -> n.outputs().forEach(o -> leave(o, wanted, reason(e))));
      return List.of();
    }
    Set<String> tooLarge = new HashSet<>();
    List<Node> small = new ArrayList<>();
    for (Node node : nodes) {
      boolean leave =
          node.inputs().stream().anyMatch(tooLarge::contains)
              || node.outputs().stream().anyMatch(o -> isLarge(o, shapes));
      if (leave) {
        tooLarge.addAll(node.outputs());
        node.outputs()
            .forEach(o -> leave(o, wanted, node.label() + " makes over " + limitBytes + " bytes"));
      } else {
        small.add(node);
      }
    }
    return small;
  }

  private void leave(String value, Set<String> wanted, String why) {
    if (wanted.contains(value)) {
      leftOut.put(value, why);
    }
  }

  private boolean isLarge(String value, Shapes shapes) {
    Shape shape = shapes.fixedShape(value).orElse(Shape.scalar());
    int bits = shapes.element(value).map(e -> Math.max(8, e.bits())).orElse(8);
    return shape.elementCount() > limitBytes / (bits / 8);
  }

  private static OnnxModel part(
      OnnxModel model,
      List<Node> nodes,
      Map<String, Tensor> constants,
      Collection<String> outputs) {
    Set<String> read = new HashSet<>();
    Set<String> made = new HashSet<>();
    for (Node node : nodes) {
      read.addAll(node.inputs());
      made.addAll(node.outputs());
    }
    List<Initializer> initializers = new ArrayList<>();
    constants.forEach(
        (name, tensor) -> {
          if (read.contains(name)) {
            initializers.add(Initializer.of(name, tensor));
          }
        });
    List<ValueInfo> declared =
        outputs.stream()
            .filter(made::contains)
            .map(o -> ValueInfo.of(o, new ValueType.Undeclared()))
            .toList();
    Graph graph = Graph.of("constants", nodes, initializers, List.of(), declared);
    return model
        .withGraph(graph)
        .withIrVersion(Math.max(model.irVersion(), Skeleton.FIRST_IR_WITH_FREE_INITIALIZERS));
  }

  private void compute(List<Node> nodes, Map<String, Tensor> constants, Set<String> wanted) {
    SessionOptions options =
        SessionOptions.of(1).withOptimization(OptimizationLevel.NONE).withMemoryArena(false);
    try (InferenceSession session =
        InferenceSession.open(part(model, nodes, constants, wanted), options)) {
      Map<String, TensorBuffer> results = session.run(Map.of());
      for (String value : wanted) {
        TensorBuffer result = results.get(value);
        if (result == null) {
          leftOut.put(value, "it is no numeric tensor");
        } else if (result.bytes().limit() > limitBytes) {
          leftOut.put(value, "it has over " + limitBytes + " bytes");
        } else {
          byte[] bytes = new byte[result.bytes().limit()];
          result.bytes().get(bytes);
          values.put(value, scratch.store(result.type(), result.shape(), bytes));
        }
      }
    }
  }
}
