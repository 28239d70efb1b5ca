package dev.compress.inspect;

import dev.compress.graph.AttributeValue;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.SparseInitializer;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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

    Constant(String name, Tensor tensor) {
      this.name = name;
      this.tensor = tensor;
    }

    /** Its elements if it is a weight: int64 are shapes and indices, texts no numbers. */
    long parameters() {
      ElementType type = tensor.type();
      boolean weight =
          type.isFixedSize() && !type.equals(ElementType.INT64) && !type.equals(ElementType.BOOL);
      return weight ? tensor.elementCount() : 0;
    }
  }

  private static final int MOST_STEPS = 4;

  private final List<Constant> all = new ArrayList<>();

  private Constants() {}

  static Constants of(OnnxModel model) {
    Constants constants = new Constants();
    constants.add(model.graph(), Map.of());
    model.functions().forEach(f -> constants.addNodes(f.nodes(), new HashMap<>()));
    return constants;
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
    Map<String, Node> readers = new HashMap<>();
    for (Node node : nodes) {
      node.inputs().forEach(input -> readers.putIfAbsent(input, node));
    }
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
