package dev.compress.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.InvalidModelException;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class GraphValidatorTest {
  private static final ValueType VECTOR = ValueType.tensor(ElementType.FLOAT, List.of(Dim.of(2)));

  private static ValueInfo value(String name) {
    return ValueInfo.of(name, VECTOR);
  }

  private static Node relu(String name, String input, String output) {
    return Node.of("Relu", name, List.of(input), List.of(output));
  }

  private static Initializer constant(String name) {
    return Initializer.of(name, Tensor.ofFloats(Shape.of(2), 1, 2));
  }

  private static Graph graph(List<Node> nodes, Initializer... initializers) {
    return Graph.of("g", nodes, List.of(initializers), List.of(value("x")), List.of(value("y")));
  }

  private static GraphValidator.Checked check(Graph graph) {
    return GraphValidator.check(OnnxModel.of(8, 17, graph));
  }

  private static void refused(Graph graph, String... words) {
    assertThatThrownBy(() -> check(graph))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContainingAll(words);
  }

  @Test
  void aGoodModelIsReturnedAsItIs() {
    OnnxModel model = OnnxModel.of(8, 17, graph(List.of(relu("a", "x", "h"), relu("b", "h", "y"))));
    assertThat(GraphValidator.check(model).model()).isSameAs(model);
    assertThat(GraphValidator.check(model).warnings()).isEmpty();
  }

  @Test
  void disorderIsSortedWithAWarning() {
    Graph graph = graph(List.of(relu("b", "h", "y"), relu("a", "x", "h")));
    GraphValidator.Checked checked = check(graph);
    assertThat(checked.model().graph().nodes()).extracting(Node::name).containsExactly("a", "b");
    assertThat(checked.warnings()).singleElement().asString().contains("sorted");
  }

  /** ONNX Runtime 1.29 divides by it while it loads the model, and the process ends. */
  @Test
  void noGroupsAreRefused() {
    for (String op : List.of("Conv", "ConvTranspose")) {
      Node none = Node.of(op, "conv", List.of("x", "w"), List.of("y"), Attribute.of("group", 0));
      refused(graph(List.of(none), constant("w")), "conv", "group of 0");
    }
  }

  @Test
  void theSmallestIntegerByMinusOneIsRefused() {
    for (String op : List.of("Div", "Mod")) {
      Node division = Node.of(op, "division", List.of("w", "v"), List.of("y"));
      Initializer minusOne = Initializer.of("v", Tensor.ofLongs(Shape.of(1), -1));
      refused(
          graph(
              List.of(division),
              Initializer.of("w", Tensor.ofLongs(Shape.of(2), 6, Long.MIN_VALUE)),
              minusOne),
          "division",
          "by -1");
      Initializer usual = Initializer.of("w", Tensor.ofLongs(Shape.of(2), 6, 7));
      assertThat(check(graph(List.of(division), usual, minusOne)).warnings()).isEmpty();
    }
  }

  /** On each of these ONNX Runtime 1.29 ends the process while it loads the model. */
  @Test
  void whatEndsTheProcessOfTheRuntimeIsRefused() {
    Initializer odd = Initializer.of("w", Tensor.ofLongs(Shape.of(2), 0, Long.MIN_VALUE));
    Initializer none = Initializer.of("w", Tensor.ofFloats(Shape.of(1, 0)));
    List<String> both = List.of("x", "w");
    List<String> y = List.of("y");
    refused(graph(List.of(Node.of("Trilu", "n", both, y)), odd), "n", "diagonal");
    refused(graph(List.of(Node.of("OneHot", "n", List.of("x", "w", "x"), y)), odd), "2 depths");
    refused(graph(List.of(Node.of("OneHot", "n", List.of("x", "x", "w"), y)), none), "0 values");
    refused(graph(List.of(Node.of("SplitToSequence", "n", both, y)), odd), "no size");
    refused(graph(List.of(Node.of("ReduceSum", "n", List.of("w"), y)), none), "without elements");
    for (Attribute attribute :
        List.of(
            Attribute.of("axis", 1L << 31),
            Attribute.of("axes", new long[] {0, Long.MIN_VALUE}),
            Attribute.of("batch_dims", -100),
            Attribute.of("batch_dims", Long.MAX_VALUE))) {
      refused(graph(List.of(Node.of("GatherND", "n", both, y, attribute)), odd), "n");
    }
    refused(
        graph(
            List.of(Node.of("Split", "n", List.of("x"), y, Attribute.of("num_outputs", 1L << 31)))),
        "number of outputs");
    Node fine = Node.of("ReduceSum", "n", both, y, Attribute.of("axis", -64));
    Initializer axes = Initializer.of("w", Tensor.ofLongs(Shape.of(2), 0, -1));
    assertThat(check(graph(List.of(fine), axes)).warnings()).isEmpty();
  }

  @Test
  void windowsBeyondAllBoundsAreRefused() {
    Node conv = Node.of("Conv", "conv", List.of("x", "w"), List.of("y"));
    for (Node odd :
        List.of(
            conv.withAttribute(Attribute.of("strides", new long[] {0L})),
            conv.withAttribute(Attribute.of("kernel_shape", new long[] {-3L})),
            conv.withAttribute(Attribute.of("kernel_shape", new long[] {256L}))
                .withAttribute(Attribute.of("dilations", new long[] {Integer.MAX_VALUE})),
            conv.withAttribute(Attribute.of("strides", new long[] {1L}))
                .withAttribute(Attribute.of("pads", new long[] {Long.MIN_VALUE, 0L})))) {
      refused(graph(List.of(odd), constant("w")), "conv", "which is impossible");
    }
    Node fine =
        conv.withAttribute(Attribute.of("kernel_shape", new long[] {3L}))
            .withAttribute(Attribute.of("dilations", new long[] {1L << 20}))
            .withAttribute(Attribute.of("pads", new long[] {-1L, 7L}));
    assertThat(check(graph(List.of(fine), constant("w"))).warnings()).isEmpty();
  }

  @Test
  void aCycleIsRefused() {
    refused(graph(List.of(relu("a", "y", "h"), relu("b", "h", "y"))), "cycle");
    refused(graph(List.of(relu("self", "y", "y"))), "cycle", "self");
  }

  @Test
  void whatNothingMakesIsRefused() {
    refused(graph(List.of(relu("a", "nowhere", "y"))), "Node a", "nowhere");
    refused(graph(List.of(relu("a", "x", "z"))), "output 'y'");
  }

  @Test
  void whatIsMadeTwiceIsRefused() {
    refused(graph(List.of(relu("a", "x", "y"), relu("b", "x", "y"))), "a", "b", "y");
    refused(graph(List.of(relu("a", "x", "x"), relu("b", "x", "y"))), "a", "x");
    refused(graph(List.of(relu("a", "x", "w"), relu("b", "x", "y")), constant("w")), "w");
    refused(graph(List.of(relu("a", "x", "y")), constant("w"), constant("w")), "two", "w");
    refused(
        Graph.of(
            "g",
            List.of(relu("a", "x", "y")),
            List.of(),
            List.of(value("x"), value("x")),
            List.of(value("y"))),
        "twice",
        "x");
  }

  @Test
  void emptyNamesAreRefused() {
    refused(graph(List.of(relu("a", "x", "y")), constant("")), "initializer without a name");
    refused(
        Graph.of("g", List.of(), List.of(), List.of(value("")), List.of()), "input without a name");
    refused(graph(List.of(Node.of("", "blank", List.of("x"), List.of("y")))), "op type", "blank");
  }

  @Test
  void optionalInputsAndOutputsMayBeLeftOut() {
    Node node = Node.of("Clip", "c", List.of("x", "", "w"), List.of("y", ""));
    Node other = Node.of("Clip", "d", List.of("x"), List.of("z", ""));
    assertThat(check(graph(List.of(node, other), constant("w"))).warnings()).isEmpty();
  }

  @Test
  void anInitializerMustFitItsDeclaration() {
    refused(
        graph(
            List.of(relu("a", "x", "y")),
            Initializer.of("x", Tensor.ofFloats(Shape.of(3), 1, 2, 3))),
        "x",
        "float[3]",
        "float[2]");
    refused(
        graph(List.of(relu("a", "x", "y")), Initializer.of("x", Tensor.ofLongs(Shape.of(2), 1, 2))),
        "int64[2]");
    Graph odd =
        graph(
            List.of(relu("a", "x", "y")),
            Initializer.of("x", Tensor.ofFloats(Shape.of(1, 2), 1, 2)));
    assertThat(check(odd).warnings()).singleElement().asString().contains("x");
    assertThat(check(graph(List.of(relu("a", "x", "y")), constant("x"))).warnings()).isEmpty();
  }

  @Test
  void operatorSetsMustBeImported() {
    Node foreign =
        new Node(
            "f",
            "Gelu",
            "com.microsoft",
            "",
            List.of("x"),
            List.of("y"),
            List.of(),
            "",
            Extras.NONE);
    refused(graph(List.of(foreign)), "f", "Gelu", "com.microsoft");
    OnnxModel imported = OnnxModel.of(8, 17, graph(List.of(foreign))).withOpset("com.microsoft", 1);
    assertThat(GraphValidator.check(imported).model()).isSameAs(imported);
  }

  private static Node branch(String name, Graph then, String output) {
    return Node.of("If", name, List.of("x"), List.of(output), Attribute.of("then_branch", then));
  }

  private static Graph body(Node... nodes) {
    return Graph.of("body", List.of(nodes), List.of(), List.of(), List.of(value("t")));
  }

  @Test
  void subgraphsSeeTheGraphsAroundThem() {
    Graph inner = body(branch("deeper", body(relu("r", "h", "t")), "t"));
    List<Node> nodes = List.of(relu("a", "x", "h"), branch("if", inner, "y"));
    assertThat(check(graph(nodes)).warnings()).isEmpty();
    // but not the other way round
    refused(
        graph(List.of(branch("if", body(relu("r", "x", "t")), "z"), relu("a", "t", "y"))),
        "a",
        "t");
    refused(graph(List.of(branch("if", body(relu("r", "nowhere", "t")), "y"))), "r", "nowhere");
  }

  @Test
  void whatASubgraphReadsCountsForTheOrder() {
    List<Node> nodes = List.of(branch("if", body(relu("r", "h", "t")), "y"), relu("a", "x", "h"));
    assertThat(check(graph(nodes)).model().graph().nodes())
        .extracting(Node::name)
        .containsExactly("a", "if");
    refused(graph(List.of(branch("if", body(relu("r", "y", "t")), "y"))), "cycle", "if");
  }

  @Test
  void subgraphsAreSortedToo() {
    Graph inner = body(relu("second", "i", "t"), relu("first", "x", "i"));
    GraphValidator.Checked checked = check(graph(List.of(branch("if", inner, "y"))));
    assertThat(checked.warnings()).singleElement().asString().contains("then_branch", "if");
    Node node = checked.model().graph().nodes().get(0);
    assertThat(node.subgraphs().get(0).nodes())
        .extracting(Node::name)
        .containsExactly("first", "second");
  }

  @Test
  void sparseConstantsMustFitTogether() {
    assertThat(check(sparse(List.of(3L, 3L), Tensor.ofLongs(Shape.of(2), 1, 8))).warnings())
        .isEmpty();
    assertThat(
            check(sparse(List.of(3L, 3L), Tensor.ofLongs(Shape.of(2, 2), 0, 1, 2, 2))).warnings())
        .isEmpty();
    refused(sparse(List.of(3L, 3L), Tensor.ofLongs(Shape.of(3), 1, 2, 8)), "s", "[3, 3]");
    refused(sparse(List.of(3L, 3L), Tensor.ofInts(Shape.of(2), 1, 2)), "s", "int32");
    refused(sparse(List.of(-1L), Tensor.ofLongs(Shape.of(2), 1, 2)), "s", "Negative");
    refused(sparse(List.of(1L), Tensor.ofLongs(Shape.of(2), 1, 2)), "s", "[1]");
  }

  private static Graph sparse(List<Long> dims, Tensor indices) {
    SparseInitializer sparse =
        new SparseInitializer(constant("s"), Initializer.of("", indices), dims, Extras.NONE);
    Graph plain = graph(List.of(relu("a", "s", "y")));
    return new Graph(
        plain.name(),
        plain.nodes(),
        List.of(),
        List.of(sparse),
        plain.inputs(),
        plain.outputs(),
        List.of(),
        "",
        plain.metadata(),
        Extras.NONE);
  }

  private static Function function(String name, String calls) {
    Node call =
        new Node("", calls, "local", "", List.of("a"), List.of("b"), List.of(), "", Extras.NONE);
    return new Function("local", name, "", List.of(call), List.of(), Extras.NONE);
  }

  @Test
  void functionsMustNotCallThemselves() {
    Graph graph = graph(List.of(relu("a", "x", "y")));
    assertThatThrownBy(() -> GraphValidator.check(with(graph, function("f", "f"))))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("f calls itself");
    assertThatThrownBy(
            () -> GraphValidator.check(with(graph, function("f", "g"), function("g", "f"))))
        .isInstanceOf(InvalidModelException.class);
    assertThatThrownBy(
            () -> GraphValidator.check(with(graph, function("f", "g"), function("f", "g"))))
        .hasMessageContaining("twice");
    OnnxModel good = with(graph, function("f", "g"), function("g", "h"), function("i", "g"));
    assertThat(GraphValidator.check(good).model()).isSameAs(good);
  }

  private static OnnxModel with(Graph graph, Function... functions) {
    OnnxModel model = OnnxModel.of(8, 17, graph);
    return new OnnxModel(
        8,
        model.opsets(),
        "",
        "",
        "",
        0,
        "",
        graph,
        model.metadata(),
        List.of(functions),
        Extras.NONE);
  }
}
