package dev.compress.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.Attribute;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassResult;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RemoveIdentityTest {
  private static final RemoveIdentity PASS = new RemoveIdentity();

  private static OnnxModel between(long opset, List<Initializer> constants, Node node) {
    return Check.model(
        opset,
        List.of(Check.floats("x", 2, 3)),
        List.of(Check.floats("y", 2, 3)),
        constants,
        Node.of("Relu", "", List.of("x"), List.of("a")),
        node,
        Node.of("Neg", "", List.of("b"), List.of("y")));
  }

  private static Node ab(String op, Attribute... attributes) {
    return Node.of(op, "node", List.of("a"), List.of("b"), attributes);
  }

  private static Node ab2(String op, String second, Attribute... attributes) {
    return Node.of(op, "node", List.of("a", second), List.of("b"), attributes);
  }

  private static Initializer scalar(float v) {
    return Check.number("c", v);
  }

  static List<OnnxModel> doNothing() {
    List<OnnxModel> models = new ArrayList<>();
    models.add(between(9, List.of(), ab("Identity")));
    models.add(between(7, List.of(), ab("Dropout", Attribute.of("ratio", 0.3f))));
    models.add(between(13, List.of(), ab("Dropout")));
    models.add(between(13, List.of(scalar(0.5f)), ab2("Dropout", "c")));
    models.add(between(9, List.of(), ab("Sum")));
    models.add(between(9, List.of(), ab("Concat", Attribute.of("axis", 1))));
    models.add(between(9, List.of(), ab("Cast", Attribute.of("to", 1))));
    models.add(between(9, List.of(), ab("Flatten")));
    models.add(between(9, List.of(), ab("Transpose", Attribute.of("perm", new long[] {0, 1}))));
    models.add(between(9, List.of(), ab("Pad", Attribute.of("pads", new long[4]))));
    models.add(between(13, List.of(Check.longs("c", 0, 0, 0, 0)), ab2("Pad", "c")));
    models.add(between(13, List.of(Check.longs("c", 1, 1)), ab2("Tile", "c")));
    models.add(between(13, List.of(Check.longs("c", 2, 3)), ab2("Reshape", "c")));
    models.add(between(13, List.of(Check.longs("c", 0, -1)), ab2("Reshape", "c")));
    models.add(between(13, List.of(Check.longs("c", -1, 3)), ab2("Reshape", "c")));
    models.add(between(13, List.of(scalar(0)), ab2("Add", "c")));
    models.add(between(13, List.of(scalar(0)), ab2("Sub", "c")));
    models.add(between(13, List.of(scalar(1)), ab2("Mul", "c")));
    models.add(between(13, List.of(scalar(1)), ab2("Div", "c")));
    models.add(between(13, List.of(scalar(1)), ab2("Pow", "c")));
    models.add(
        between(13, List.of(scalar(1)), Node.of("Mul", "node", List.of("c", "a"), List.of("b"))));
    return models;
  }

  @ParameterizedTest
  @MethodSource("doNothing")
  void removesWhatDoesNothing(OnnxModel model) {
    PassResult result = Check.apply(PASS, model, 0);
    assertThat(Check.text(result.model())).containsExactly("Relu(x) -> a", "Neg(a) -> y");
    assertThat(result.changes()).hasSize(1);
  }

  static List<OnnxModel> doSomething() {
    List<OnnxModel> models = new ArrayList<>();
    models.add(between(9, List.of(), ab("Pad", Attribute.of("pads", new long[] {0, 0, 1, 0}))));
    models.add(
        Check.model(
            9,
            List.of(Check.floats("a", 2, 3)),
            List.of(Check.value("b", ElementType.DOUBLE, 2, 3)),
            List.of(),
            ab("Cast", Attribute.of("to", 11))));
    models.add(between(9, List.of(), ab("Transpose", Attribute.of("perm", new long[] {1, 0}))));
    models.add(between(13, List.of(Check.longs("c", 3, 2)), ab2("Reshape", "c")));
    models.add(between(13, List.of(Check.longs("c", 6, -1)), ab2("Reshape", "c")));
    models.add(between(13, List.of(Check.longs("c", 1, 2)), ab2("Tile", "c")));
    models.add(between(13, List.of(scalar(1)), ab2("Add", "c")));
    models.add(between(13, List.of(scalar(0)), ab2("Mul", "c")));
    // One more dim, so the result is another shape.
    models.add(
        between(
            13,
            List.of(Initializer.of("c", Tensor.ofFloats(Shape.of(1, 1, 1), 1))),
            ab2("Mul", "c")));
    models.add(
        between(13, List.of(scalar(1)), Node.of("Div", "", List.of("c", "a"), List.of("b"))));
    return models;
  }

  @ParameterizedTest
  @MethodSource("doSomething")
  void leavesWhatDoesSomething(OnnxModel model) {
    Check.unchanged(PASS, model);
  }

  @Test
  void keepsADropoutWhoseMaskIsReadOrThatMayTrain() {
    OnnxModel mask =
        Check.model(
            12,
            List.of(Check.floats("x", 2)),
            List.of(Check.floats("y", 2), Check.value("mask", ElementType.BOOL, 2)),
            List.of(),
            Node.of("Dropout", "drop", List.of("x"), List.of("d", "mask")),
            Node.of("Relu", "", List.of("d"), List.of("y")));
    assertThat(Check.unchanged(PASS, mask).skipped().get(0).reason()).contains("mask");

    OnnxModel training =
        between(
            13,
            List.of(
                scalar(0.5f),
                Initializer.of(
                    "t", Tensor.ofBytes(ElementType.BOOL, Shape.scalar(), new byte[] {1}))),
            Node.of("Dropout", "node", List.of("a", "c", "t"), List.of("b")));
    assertThat(Check.unchanged(PASS, training).skipped().get(0).reason()).contains("training");
  }

  @ParameterizedTest
  @CsvSource({"7", "13"})
  void removesChainsAndKeepsTheNamesOfOutputs(long opset) {
    OnnxModel model =
        Check.model(
            opset,
            List.of(Check.floats("x", 2)),
            List.of(Check.floats("y", 2), Check.floats("z", 2)),
            List.of(),
            Node.of("Relu", "", List.of("x"), List.of("a")),
            Node.of("Identity", "", List.of("a"), List.of("b")),
            Node.of("Dropout", "", List.of("b"), List.of("c")),
            Node.of("Identity", "", List.of("c"), List.of("y")),
            Node.of("Neg", "", List.of("c"), List.of("d")),
            Node.of("Identity", "", List.of("d"), List.of("z")));
    PassResult result = Check.apply(PASS, model, 0);
    assertThat(Check.text(result.model())).containsExactly("Relu(x) -> y", "Neg(y) -> z");
  }

  @Test
  void keepsAnIdentityThatNamesAnOutput() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2)),
            List.of(Check.floats("y", 2), Check.floats("a", 2), Check.floats("b", 2)),
            List.of(),
            Node.of("Identity", "of input", List.of("x"), List.of("y")),
            Node.of("Relu", "", List.of("x"), List.of("a")),
            Node.of("Identity", "of output", List.of("a"), List.of("b")));
    assertThat(Check.unchanged(PASS, model).skipped()).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 13})
  void removesUnsqueezeBehindSqueeze(long opset) {
    boolean attribute = opset < 13;
    Node squeeze =
        attribute ? ab("Squeeze", Attribute.of("axes", new long[] {1})) : ab2("Squeeze", "axes");
    Node unsqueeze =
        attribute
            ? Node.of(
                "Unsqueeze", "", List.of("b"), List.of("c"), Attribute.of("axes", new long[] {1}))
            : Node.of("Unsqueeze", "", List.of("b", "axes"), List.of("c"));
    OnnxModel model =
        Check.model(
            opset,
            List.of(Check.floats("a", 2, 1, 3)),
            List.of(Check.floats("y", 2, 1, 3)),
            attribute ? List.of() : List.of(Check.longs("axes", 1)),
            squeeze,
            unsqueeze,
            Node.of("Relu", "", List.of("c"), List.of("y")));
    PassResult result = Check.apply(PASS, model, 0);
    assertThat(Check.operators(result.model())).endsWith("Relu").doesNotContain("Unsqueeze");
  }

  @Test
  void followsIntoSubgraphs() {
    Graph branch =
        Graph.of(
            "branch",
            List.of(Node.of("Neg", "", List.of("b"), List.of("n"))),
            List.of(),
            List.of(),
            List.of(Check.floats("n", 2)));
    Graph other =
        Graph.of(
            "other",
            List.of(Node.of("Abs", "", List.of("b"), List.of("n2"))),
            List.of(),
            List.of(),
            List.of(Check.floats("n2", 2)));
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2), Check.value("c", ElementType.BOOL)),
            List.of(Check.floats("y", 2)),
            List.of(),
            Node.of("Relu", "", List.of("x"), List.of("a")),
            Node.of("Identity", "", List.of("a"), List.of("b")),
            Node.of(
                "If",
                "",
                List.of("c"),
                List.of("y"),
                Attribute.of("then_branch", branch),
                Attribute.of("else_branch", other)));
    PassResult result = Check.apply(PASS, model, 0);
    assertThat(Check.operators(result.model())).containsExactly("Relu", "If");
  }

  @Test
  void findsWeightsBehindIdentities() {
    OnnxModel model =
        Check.model(
            9,
            List.of(Check.floats("x", 1, 3, 4, 4)),
            List.of(Check.floats("y", 1, 2, 4, 4)),
            List.of(Check.weights("w", 1, 2, 3, 1, 1)),
            Node.of("Identity", "", List.of("w"), List.of("w2")),
            Node.of("Conv", "", List.of("x", "w2"), List.of("y")));
    assertThat(Check.text(Check.apply(PASS, model, 1e-6).model()))
        .containsExactly("Conv(x, w) -> y");
  }
}
