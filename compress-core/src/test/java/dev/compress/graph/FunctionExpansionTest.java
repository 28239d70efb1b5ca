package dev.compress.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.InvalidModelException;
import dev.compress.tensor.ElementType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class FunctionExpansionTest {
  private static final ValueType ANY = ValueType.tensor(ElementType.FLOAT);

  private static Node call(String function, String output) {
    return new Node(
        "", function, "local", "", List.of("x"), List.of(output), List.of(), "", Extras.NONE);
  }

  private static Node branch(Node inside) {
    Graph body =
        Graph.of("b", List.of(inside), List.of(), List.of(), List.of(ValueInfo.of("y", ANY)));
    return Node.of(
        "If",
        "",
        List.of("x"),
        List.of("y"),
        Attribute.of("then_branch", body),
        Attribute.of("else_branch", body));
  }

  private static Function function(int index, List<Node> nodes) {
    return new Function("local", "F" + index, "", nodes, List.of(), Extras.NONE);
  }

  /** Each function calls the one before; the file lists callers first. */
  private static List<Function> chain(int length, int times, boolean inBranches) {
    List<Function> functions = new ArrayList<>();
    functions.add(function(0, List.of(Node.of("Relu", "", List.of("x"), List.of("y")))));
    for (int i = 1; i < length; i++) {
      Node call = call("F" + (i - 1), "y");
      functions.add(function(i, Collections.nCopies(times, inBranches ? branch(call) : call)));
    }
    Collections.reverse(functions);
    return functions;
  }

  private static OnnxModel model(Node node, List<Function> functions) {
    Graph graph =
        Graph.of(
            "g",
            List.of(node),
            List.of(),
            List.of(ValueInfo.of("x", ANY)),
            List.of(ValueInfo.of("y", ANY)));
    OnnxModel plain = OnnxModel.of(8, 17, graph);
    List<OpsetImport> opsets = new ArrayList<>(plain.opsets());
    opsets.add(new OpsetImport("local", 1));
    return new OnnxModel(
        8, opsets, "", "", "", 0, "", graph, plain.metadata(), functions, Extras.NONE);
  }

  private static void refused(OnnxModel model, String... words) {
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () ->
            assertThatThrownBy(() -> GraphValidator.check(model))
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContainingAll(words));
  }

  @Test
  void functionsThatNestBeyondTheStackAreRefused() {
    refused(model(call("F599", "y"), chain(600, 1, false)), "F599", "more than 128 levels");
    refused(model(call("F79", "y"), chain(80, 1, true)), "F79", "more than 128 levels");
    refused(model(branch(call("F128", "y")), chain(129, 1, false)), "F128", "levels");
    refused(model(call("F4999", "y"), chain(5000, 1, false)), "F4999");
  }

  @Test
  void functionsThatMultiplyAreRefused() {
    refused(model(call("F17", "y"), chain(18, 2, false)), "F17", "100000 calls");
    refused(model(call("F39", "y"), chain(40, 2, false)), "F39", "1000000 nodes");
    refused(model(call("F39", "y"), chain(40, 2, true)), "F39", "1000000 nodes");
    List<Node> many = Collections.nCopies(2000, Node.of("Relu", "", List.of("x"), List.of("y")));
    List<Node> calls = Collections.nCopies(1000, call("F0", "y"));
    List<Function> wide = List.of(function(0, many), function(1, calls));
    refused(model(call("F1", "y"), wide), "F1", "1000000 nodes");
  }

  @Test
  void otherFunctionsAreNot() {
    for (OnnxModel model :
        List.of(
            model(call("F127", "y"), chain(128, 1, false)),
            model(call("F14", "y"), chain(15, 2, false)),
            // Nobody calls these: the runtime does not look at them.
            model(Node.of("Relu", "", List.of("x"), List.of("y")), chain(600, 2, false)))) {
      assertThat(GraphValidator.check(model).model()).isSameAs(model);
    }
  }
}
