package dev.compress.pass;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class ModelWeightsTest {
  private static final ValueType FLOATS =
      ValueType.tensor(ElementType.FLOAT, List.of(Dim.of(1), Dim.of(8)));

  private static Tensor square() {
    return Tensor.ofFloats(Shape.of(8, 8), new float[64]);
  }

  /** A branch with a weight as initializer, one as Constant, and another branch in it. */
  private static Graph branch(int depth) {
    Node constant =
        Node.of("Constant", "k", List.of(), List.of("k"), Attribute.of("value", square()));
    List<Node> nodes =
        depth == 0
            ? List.of(constant, product("x", "k", "y"))
            : List.of(constant, product("x", "k", "a"), product("a", "w", "b"), choice(depth - 1));
    return Graph.of(
        "branch",
        nodes,
        depth == 0 ? List.of() : List.of(Initializer.of("w", square())),
        List.of(),
        List.of(ValueInfo.of("y", FLOATS)));
  }

  private static Node product(String x, String weight, String y) {
    return Node.of("MatMul", "into " + y, List.of(x, weight), List.of(y));
  }

  private static Node choice(int depth) {
    return Node.of(
        "If",
        "if",
        List.of("c"),
        List.of("y"),
        Attribute.of("then_branch", branch(depth)),
        Attribute.of("else_branch", branch(0)));
  }

  @Test
  void whatIsInsideSubgraphsIsToldOf() {
    OnnxModel model =
        OnnxModel.of(
            8,
            13,
            Graph.of(
                "g",
                List.of(product("in", "m", "x"), choice(1)),
                List.of(Initializer.of("m", square())),
                List.of(
                    ValueInfo.of("in", FLOATS),
                    ValueInfo.of("c", ValueType.tensor(ElementType.BOOL, List.of()))),
                List.of(ValueInfo.of("y", FLOATS))));
    ModelWeights found = ModelWeights.of(model, node -> true);
    assertThat(found.weights()).extracting(ModelWeights.Weight::name).containsExactly("m");
    // two in the branch, one in each of the two in it, one in the other
    assertThat(found.skipped()).hasSize(1);
    assertThat(found.skipped().get(0).node()).isEqualTo("if");
    assertThat(found.skipped().get(0).reason()).startsWith("5 weights in its subgraphs");
  }
}
