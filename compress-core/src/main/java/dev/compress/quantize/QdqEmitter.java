package dev.compress.quantize;

import dev.compress.graph.Attribute;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.GraphIndex.Use;
import dev.compress.graph.Node;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Writes a {@link StaticPlan} into a graph as QuantizeLinear/DequantizeLinear pairs.
 *
 * <p>A quantized value {@code t} becomes {@code t -> Q -> DQ -> readers}. Where an integer node
 * makes {@code t}, every reader takes the dequantized form, so that the runtime can fuse; where a
 * float node makes it, only the integer readers do.
 */
final class QdqEmitter {
  private static final int LONGEST_NAME = 40;

  private final StaticPlan plan;
  private final Map<String, AffineParameters> parameters;
  private final GraphIndex index;
  private final GraphEditor editor;
  private final Map<String, String> dequantized = new HashMap<>();
  private final Map<WeightCodes, Constants> weights = new IdentityHashMap<>();
  private final Map<String, String[]> parameterNames = new HashMap<>();
  private final Function<String, String[]> parameterSource;

  QdqEmitter(
      Graph graph,
      GraphEditor editor,
      StaticPlan plan,
      Map<String, AffineParameters> parametersByRoot) {
    this(graph, editor, plan, parametersByRoot, null);
  }

  /**
   * An emitter whose scales and zero points come from elsewhere.
   *
   * @param names the values of scale and zero point by root, or null to add constants
   */
  QdqEmitter(
      Graph graph,
      GraphEditor editor,
      StaticPlan plan,
      Map<String, AffineParameters> parametersByRoot,
      @Nullable Function<String, String[]> names) {
    this.parameterSource = names == null ? this::addConstants : names;
    this.index = new GraphIndex(graph);
    this.editor = editor;
    this.plan = plan;
    this.parameters = parametersByRoot;
  }

  /**
   * Wraps the activations.
   *
   * @param replaced receives, for each node of the graph that is replaced, its new instance
   */
  void emitActivations(Map<Node, Node> replaced) {
    emitActivations(replaced, root -> true);
  }

  /**
   * Wraps some of the activations.
   *
   * @param replaced receives, for each node of the graph that is replaced, its new instance
   * @param wanted the roots whose values are wrapped
   */
  void emitActivations(Map<Node, Node> replaced, Predicate<String> wanted) {
    for (String value : plan.quantized.keySet()) {
      if (wanted.test(plan.root(value))) {
        emitPair(value, replaced);
      }
    }
  }

  private void emitPair(String value, Map<Node, Node> replaced) {
    Optional<Node> producer = index.producer(value);
    boolean integerMade = producer.filter(plan::isMadeInInteger).isPresent();
    String source = value;
    String base = shortened(value);
    String target = editor.freshName(base + "_dq");
    if (integerMade && index.isOutput(value)) {
      // The graph's output keeps its name: it becomes the dequantized form.
      source = editor.freshName(base + "_raw");
      target = value;
      Node made = current(producer.orElseThrow(), replaced);
      replaced.put(producer.orElseThrow(), editor.renameOutputOf(made, value, source));
    }
    String[] names = parametersOf(plan.root(value));
    String codes = editor.freshName(base + "_q");
    editor.add(
        Node.of("QuantizeLinear", codes, List.of(source, names[0], names[1]), List.of(codes)));
    editor.add(
        Node.of(
            "DequantizeLinear",
            target.equals(value) ? editor.freshName(base + "_dq") : target,
            List.of(codes, names[0], names[1]),
            List.of(target)));
    dequantized.put(value, target);
    if (target.equals(value)) {
      return;
    }
    for (Use use : index.uses(value)) {
      if (use.inputIndex() >= 0 && (integerMade || readsQuantized(use.node()))) {
        Node reader = current(use.node(), replaced);
        replaced.put(
            use.node(), editor.replace(reader, reader.withInput(use.inputIndex(), target)));
      }
    }
  }

  /** Absorbed activations read their integer node's raw output and are no readers of pairs. */
  private boolean readsQuantized(Node node) {
    return plan.isInteger(node);
  }

  private static Node current(Node node, Map<Node, Node> replaced) {
    return replaced.getOrDefault(node, node);
  }

  private String[] parametersOf(String root) {
    return parameterNames.computeIfAbsent(root, parameterSource);
  }

  /** Some exporters join the names of all nodes that they fused: kilobytes in all. */
  private static String shortened(String name) {
    return name.length() <= LONGEST_NAME ? name : name.substring(name.length() - LONGEST_NAME);
  }

  private String[] addConstants(String root) {
    String base = shortened(root);
    AffineParameters p = parameters.get(root);
    if (p == null) {
      throw new IllegalStateException("No range for " + root);
    }
    return new String[] {
      editor.addInitializer(base + "_scale", Tensor.ofFloats(Shape.scalar(), p.scale())),
      editor.addInitializer(
          base + "_zp",
          Tensor.ofBytes(p.type().elementType(), Shape.scalar(), new byte[] {(byte) p.zeroPoint()}))
    };
  }

  /**
   * Puts a quantized weight before a node. The file holds the same instance of codes once, however
   * many nodes they are put before.
   *
   * @param name what the new values' names begin with
   * @param codes in the weight's shape
   * @param axis the channels' axis
   * @return the dequantized value
   */
  String emitWeight(String name, WeightCodes codes, int axis) {
    return emit(
        weights.computeIfAbsent(
            codes, c -> addConstants(name, codes.codes(), codes.scales(), axis)));
  }

  /** Puts an int32 bias before a node; returns the dequantized value. */
  String emitBias(String name, int[] codes, float[] scales) {
    return emit(addConstants(name, Tensor.ofInts(Shape.of(codes.length), codes), scales, 0));
  }

  /** Initializers of a quantized constant. */
  private record Constants(String name, List<String> inputs, List<Attribute> attributes) {}

  private Constants addConstants(String longName, Tensor codes, float[] allScales, int axis) {
    float[] scales = WeightScales.withoutRepetition(allScales);
    String name = shortened(longName);
    String q = editor.addInitializer(name + "_q", codes);
    Shape perChannel = scales.length == 1 ? Shape.scalar() : Shape.of(scales.length);
    String scale = editor.addInitializer(name + "_scale", Tensor.ofFloats(perChannel, scales));
    ElementType type = codes.type();
    String zeroPoint =
        editor.addInitializer(
            name + "_zp",
            Tensor.ofBytes(type, perChannel, new byte[scales.length * type.bits() / 8]));
    return new Constants(
        name,
        List.of(q, scale, zeroPoint),
        scales.length > 1 ? List.of(Attribute.of("axis", axis)) : List.of());
  }

  private String emit(Constants constants) {
    String target = editor.freshName(constants.name() + "_dq");
    editor.add(
        Node.of("DequantizeLinear", target, constants.inputs(), List.of(target))
            .withAttributes(constants.attributes()));
    return target;
  }

  /** The dequantized form of a value, or the value itself where it is not quantized. */
  String dequantized(String value) {
    return dequantized.getOrDefault(value, value);
  }
}
