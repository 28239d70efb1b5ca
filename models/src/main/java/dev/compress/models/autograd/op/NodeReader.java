package dev.compress.models.autograd.op;

import dev.compress.graph.AttributeValue;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** A node as its operator reads it: attributes with their defaults, and the opset. */
public final class NodeReader {
  private final Node node;
  private final long opset;
  private final Function<String, Optional<Tensor>> stored;

  /**
   * A reader.
   *
   * @param node the node
   * @param opset the version of the operator set that gives it its meaning
   * @param stored the tensors that the model holds, by the names of their values
   */
  public NodeReader(Node node, long opset, Function<String, Optional<Tensor>> stored) {
    this.node = node;
    this.opset = opset;
    this.stored = stored;
  }

  /** The operator's type. */
  String opType() {
    return node.opType();
  }

  /** The version of the operator set. */
  long opset() {
    return opset;
  }

  int inputs() {
    return node.inputs().size();
  }

  int outputs() {
    return node.outputs().size();
  }

  boolean hasInput(int index) {
    return node.hasInput(index);
  }

  boolean hasOutput(int index) {
    return node.hasOutput(index);
  }

  /** Whether an input is stored in the model, so that a change of it can be written back. */
  boolean writable(int input) {
    return stored(input).isPresent();
  }

  /** What an input holds, if it is stored in the model. */
  Optional<Tensor> stored(int input) {
    return node.hasInput(input) ? stored.apply(node.input(input)) : Optional.empty();
  }

  boolean has(String attribute) {
    return node.attribute(attribute).isPresent();
  }

  int intOf(String attribute, long byDefault) {
    return Math.toIntExact(node.intAttribute(attribute, byDefault));
  }

  boolean flag(String attribute, boolean byDefault) {
    return node.intAttribute(attribute, byDefault ? 1 : 0) != 0;
  }

  float floatOf(String attribute, float byDefault) {
    return node.floatAttribute(attribute, byDefault);
  }

  String text(String attribute, String byDefault) {
    return node.stringAttribute(attribute, byDefault);
  }

  /** An attribute of integers, or empty where it is absent. */
  Optional<long[]> ints(String attribute) {
    return node.intsAttribute(attribute)
        .map(list -> list.stream().mapToLong(Long::longValue).toArray());
  }

  /** An attribute of numbers, or empty where it is absent. */
  Optional<List<Float>> floats(String attribute) {
    return node.attribute(attribute)
        .map(dev.compress.graph.Attribute::value)
        .filter(AttributeValue.FloatsValue.class::isInstance)
        .map(value -> ((AttributeValue.FloatsValue) value).values());
  }

  /** An attribute of texts, or empty where it is absent. */
  List<String> texts(String attribute) {
    return node
        .attribute(attribute)
        .map(dev.compress.graph.Attribute::value)
        .filter(AttributeValue.StringsValue.class::isInstance)
        .map(value -> ((AttributeValue.StringsValue) value).values())
        .orElse(List.of())
        .stream()
        .map(AttributeValue.Bytes::utf8)
        .toList();
  }

  /** An attribute that is a tensor. */
  Optional<Tensor> tensor(String attribute) {
    return node.tensorAttribute(attribute).map(Initializer::tensor);
  }

  /** Refuses what is not so. */
  void require(boolean condition, String reason) {
    if (!condition) {
      throw new UnsupportedOperatorException(reason);
    }
  }

  /** Refuses an optional output that somebody reads. */
  void onlyOutputs(int count) {
    for (int i = count; i < outputs(); i++) {
      require(!hasOutput(i), "its output " + i + " is not computed in training");
    }
  }
}
