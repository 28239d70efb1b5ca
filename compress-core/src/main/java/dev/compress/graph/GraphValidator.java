package dev.compress.graph;

import dev.compress.error.InvalidModelException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Checks that a model's names fit together: every value is made once and before it is read, every
 * output exists, constants fit their declarations, and every operator set used is imported. Whether
 * the shapes fit the operators is for shape inference.
 */
public final class GraphValidator {
  /**
   * A model that passed.
   *
   * @param model the model itself, or one whose nodes were put into order
   * @param warnings what is wrong, but can be helped
   */
  public record Checked(OnnxModel model, List<String> warnings) {
    public Checked {
      warnings = List.copyOf(warnings);
    }
  }

  private final List<String> warnings = new ArrayList<>();

  private GraphValidator() {}

  /**
   * Checks a model.
   *
   * <p>Nodes out of order are sorted, with a warning; a cycle is an error.
   *
   * @param model any model
   * @return the model and warnings
   * @throws InvalidModelException naming the node and the value, if names do not fit together
   */
  public static Checked check(OnnxModel model) {
    FunctionValidator.check(model);
    NodeNameValidator.check(model);
    GraphValidator validator = new GraphValidator();
    new OpsetValidator(model).check(model.graph());
    WindowValidator.check(model);
    TrapValidator.check(model.graph());
    Graph graph = validator.check(model.graph(), Set.of(), "The graph");
    return new Checked(model.withGraph(graph), validator.warnings);
  }

  /** Checks a graph in the scope of those around it; returns it in order. */
  private Graph check(Graph graph, Set<String> outer, String where) {
    Set<String> given = new HashSet<>();
    Map<String, ValueInfo> inputs = new HashMap<>();
    for (ValueInfo input : graph.inputs()) {
      if (input.name().isEmpty()) {
        throw invalid(where + " has an input without a name");
      }
      if (inputs.put(input.name(), input) != null) {
        throw invalid(where + " declares its input " + input.name() + " twice");
      }
    }
    for (Initializer initializer : graph.initializers()) {
      checkInitializer(initializer, inputs, given, where);
    }
    for (SparseInitializer sparse : graph.sparseInitializers()) {
      checkName(sparse.name(), given, where);
      SparseValidator.check(sparse);
    }
    given.addAll(inputs.keySet());
    Map<String, Node> makers = makers(graph, given, where);
    Set<String> visible = new HashSet<>(outer);
    visible.addAll(given);
    visible.addAll(makers.keySet());
    List<Node> nodes = checkSubgraphs(graph.nodes(), visible);
    boolean changed = nodes != graph.nodes();
    if (!isOrdered(nodes, makers)) {
      nodes = TopologicalOrder.sort(nodes);
      warnings.add(where + " lists nodes before those that they read from; they were sorted.");
      changed = true;
    }
    for (ValueInfo output : graph.outputs()) {
      if (!visible.contains(output.name())) {
        throw invalid(where + " has the output '" + output.name() + "', which nothing makes");
      }
    }
    return changed ? graph.withNodes(nodes) : graph;
  }

  private static InvalidModelException invalid(String what) {
    return new InvalidModelException(what + ". The model is damaged: export it again.");
  }

  private static void checkName(String name, Set<String> constants, String where) {
    if (name.isEmpty()) {
      throw invalid(where + " has an initializer without a name");
    }
    if (!constants.add(name)) {
      throw invalid(where + " has two initializers named " + name);
    }
  }

  private void checkInitializer(
      Initializer initializer, Map<String, ValueInfo> inputs, Set<String> constants, String where) {
    checkName(initializer.name(), constants, where);
    ValueInfo input = inputs.get(initializer.name());
    if (input == null || !(input.type() instanceof ValueType.TensorType declared)) {
      return;
    }
    String mismatch =
        "Initializer "
            + initializer.name()
            + " is "
            + initializer.tensor().type()
            + initializer.tensor().shape()
            + ", but declared as "
            + declared;
    if (declared.element().code() != 0 && !declared.element().equals(initializer.tensor().type())) {
      throw invalid(mismatch);
    }
    Optional<List<Dim>> shape = declared.shape();
    if (shape.isPresent() && !fits(initializer, shape.get())) {
      if (elementCount(shape.get()) != initializer.tensor().elementCount()) {
        throw invalid(mismatch);
      }
      warnings.add(mismatch + "; the initializer's shape counts.");
    }
  }

