package dev.compress.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.InvalidModelException;
import dev.compress.tensor.ElementType;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What ONNX Runtime 1.30 refuses and what it does not, tried with each of these. */
class NodeNameValidatorTest {
  private static final ValueType ANY = ValueType.tensor(ElementType.FLOAT);

  private static Node relu(String name, String input, String output) {
    return Node.of("Relu", name, List.of(input), List.of(output));
  }

  private static Node constant(String name, String output) {
    return Node.of("Constant", name, List.of(), List.of(output), Attribute.of("value_float", 1f));
  }

  private static Node branches(String name, List<Node> then, List<Node> otherwise) {
    return Node.of(
        "If",
        name,
        List.of("x"),
        List.of("y"),
        Attribute.of("then_branch", body(then)),
        Attribute.of("else_branch", body(otherwise)));
  }

  private static Graph body(List<Node> nodes) {
    return Graph.of("b", nodes, List.of(), List.of(), List.of(ValueInfo.of("y", ANY)));
  }

  private static OnnxModel model(List<Node> nodes, Function... functions) {
    Graph graph =
        Graph.of(
            "g",
            nodes,
            List.of(),
            List.of(ValueInfo.of("x", ANY)),
            List.of(ValueInfo.of("y", ANY)));
    OnnxModel plain = OnnxModel.of(8, 17, graph);
    List<OpsetImport> opsets = List.of(new OpsetImport("", 17), new OpsetImport("local", 1));
    return new OnnxModel(
        8, opsets, "", "", "", 0, "", graph, plain.metadata(), List.of(functions), Extras.NONE);
  }

  private static void refused(String where, OnnxModel model) {
    assertThatThrownBy(() -> GraphValidator.check(model))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageStartingWith(where + " has two nodes named same,");
  }

  private static void accepted(OnnxModel model) {
    assertThat(GraphValidator.check(model).model()).isSameAs(model);
  }

  private static final List<Node> TWICE = List.of(relu("same", "x", "h"), relu("same", "h", "y"));

  @Test
  void twoNodesOfOneGraphHaveTwoNames() {
    refused("The graph", model(TWICE));
    refused(
        "Subgraph else_branch of node if",
        model(List.of(branches("if", List.of(relu("a", "x", "y")), TWICE))));
    accepted(model(List.of(relu("", "x", "h"), relu("", "h", "y"))));
    accepted(model(List.of(relu("n", "x", "h"), relu("N", "h", "y"))));
  }

  @Test
  void anotherGraphHasNamesOfItsOwn() {
    List<Node> once = List.of(relu("same", "x", "y"));
    accepted(model(List.of(branches("same", once, once))));
  }

  @Test
  void constantsAreNoNodes() {
    accepted(model(List.of(constant("same", "c"), constant("same", "d"), relu("same", "x", "y"))));
  }

  @Test
  void functionsCountWhereTheyAreCalled() {
    Function function = new Function("local", "f", "", TWICE, List.of(), Extras.NONE);
    Node call =
        new Node("", "f", "local", "", List.of("x"), List.of("y"), List.of(), "", Extras.NONE);
    refused("Function f", model(List.of(call), function));
    accepted(model(List.of(relu("a", "x", "y")), function));
  }
}
