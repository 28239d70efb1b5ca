package dev.compress.pass;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.cluster.ClusterWeights;
import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.prune.PruneAllocation;
import dev.compress.prune.PruneKind;
import dev.compress.prune.PruneWeights;
import dev.compress.quantize.NodeFilter;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
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

  @Test
  void whatOnlyABranchReadsAndWhatIsAnOutputAreToldOf() {
    Graph outside =
        Graph.of(
            "branch",
            List.of(product("x", "captured", "y")),
            List.of(),
            List.of(),
            List.of(ValueInfo.of("y", FLOATS)));
    Node choice =
        Node.of(
            "If",
            "if",
            List.of("c"),
            List.of("y"),
            Attribute.of("then_branch", outside),
            Attribute.of("else_branch", outside));
    OnnxModel model =
        OnnxModel.of(
            8,
            13,
            Graph.of(
                "g",
                List.of(product("in", "shown", "x"), choice),
                List.of(Initializer.of("shown", square()), Initializer.of("captured", square())),
                List.of(
                    ValueInfo.of("in", FLOATS),
                    ValueInfo.of("c", ValueType.tensor(ElementType.BOOL, List.of()))),
                List.of(
                    ValueInfo.of("y", FLOATS),
                    ValueInfo.of(
                        "shown",
                        ValueType.tensor(ElementType.FLOAT, List.of(Dim.of(8), Dim.of(8)))))));
    ModelWeights found = ModelWeights.of(model, node -> true);
    assertThat(found.weights()).isEmpty();
    assertThat(found.skipped())
        .extracting(PassResult.Skipped::toString)
        .hasSize(2)
        .anyMatch(s -> s.contains("captured") && s.contains("it is read inside a subgraph"))
        .anyMatch(s -> s.contains("shown") && s.contains("it is an output of the model"));
    assertThat(found.warningIfNone("--prune"))
        .containsExactly("--prune changed no weight: it is an output of the model.");
  }

  private static OnnxModel chain(Tensor... weights) {
    List<Node> nodes = new ArrayList<>();
    List<Initializer> initializers = new ArrayList<>();
    for (int i = 0; i < weights.length; i++) {
      nodes.add(product("x" + i, "w" + i, "x" + (i + 1)));
      initializers.add(Initializer.of("w" + i, weights[i]));
    }
    ValueInfo in = ValueInfo.of("x0", FLOATS);
    ValueInfo out = ValueInfo.of("x" + weights.length, FLOATS);
    return OnnxModel.of(8, 13, Graph.of("g", nodes, initializers, List.of(in), List.of(out)));
  }

  private static List<String> reasons(OnnxModel model) {
    PruneWeights prune =
        new PruneWeights(
            0.5, PruneKind.UNSTRUCTURED, Optional.empty(), PruneAllocation.GLOBAL, NodeFilter.ALL);
    ClusterWeights cluster = new ClusterWeights(16, 1, false, NodeFilter.ALL);
    return Stream.of(prune, cluster)
        .flatMap(pass -> pass.notApplicableTo(model).stream())
        .map(NotApplicable::reason)
        .toList();
  }

  @Test
  void weightsThatAreTooSmallAreNotCalledAbsent() {
    Tensor small = Tensor.ofFloats(Shape.of(3, 4), new float[12]);
    Tensor codes = Tensor.ofBytes(ElementType.INT8, Shape.of(3, 4), new byte[12]);
    assertThat(reasons(chain(small)))
        .hasSize(2)
        .allMatch(
            r -> r.equals("its float weight is too small to be worth it: 12 elements, under 64"));
    assertThat(reasons(chain(small, small)))
        .hasSize(2)
        .allMatch(
            r ->
                r.equals(
                    "its 2 float weights are all too small to be worth it: under 64 elements"));
    assertThat(reasons(chain(codes)))
        .containsExactly(
            "there is no float weight to prune", "there is no float weight to cluster");
    assertThat(reasons(chain(small, square()))).isEmpty();
  }
}