  private static boolean fits(Initializer initializer, List<Dim> declared) {
    if (declared.size() != initializer.tensor().shape().rank()) {
      return false;
    }
    for (int i = 0; i < declared.size(); i++) {
      long size = declared.get(i).sizeOrUnknown();
      if (size >= 0 && size != initializer.tensor().shape().dim(i)) {
        return false;
      }
    }
    return true;
  }

  /** The product of the dims; -1 if it is unknown. */
  private static long elementCount(List<Dim> dims) {
    long count = 1;
    for (Dim dim : dims) {
      long size = dim.sizeOrUnknown();
      if (size < 0) {
        return -1;
      }
      count *= size;
    }
    return count;
  }

  private static Map<String, Node> makers(Graph graph, Set<String> given, String where) {
    Map<String, Node> makers = new HashMap<>();
    for (Node node : graph.nodes()) {
      if (node.opType().isEmpty()) {
        throw invalid(where + " has a node without an op type: " + node.label());
      }
      for (String output : node.outputs()) {
        if (output.isEmpty()) {
          continue;
        }
        Node other = makers.put(output, node);
        if (other != null) {
          throw invalid(
              "Nodes " + other.label() + " and " + node.label() + " both make the value " + output);
        }
        if (given.contains(output)) {
          throw invalid(
              "Node "
                  + node.label()
                  + " makes the value "
                  + output
                  + ", which is an input or an initializer already");
        }
      }
    }
    return makers;
  }

  private List<Node> checkSubgraphs(List<Node> nodes, Set<String> visible) {
    List<Node> checked = new ArrayList<>(nodes.size());
    boolean changed = false;
    for (Node node : nodes) {
      for (String input : node.inputs()) {
        if (!input.isEmpty() && !visible.contains(input)) {
          throw invalid(
              "Node " + node.label() + " reads the value " + input + ", which nothing makes");
        }
      }
      Node same = node;
      for (Attribute attribute : node.attributes()) {
        AttributeValue value = checkSubgraphs(attribute, node, visible);
        if (value != attribute.value()) {
          same =
              same.withAttribute(
                  new Attribute(
                      attribute.name(), value, attribute.docString(), attribute.extras()));
        }
      }
      changed |= same != node;
      checked.add(same);
    }
    return changed ? checked : nodes;
  }

  private AttributeValue checkSubgraphs(Attribute attribute, Node node, Set<String> visible) {
    if (attribute.value() instanceof AttributeValue.GraphValue graph) {
      Graph checked = check(graph.value(), visible, name(node, attribute));
      return checked == graph.value() ? graph : new AttributeValue.GraphValue(checked);
    }
    if (attribute.value() instanceof AttributeValue.GraphsValue graphs) {
      List<Graph> checked = new ArrayList<>();
      boolean changed = false;
      for (Graph graph : graphs.values()) {
        Graph same = check(graph, visible, name(node, attribute));
        changed |= same != graph;
        checked.add(same);
      }
      return changed ? new AttributeValue.GraphsValue(checked) : graphs;
    }
    return attribute.value();
  }

  private static String name(Node node, Attribute attribute) {
    return "Subgraph " + attribute.name() + " of node " + node.label();
  }

  private static boolean isOrdered(List<Node> nodes, Map<String, Node> makers) {
    Set<String> made = new HashSet<>();
    for (Node node : nodes) {
      for (String input : node.inputs()) {
        if (makers.containsKey(input) && !made.contains(input)) {
          return false;
        }
      }
      for (String captured : Captures.of(node)) {
        if (makers.containsKey(captured) && !made.contains(captured)) {
          return false;
        }
      }
      made.addAll(node.outputs());
    }
    return true;
  }
}
