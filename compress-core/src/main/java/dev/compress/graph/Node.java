package dev.compress.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * One operation.
 *
 * @param name its name; may be empty, else that of no other node of its graph
 * @param opType the operator, such as "Conv"
 * @param domain the operator set; "" is the ONNX one ("ai.onnx" is read as "")
 * @param overload the overload of a function call, mostly empty
 * @param inputs the values read; "" where an optional input is left out
 * @param outputs the values made; "" where an optional output is left out
 * @param attributes its attributes
 * @param docString for people, mostly empty
 * @param extras further fields, such as metadata and device configurations
 */
public record Node(
    String name,
    String opType,
    String domain,
    String overload,
    List<String> inputs,
    List<String> outputs,
    List<Attribute> attributes,
    String docString,
    Extras extras) {
  public Node {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    attributes = List.copyOf(attributes);
  }

  /** A node of the ONNX operator set. */
  public static Node of(
      String opType,
      String name,
      List<String> inputs,
      List<String> outputs,
      Attribute... attributes) {
    return new Node(
        name, opType, "", "", inputs, outputs, Arrays.asList(attributes), "", Extras.NONE);
  }

  /** Whether this is an operator of the ONNX set with that name. */
  public boolean is(String onnxOp) {
    return domain.isEmpty() && opType.equals(onnxOp);
  }

  /** An input, or "" if it is left out or beyond the last. */
  public String input(int index) {
    return index < inputs.size() ? inputs.get(index) : "";
  }

  /** Whether an optional input is given. */
  public boolean hasInput(int index) {
    return !input(index).isEmpty();
  }

  /** An output, or "" if it is left out or beyond the last. */
  public String output(int index) {
    return index < outputs.size() ? outputs.get(index) : "";
  }

  /** Whether an optional output is given. */
  public boolean hasOutput(int index) {
    return !output(index).isEmpty();
  }

  /** What to call it in a message: its name, or op and first output. */
  public String label() {
    return name.isEmpty() ? opType + "(" + output(0) + ")" : name;
  }

  /** An attribute. */
  public Optional<Attribute> attribute(String attributeName) {
    for (Attribute attribute : attributes) {
      if (attribute.name().equals(attributeName)) {
        return Optional.of(attribute);
      }
    }
    return Optional.empty();
  }

  /** An integer attribute, or the default where it is absent or of another kind. */
  public long intAttribute(String attributeName, long byDefault) {
    return attribute(attributeName)
        .map(Attribute::value)
        .filter(AttributeValue.IntValue.class::isInstance)
        .map(v -> ((AttributeValue.IntValue) v).value())
        .orElse(byDefault);
  }

  /** A float attribute, or the default where it is absent or of another kind. */
  public float floatAttribute(String attributeName, float byDefault) {
    return attribute(attributeName)
        .map(Attribute::value)
        .filter(AttributeValue.FloatValue.class::isInstance)
        .map(v -> ((AttributeValue.FloatValue) v).value())
        .orElse(byDefault);
  }

  /** A text attribute, or the default where it is absent or of another kind. */
  public String stringAttribute(String attributeName, String byDefault) {
    return attribute(attributeName)
        .map(Attribute::value)
        .filter(AttributeValue.StringValue.class::isInstance)
        .map(v -> ((AttributeValue.StringValue) v).text())
        .orElse(byDefault);
  }

  /** An attribute of integers; empty where it is absent or of another kind. */
  public Optional<List<Long>> intsAttribute(String attributeName) {
    return attribute(attributeName)
        .map(Attribute::value)
        .filter(AttributeValue.IntsValue.class::isInstance)
        .map(v -> ((AttributeValue.IntsValue) v).values());
  }

  /** A tensor attribute; empty where it is absent or of another kind. */
  public Optional<Initializer> tensorAttribute(String attributeName) {
    return attribute(attributeName)
        .map(Attribute::value)
        .filter(AttributeValue.TensorValue.class::isInstance)
        .map(v -> ((AttributeValue.TensorValue) v).value());
  }

  /** The subgraphs of its attributes, in order. */
  public List<Graph> subgraphs() {
    List<Graph> graphs = new ArrayList<>();
    for (Attribute attribute : attributes) {
      if (attribute.value() instanceof AttributeValue.GraphValue g) {
        graphs.add(g.value());
      } else if (attribute.value() instanceof AttributeValue.GraphsValue g) {
        graphs.addAll(g.values());
      }
    }
    return graphs;
  }

  /** The same node under another name. */
  public Node withName(String newName) {
    return new Node(
        newName, opType, domain, overload, inputs, outputs, attributes, docString, extras);
  }

  /** The same node with each of its subgraphs made another; this one if it has none. */
  public Node withSubgraphs(UnaryOperator<Graph> change) {
    if (subgraphs().isEmpty()) {
      return this;
    }
    List<Attribute> changed = new ArrayList<>();
    for (Attribute attribute : attributes) {
      AttributeValue value = attribute.value();
      if (value instanceof AttributeValue.GraphValue g) {
        value = new AttributeValue.GraphValue(change.apply(g.value()));
      } else if (value instanceof AttributeValue.GraphsValue g) {
        value = new AttributeValue.GraphsValue(g.values().stream().map(change).toList());
      }
      changed.add(
          new Attribute(attribute.name(), value, attribute.docString(), attribute.extras()));
    }
    return withAttributes(changed);
  }

  /** The same node with other inputs. */
  public Node withInputs(List<String> newInputs) {
    return new Node(
        name, opType, domain, overload, newInputs, outputs, attributes, docString, extras);
  }

  /** The same node with other outputs. */
  public Node withOutputs(List<String> newOutputs) {
    return new Node(
        name, opType, domain, overload, inputs, newOutputs, attributes, docString, extras);
  }

  /** The same node with one input replaced. */
  public Node withInput(int index, String value) {
    List<String> changed = new ArrayList<>(inputs);
    while (changed.size() <= index) {
      changed.add("");
    }
    changed.set(index, value);
    return withInputs(changed);
  }

  /** The same node with other attributes. */
  public Node withAttributes(List<Attribute> newAttributes) {
    return new Node(
        name, opType, domain, overload, inputs, outputs, newAttributes, docString, extras);
  }

  /** The same node with one attribute added or replaced. */
  public Node withAttribute(Attribute attribute) {
    List<Attribute> changed = new ArrayList<>(attributes);
    changed.removeIf(a -> a.name().equals(attribute.name()));
    changed.add(attribute);
    return withAttributes(changed);
  }

  /** The same node without one attribute. */
  public Node withoutAttribute(String attributeName) {
    return withAttributes(
        attributes.stream().filter(a -> !a.name().equals(attributeName)).toList());
  }
}
