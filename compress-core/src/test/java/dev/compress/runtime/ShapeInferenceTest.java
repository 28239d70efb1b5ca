package dev.compress.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.InvalidModelException;
import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Extras;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.SparseInitializer;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ShapeInferenceTest {
  private static final ElementType FLOAT = ElementType.FLOAT;

  private static List<Dim> dims(Object... dims) {
    return java.util.Arrays.stream(dims)
        .map(d -> d instanceof String s ? Dim.of(s) : Dim.of(((Number) d).longValue()))
        .toList();
  }

  @Test
  void largeWeightsAreNotNeededAndSymbolsAreKept() {
    OnnxModel model =
        new TinyModels()
            .input("x", FLOAT, "batch", 3, 32, 32)
            .constant("w", TinyModels.normal(1, 1, 16, 3, 3, 3))
            .node("Conv", "c", List.of("x", "w"), List.of("y"), Attribute.of("strides", ints(2, 2)))
            .node("Relu", "", List.of("y"), List.of("z"))
            .output("z", FLOAT, "batch", 16, 15, 15)
            .build();
    Shapes shapes = ShapeInference.infer(model);
    assertThat(shapes.warnings()).isEmpty();
    assertThat(shapes.dims("y")).contains(dims("batch", 16, 15, 15));
    assertThat(shapes.dims("w")).contains(dims(16, 3, 3, 3));
    assertThat(shapes.dims("x")).contains(dims("batch", 3, 32, 32));
    assertThat(shapes.fixedShape("y")).isEmpty();
    Shapes bound = ShapeInference.infer(model, Map.of("x", Shape.of(5, 3, 32, 32)));
    assertThat(bound.fixedShape("z")).contains(Shape.of(5, 16, 15, 15));
  }

  private static long[] ints(long... values) {
    return values;
  }

  @Test
  void aReshapeToAComputedShapeIsFound() {
    // [batch, 4, 6] -> [batch, 24] through Shape, Gather, Unsqueeze, Concat.
    OnnxModel model =
        new TinyModels()
            .input("x", FLOAT, "batch", 4, 6)
            .constant("zero", Tensor.ofLongs(Shape.scalar(), 0))
            .constant("axis", TinyModels.longs(0))
            .constant("rest", TinyModels.longs(-1))
            .node("Shape", "", List.of("x"), List.of("s"))
            .node("Gather", "", List.of("s", "zero"), List.of("n"))
            .node("Unsqueeze", "", List.of("n", "axis"), List.of("n1"))
            .node("Concat", "", List.of("n1", "rest"), List.of("to"), Attribute.of("axis", 0))
            .node("Reshape", "", List.of("x", "to"), List.of("y"))
            .node("Relu", "", List.of("y"), List.of("z"))
            .outputOfAnyShape("z", FLOAT)
            .build();
    Shapes shapes = ShapeInference.infer(model);
    assertThat(shapes.dims("y")).contains(dims("batch", 24));
    assertThat(shapes.dims("z")).contains(dims("batch", 24));
    assertThat(shapes.dims("n")).contains(List.of());
    assertThat(shapes.element("s")).contains(ElementType.INT64);
  }

  @Test
  void whatDoesNotHangOnAnUnknownOperatorIsStillFound() {
    TinyModels tiny =
        new TinyModels()
            .input("x", FLOAT, 2, 8)
            .constant("w", TinyModels.normal(1, 1, 8, 64))
            .node("MatMul", "m", List.of("x", "w"), List.of("known"))
            .node("Mystery", "", List.of("known"), List.of("hidden"))
            .node("Relu", "", List.of("hidden"), List.of("behind"))
            .node("Mystery", "", List.of("known"), List.of("declared"))
            .node("Relu", "", List.of("declared"), List.of("after"))
            .output("behind", FLOAT, 2, 7)
            .output("after", FLOAT, 2, 9);
    OnnxModel model = tiny.build();
    Graph graph =
        model
            .graph()
            .withValueInfos(List.of(ValueInfo.of("declared", ValueType.tensor(FLOAT, dims(2, 9)))));
    Shapes shapes = ShapeInference.infer(model.withGraph(graph));
    assertThat(shapes.warnings()).singleElement().asString().contains("Mystery");
    assertThat(shapes.dims("known")).contains(dims(2, 64));
    assertThat(shapes.dims("hidden")).isEmpty();
    assertThat(shapes.dims("behind")).contains(dims(2, 7));
    assertThat(shapes.dims("after")).contains(dims(2, 9));
  }

  @Test
  void contradictingShapesNameTheNodeEvenIfItHasNoName() {
    OnnxModel model =
        new TinyModels()
            .input("x", FLOAT, 2, 8)
            .constant("w", TinyModels.normal(1, 1, 9, 64))
            .node("MatMul", "", List.of("x", "w"), List.of("y"))
            .output("y", FLOAT, 2, 64)
            .build();
    assertThatThrownBy(() -> ShapeInference.infer(model))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("MatMul(y)");
  }

  @Test
  void operatorsThatCannotTakeWhatTheyAreGivenAreAnInvalidModel() {
    OnnxModel words =
        new TinyModels()
            .input("x", FLOAT, 1, 3, 8, 8)
            .constant("w", TinyModels.normal(1, 1, 4, 3, 3, 3))
            .node("Conv", "", List.of("x", "w"), List.of("y"), Attribute.of("strides", "two"))
            .output("y", FLOAT, "n", 4, 6, 6)
            .build();
    assertThatThrownBy(() -> ShapeInference.infer(words))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContainingAll("strides", "STRING");
    OnnxModel integers =
        new TinyModels()
            .input("x", FLOAT, 1, 3, 8, 8)
            .constant("w", TinyModels.normal(1, 1, 4, 3, 3, 3))
            .constant("b", Tensor.ofLongs(Shape.of(4), 1, 2, 3, 4))
            .node("Conv", "", List.of("x", "w", "b"), List.of("y"))
            .output("y", FLOAT, "n", 4, 6, 6)
            .build();
    assertThatThrownBy(() -> ShapeInference.infer(integers))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContainingAll("tensor(int64)", "Conv(y)");
    OnnxModel nothing =
        new TinyModels()
            .constant("w", TinyModels.normal(1, 1, 4, 3))
            .node("MatMul", "", List.of("", "w"), List.of("y"))
            .output("y", FLOAT, "n", 3)
            .build();
    assertThatThrownBy(() -> ShapeInference.infer(nothing))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContainingAll("MatMul(y)", "empty string");
  }

  /** As in nets for speech, one branch for each rate: 512 samples fit one and not the other. */
  @Test
  void branchThatTheInputsDoNotEnterContradictsNothing() {
    OnnxModel model =
        new TinyModels()
            .input("x", FLOAT, "n")
            .input("which", ElementType.BOOL)
            .node(
                "If",
                "rates",
                List.of("which"),
                List.of("y"),
                Attribute.of("then_branch", branch("wide", 512)),
                Attribute.of("else_branch", branch("narrow", 256)))
            .node("Relu", "", List.of("x"), List.of("z"))
            .outputOfAnyShape("y", FLOAT)
            .outputOfAnyShape("z", FLOAT)
            .build();
    Shapes shapes =
        ShapeInference.infer(model, Map.of("x", Shape.of(512), "which", Shape.scalar()));
    assertThat(shapes.fixedShape("z")).contains(Shape.of(512));
    assertThat(shapes.element("y")).contains(FLOAT);
    assertThat(shapes.warnings()).singleElement().asString().contains("If");
  }

  private static Graph branch(String name, long samples) {
    return Graph.of(
        name,
        List.of(Node.of("MatMul", name, List.of("x", name + "_w"), List.of(name + "_y"))),
        List.of(Initializer.of(name + "_w", TinyModels.normal(1, 1, samples, 3))),
        List.of(),
        List.of(ValueInfo.of(name + "_y", ValueType.tensor(FLOAT))));
  }

  @Test
  void largeConstantNodesAndFilledOnesBecomeKnownWithoutBeingMade() {
    OnnxModel model =
        new TinyModels()
            .input("x", FLOAT, 1, 512)
            // 2 TiB of zeros, if the runtime were to fold it.
            .constant("huge", TinyModels.longs(512, 1L << 30))
            .node("ConstantOfShape", "", List.of("huge"), List.of("w"))
            .node(
                "Constant",
                "",
                List.of(),
                List.of("c"),
                Attribute.of("value", TinyModels.normal(3, 1, 512, 20)))
            .node("MatMul", "", List.of("x", "w"), List.of("y"))
            .node("MatMul", "", List.of("x", "c"), List.of("z"))
            .output("y", FLOAT, 1, 1L << 30)
            .output("z", FLOAT, 1, 20)
            .build();
    Shapes shapes = ShapeInference.infer(model);
    assertThat(shapes.dims("y")).contains(dims(1, 1L << 30));
    assertThat(shapes.dims("w")).contains(dims(512, 1L << 30));
    assertThat(shapes.dims("c")).contains(dims(512, 20));
    assertThat(shapes.dims("z")).contains(dims(1, 20));
  }

  @Test
  void sparseInitializersAndThoseAmongTheInputsCount() {
    TinyModels tiny =
        new TinyModels()
            .input("x", FLOAT, "n", 4)
            .input("to", ElementType.INT64, 2)
            .constant("to", TinyModels.longs(-1, 2))
            .node("MatMul", "", List.of("x", "s"), List.of("y"))
            .node("Reshape", "", List.of("y", "to"), List.of("z"))
            .outputOfAnyShape("z", FLOAT);
    tiny.ir = 3;
    OnnxModel model = tiny.build();
    Graph old = model.graph();
    SparseInitializer sparse =
        new SparseInitializer(
            Initializer.of("s", Tensor.ofFloats(Shape.of(2), 1, 2)),
            Initializer.of("", Tensor.ofLongs(Shape.of(2), 1, 7)),
            List.of(4L, 6L),
            Extras.NONE);
    Graph graph =
        new Graph(
            old.name(),
            old.nodes(),
            old.initializers(),
            List.of(sparse),
            old.inputs(),
            old.outputs(),
            List.of(),
            "",
            Map.of(),
            Extras.NONE);
    Shapes shapes = ShapeInference.infer(model.withGraph(graph));
    assertThat(shapes.dims("y")).contains(dims("n", 6));
    assertThat(shapes.rank("z")).hasValue(2);
    assertThat(shapes.dims("z").orElseThrow().get(1)).isEqualTo(Dim.of(2));
  }

  @Test
  void optionalOutputsMayBeLeftOutAndDeclaredSizesDoNotBind() {
    OnnxModel model =
        new TinyModels()
            .input("x", FLOAT, 5, 1, 6)
            .constant("w", TinyModels.normal(1, 1, 1, 12, 6))
            .constant("r", TinyModels.normal(2, 1, 1, 12, 3))
            .node(
                "LSTM",
                "",
                List.of("x", "w", "r"),
                List.of("", "h"),
                Attribute.of("hidden_size", 3))
            .output("h", FLOAT, 1, 1, 3)
            .build();
    assertThat(ShapeInference.infer(model).dims("h")).contains(dims(1, 1, 3));
    assertThat(ShapeInference.infer(model, Map.of("x", Shape.of(5, 7, 6))).fixedShape("h"))
        .contains(Shape.of(1, 7, 3));
  }

  @Test
  void macsFollowTheirDefinitions() {
    OnnxModel model =
        new TinyModels()
            .input("x", FLOAT, "n", 8, 10, 10)
            .constant("w", TinyModels.normal(1, 1, 6, 4, 3, 3))
            .constant("t", TinyModels.normal(2, 1, 6, 5, 2, 2))
            .constant("flat", TinyModels.longs(0, -1))
            .node("Conv", "conv", List.of("x", "w"), List.of("a"), Attribute.of("group", 2))
            .node("ConvTranspose", "up", List.of("a", "t"), List.of("b"))
            .node("Reshape", "", List.of("b", "flat"), List.of("c"))
            .outputOfAnyShape("c", FLOAT)
            .build();
    MacCount count = MacCounter.count(model, 3, 1);
    Node conv = model.graph().nodes().get(0);
    Node up = model.graph().nodes().get(1);
    assertThat(count.of(conv)).hasValue(3L * 6 * 8 * 8 * (4 * 3 * 3));
    assertThat(count.of(up)).hasValue(3L * 6 * 8 * 8 * (5 * 2 * 2));
    assertThat(count.of(model.graph().nodes().get(2))).isEmpty();
    assertThat(count.total()).isEqualTo(count.of(conv).getAsLong() + count.of(up).getAsLong());
  }

  @Test
  void macsOfMatrixProductsRecurrencesAndSums() {
    OnnxModel model =
        new TinyModels()
            .input("x", FLOAT, 5, 2, 6)
            .input("s", FLOAT, 9, 4)
            .constant("w", TinyModels.normal(1, 1, 1, 12, 6))
            .constant("r", TinyModels.normal(2, 1, 1, 12, 3))
            .constant("m", TinyModels.normal(3, 1, 6, 7))
            .constant("g", TinyModels.normal(4, 1, 11, 9))
            .node("LSTM", "l", List.of("x", "w", "r"), List.of("y"), Attribute.of("hidden_size", 3))
            .node("MatMul", "m", List.of("x", "m"), List.of("mm"))
            .node(
                "Gemm",
                "g",
                List.of("s", "g"),
                List.of("gg"),
                Attribute.of("transA", 1),
                Attribute.of("transB", 1))
            .node(
                "Einsum",
                "e",
                List.of("x", "x"),
                List.of("ee"),
                Attribute.of("equation", "tbi,tbj->bij"))
            .outputOfAnyShape("y", FLOAT)
            .outputOfAnyShape("mm", FLOAT)
            .outputOfAnyShape("gg", FLOAT)
            .outputOfAnyShape("ee", FLOAT)
            .build();
    assertThat(MacCounter.count(model, 1, 1).nodes().stream().map(MacCount.NodeMacs::macs))
        .containsExactly(5L * 2 * (12 * 6 + 12 * 3), 5L * 2 * 7 * 6, 4L * 11 * 9, 5L * 2 * 6 * 6);
  }
}
