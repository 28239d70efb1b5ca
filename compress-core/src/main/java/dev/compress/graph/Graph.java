package dev.compress.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A graph: nodes in execution order over named values. Immutable; initializers are shared, not
 * copied.
 *
 * @param name its name
 * @param nodes in topological order
 * @param initializers its dense constants
 * @param sparseInitializers its sparse constants
 * @param inputs its declared inputs; before IR 4 the initializers are among them
 * @param outputs its declared outputs
 * @param valueInfos declared types of inner values
 * @param docString for people, mostly empty
 * @param metadata key-value pairs of the graph (IR 10)
 * @param extras further fields, such as quantization annotations
 */
public record Graph(
    String name,
    List<Node> nodes,
    List<Initializer> initializers,
    List<SparseInitializer> sparseInitializers,
    List<ValueInfo> inputs,
    List<ValueInfo> outputs,
    List<ValueInfo> valueInfos,
    String docString,
    Map<String, String> metadata,
    Extras extras) {
  public Graph {
    nodes = List.copyOf(nodes);
    initializers = List.copyOf(initializers);
    sparseInitializers = List.copyOf(sparseInitializers);
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    valueInfos = List.copyOf(valueInfos);
    metadata = OnnxModel.orderedCopy(metadata);
  }

  /** A graph without more. */
  public static Graph of(
      String name,
      List<Node> nodes,
      List<Initializer> initializers,
      List<ValueInfo> inputs,
      List<ValueInfo> outputs) {
    return new Graph(
        name,
        nodes,
        initializers,
        List.of(),
        inputs,
        outputs,
        List.of(),
        "",
        Map.of(),
        Extras.NONE);
  }

  /** The same graph with other nodes. */
  public Graph withNodes(List<Node> newNodes) {
    return new Graph(
        name,
        newNodes,
        initializers,
        sparseInitializers,
        inputs,
        outputs,
        valueInfos,
        docString,
        metadata,
        extras);
  }

  /** The same graph with other initializers. */
  public Graph withInitializers(List<Initializer> newInitializers) {
    return new Graph(
        name,
        nodes,
        newInitializers,
        sparseInitializers,
        inputs,
        outputs,
        valueInfos,
        docString,
        metadata,
        extras);
  }

  /** The same graph with other declared inputs. */
  public Graph withInputs(List<ValueInfo> newInputs) {
    return new Graph(
        name,
        nodes,
        initializers,
        sparseInitializers,
        newInputs,
        outputs,
        valueInfos,
        docString,
        metadata,
        extras);
  }

  /** The same graph with other declared outputs. */
  public Graph withOutputs(List<ValueInfo> newOutputs) {
    return new Graph(
        name,
        nodes,
        initializers,
        sparseInitializers,
        inputs,
        newOutputs,
        valueInfos,
        docString,
        metadata,
        extras);
  }

  /** The same graph with other declared inner types. */
  public Graph withValueInfos(List<ValueInfo> newValueInfos) {
    return new Graph(
        name,
        nodes,
        initializers,
        sparseInitializers,
        inputs,
        outputs,
        newValueInfos,
        docString,
        metadata,
        extras);
  }

  /** Initializers, and the values of Constant nodes under the names of their outputs. */
  public List<Initializer> constants() {
    List<Initializer> constants = new ArrayList<>(initializers);
    for (Node node : nodes) {
      if (node.is("Constant")) {
        node.tensorAttribute("value")
            .map(i -> Initializer.of(node.output(0), i.tensor()))
            .ifPresent(constants::add);
      }
    }
    return constants;
  }
}
