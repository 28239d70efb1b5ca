package dev.compress.inspect;

import dev.compress.graph.AttributeValue;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.SparseInitializer;
import dev.compress.pack.DenseSizes;
import dev.compress.pack.DenseSizes.DenseSize;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** All constants of a model, wherever they are, and the nodes that read them. */
final class Constants {
  /** A constant, and the labels and operators of its readers. */
  static final class Constant {
    final String name;
    final Tensor tensor;
    final List<String> readers = new ArrayList<>();

    /** The operator that its elements are counted for; empty until it is read. */
    String op = "";

    /** Its elements if it is a weight, or those of the weights that are packed in it. */
    long parameters;

    Constant(String name, Tensor tensor) {
      this.name = name;
      this.tensor = tensor;
      this.parameters = isWeight() ? tensor.elementCount() : 0;
    }

    /** int64 are shapes and indices, texts no numbers. */
    boolean isWeight() {
      ElementType type = tensor.type();
      return type.isFixedSize()
          && !type.equals(ElementType.INT64)
          && !type.equals(ElementType.BOOL);
    }
  }

  private static final int MOST_STEPS = 4;

  private final List<Constant> all = new ArrayList<>();

  private Constants() {}

  static Constants of(OnnxModel model) {
    Constants constants = new Constants();
    constants.add(model.graph(), Map.of());
    constants.unpack(model);
    model.functions().forEach(f -> constants.addNodes(f.nodes(), new HashMap<>()));
    return constants;
  }

  /** What is packed counts as it is unpacked, for the operators that compute with it. */
  private void unpack(OnnxModel model) {
    List<DenseSize> packed = DenseSizes.of(model);
    if (packed.isEmpty()) {
      return;
    }
    Map<String, Constant> byName = new HashMap<>();
    all.forEach(c -> byName.putIfAbsent(c.name, c)); // those of subgraphs come later
    Map<String, Node> readers = readers(model.graph().nodes());
    Map<String, Integer> sharers = new HashMap<>();
    for (DenseSize one : packed) {
      for (String part : one.parts()) {
        sharers.merge(part, 1, Integer::sum);
        Objects.requireNonNull(byName.get(part)).parameters = 0;
      }
    }
    for (DenseSize one : packed) {
      Constant own = // tables may serve several
          one.parts().stream()
              .min(Comparator.comparingInt(part -> sharers.getOrDefault(part, 0)))
              .map(byName::get)
              .orElseThrow();
      own.parameters += one.elements();
      Node reader = readers.get(one.name());
      own.op = reader == null ? own.op : key(user(reader, readers));
    }
  }

  private static Map<String, Node> readers(List<Node> nodes) {
    Map<String, Node> readers = new HashMap<>();
    for (Node node : nodes) {
      node.inputs().forEach(input -> readers.putIfAbsent(input, node));
    }
    return readers;
  }

  List<Constant> all() {
    return all;
  }

  private void add(Graph graph, Map<String, Constant> outer) {
    Map<String, Constant> visible = new HashMap<>(outer);
    for (Initializer initializer : graph.initializers()) {
      visible.put(initializer.name(), add(initializer.name(), initializer.tensor()));
    }
    for (SparseInitializer sparse : graph.sparseInitializers()) {
      visible.put(sparse.name(), add(sparse.name(), sparse.values().tensor()));
    }
    addNodes(graph.nodes(), visible);
  }

  private void addNodes(List<Node> nodes, Map<String, Constant> visible) {
    for (Node node : nodes) {
      if (node.is("Constant")) {
        Constant constant = ofNode(node);
        if (constant != null) {
          visible.put(node.output(0), constant);
        }
      }
    }
    Map<String, Node> readers = readers(nodes);
    for (Node node : nodes) {
      for (String input : node.inputs()) {
        Constant constant = visible.get(input);
        if (constant != null) {
          Node user = input.equals(node.input(0)) ? user(node, readers) : node;
          constant.readers.add(user.label());
          constant.op = constant.op.isEmpty() ? key(user) : constant.op;
        }
      }
      node.subgraphs().forEach(g -> add(g, visible));
    }
  }

  /** Whoever computes with a constant: not the nodes that only bring it into another form. */
  private static Node user(Node reader, Map<String, Node> readers) {
    Node user = reader;
    for (int step = 0; step < MOST_STEPS && isForm(user); step++) {
      Node next = readers.get(user.output(0));
      if (next == null) {
        return user;
      }
      user = next;
    }
    return user;
  }

  private static boolean isForm(Node node) {
    return switch (node.opType()) {
      case "DequantizeLinear", "Cast", "Identity", "Transpose", "Reshape" -> true;
      default -> false;
    };
  }

  private @Nullable Constant ofNode(Node node) {
    AttributeValue value =
        node.attribute("value")
            .or(() -> node.attribute("sparse_value"))
            .map(a -> a.value())
            .orElse(null);
    if (value instanceof AttributeValue.TensorValue tensor) {
      return add(node.output(0), tensor.value().tensor());
    }
    if (value instanceof AttributeValue.SparseTensorValue sparse) {
      return add(node.output(0), sparse.value().values().tensor());
    }
    return null;
  }

  private Constant add(String name, Tensor tensor) {
    Constant constant = new Constant(name, tensor);
    all.add(constant);
    return constant;
  }

  /** An operator's name with its domain, unless that is ONNX' own. */
  static String key(Node node) {
    return node.domain().isEmpty() ? node.opType() : node.domain() + "." + node.opType();
  }
}
