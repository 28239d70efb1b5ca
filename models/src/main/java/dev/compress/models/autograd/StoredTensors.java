package dev.compress.models.autograd;

import dev.compress.graph.Attribute;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The tensors that a graph holds, as initializers and in Constant nodes, read and put back. */
final class StoredTensors {
  private StoredTensors() {}

  /** All of them by the name of their value, in the order of the graph. */
  static Map<String, Tensor> of(Graph graph) {
    Map<String, Tensor> stored = new LinkedHashMap<>();
    graph.initializers().forEach(one -> stored.put(one.name(), one.tensor()));
    for (Node node : graph.nodes()) {
      if (node.is("Constant")) {
        constant(node).ifPresent(tensor -> stored.put(node.output(0), tensor));
      }
    }
    return stored;
  }

  /** What a Constant node holds; empty if that is text or sparse. */
  static Optional<Tensor> constant(Node node) {
    for (Attribute attribute : node.attributes()) {
      AttributeValue value = attribute.value();
      if (value instanceof AttributeValue.TensorValue tensor) {
        return Optional.of(tensor.value().tensor());
      } else if (value instanceof AttributeValue.FloatValue one) {
        return Optional.of(Tensor.ofFloats(Shape.scalar(), one.value()));
      } else if (value instanceof AttributeValue.IntValue one) {
        return Optional.of(Tensor.ofLongs(Shape.scalar(), one.value()));
      } else if (value instanceof AttributeValue.FloatsValue many) {
        float[] floats = new float[many.values().size()];
        for (int i = 0; i < floats.length; i++) {
          floats[i] = many.values().get(i);
        }
        return Optional.of(Tensor.ofFloats(Shape.of(floats.length), floats));
      } else if (value instanceof AttributeValue.IntsValue many) {
        long[] longs = many.values().stream().mapToLong(Long::longValue).toArray();
        return Optional.of(Tensor.ofLongs(Shape.of(longs.length), longs));
      }
    }
    return Optional.empty();
  }

  /** The graph with some of its tensors replaced by others of the same type and shape. */
  static Graph replaced(Graph graph, Map<String, Tensor> changed) {
    List<Initializer> initializers = new ArrayList<>();
    for (Initializer old : graph.initializers()) {
      Tensor tensor = changed.get(old.name());
      initializers.add(
          tensor == null
              ? old
              : new Initializer(old.name(), tensor, old.docString(), old.extras()));
    }
    List<Node> nodes = new ArrayList<>();
    for (Node node : graph.nodes()) {
      Tensor tensor = node.is("Constant") ? changed.get(node.output(0)) : null;
      nodes.add(tensor == null ? node : withValue(node, tensor));
    }
    return graph.withInitializers(initializers).withNodes(nodes);
  }

  private static Node withValue(Node constant, Tensor tensor) {
    List<Attribute> attributes = new ArrayList<>();
    for (Attribute old : constant.attributes()) {
      if (old.value() instanceof AttributeValue.TensorValue value) {
        Initializer before = value.value();
        Initializer after =
            new Initializer(before.name(), tensor, before.docString(), before.extras());
        attributes.add(
            new Attribute(
                old.name(), new AttributeValue.TensorValue(after), old.docString(), old.extras()));
      } else if (old.value() instanceof AttributeValue.FloatsValue) {
        List<Float> floats = new ArrayList<>();
        for (float value : tensor.toFloats()) {
          floats.add(value);
        }
        attributes.add(
            new Attribute(
                old.name(), new AttributeValue.FloatsValue(floats), old.docString(), old.extras()));
      } else {
        attributes.add(old);
      }
    }
    return new Node(
        constant.name(),
        constant.opType(),
        constant.domain(),
        constant.overload(),
        constant.inputs(),
        constant.outputs(),
        attributes,
        constant.docString(),
        constant.extras());
  }
}
