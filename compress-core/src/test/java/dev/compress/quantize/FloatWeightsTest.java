package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.Attribute;
import dev.compress.graph.Extras;
import dev.compress.graph.Function;
import dev.compress.graph.Graph;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.OpsetImport;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is left in float is told of, each with its reason; a tied embedding is not left. */
class FloatWeightsTest {
  private static final QuantizeInt8 DYNAMIC =
      TinyNet.int8(QuantizationMode.DYNAMIC, Target.CPU_VNNI);

  private static void assertLeft(TinyNet net, String weight, String reason) {
    TinyNet.Made made = net.after(DYNAMIC);
    assertThat(made.initializer(weight).type().isFloatingPoint()).isTrue();
    assertThat(made.result().skipped())
        .filteredOn(s -> s.detail().equals("weight " + weight))
        .singleElement()
        .extracting(Skipped::reason)
        .isEqualTo(reason);
    assertThat(DYNAMIC.notApplicableTo(net.model())).isEmpty();
    assertThat(DYNAMIC.plan(net.model(), net.context(true)).skipped())
        .isEqualTo(made.result().skipped());
  }

  @Test
  void weightThatIsAnOutputToo() {
    TinyNet net = new TinyNet(4, 128).matMul("m", "x", 128, 512).output("m").output("m.w");
    assertLeft(net, "m.w", "it is an output too");
    assertThat(net.after(DYNAMIC).result().changes()).isEmpty();
  }

  @Test
  void weightReadInsideABranch() {
    Graph branch =
        Graph.of(
            "branch",
            List.of(Node.of("MatMul", "mm", List.of("x", "w"), List.of("b"))),
            List.of(),
            List.of(),
            List.of(ValueInfo.of("b", ValueType.tensor(ElementType.FLOAT))));
    TinyNet net =
        new TinyNet(4, 64)
            .weight("w", 0.1, 64, 64)
            .constant("yes", Tensor.ofBytes(ElementType.BOOL, Shape.scalar(), new byte[] {1}))
            .add(
                Node.of(
                    "If",
                    "if",
                    List.of("yes"),
                    List.of("y"),
                    Attribute.of("then_branch", branch),
                    Attribute.of("else_branch", branch)))
            .output("y");
    assertLeft(net, "w", "it is read inside a subgraph");
  }

  @Test
  void weightInBfloat16BehindACast() {
    TinyNet net =
        new TinyNet(4, 64)
            .constant(
                "w", Tensor.ofBytes(ElementType.BFLOAT16, Shape.of(64, 64), new byte[2 * 64 * 64]))
            .node("Cast", "f", List.of("w"), Attribute.of("to", ElementType.FLOAT.code()))
            .node("MatMul", "y", List.of("x", "f"))
            .output("y");
    assertLeft(net, "w", "its elements are bfloat16, not float");
  }

  @Test
  void weightsOfLocalFunctions() {
    Attribute value = Attribute.of("value", TinyNet.normal(3, 0.1, 64, 64));
    List<Node> body =
        List.of(
            Node.of("Constant", "k", List.of(), List.of("k"), value),
            Node.of("MatMul", "mm", List.of("a", "k"), List.of("b")));
    OnnxModel bare = new TinyNet(4, 64).node("Relu", "y", List.of("x")).output("y").model();
    OnnxModel model = withFunction(bare, body);
    assertThat(DYNAMIC.notApplicableTo(bare)).isPresent();
    assertThat(DYNAMIC.notApplicableTo(model)).isEmpty();
    PassResult result = DYNAMIC.apply(model, new TinyNet(4, 64).context(false));
    assertThat(result.model()).isSameAs(model);
    assertThat(result.skipped())
        .singleElement()
        .satisfies(
            s -> {
              assertThat(s.node()).isEqualTo("Layer");
              assertThat(s.explained()).contains("model-local functions").contains("1 weight");
            });
  }

  private static OnnxModel withFunction(OnnxModel m, List<Node> body) {
    Function layer =
        new Function("my", "Layer", "", body, List.of(new OpsetImport("", 17)), Extras.NONE);
    return new OnnxModel(
        m.irVersion(),
        m.opsets(),
        m.producerName(),
        m.producerVersion(),
        m.domain(),
        m.modelVersion(),
        m.docString(),
        m.graph(),
        m.metadata(),
        List.of(layer),
        m.extras());
  }

  private static TinyNet tied() {
    return new TinyNet(4, 64)
        .weight("emb", 0.1, 300, 64)
        .constant("ids", Tensor.ofLongs(Shape.of(4), 7, 0, 299, 120))
        .node("Gather", "e", List.of("emb", "ids"))
        .node("Add", "s", List.of("x", "e"))
        .node("Transpose", "et", List.of("emb"), TinyNet.ints("perm", 1, 0))
        .node("MatMul", "y", List.of("s", "et"))
        .output("y");
  }

  /** ONNX Runtime runs both: nothing but the 8 bits of one weight may tell them apart. */
  @Test
  void tiedEmbeddingIsStoredOnceForBothOfItsReaders() {
    TinyNet.Made made = tied().after(DYNAMIC);
    assertThat(made.initializer("emb_q").type()).isEqualTo(ElementType.INT8);
    assertThat(made.initializer("emb_s").shape()).isEqualTo(Shape.of(300, 1));
    assertThat(made.model().graph().initializers()).noneMatch(i -> i.name().equals("emb"));
    assertThat(made.result().skipped()).isEmpty();
    assertThat(made.sqnrDb()).isBetween(35.0, 60.0);
    assertThat(made.computing())
        .as("folded when it is loaded")
        .containsExactlyInAnyOrder("Add", "MatMul");
  }

  @Test
  void excludingTheProductLeavesTheTiedEmbedding() {
    QuantizeInt8 pass =
        new QuantizeInt8(
            QuantizationMode.DYNAMIC,
            Target.CPU_VNNI,
            new NodeFilter("y", java.util.Set.of(), ""),
            java.util.Optional.empty(),
            java.util.Set.of());
    TinyNet.Made made = tied().after(pass);
    assertThat(made.result().changes()).isEmpty();
    assertThat(made.result().skipped())
        .singleElement()
        .extracting(Skipped::explained)
        .isEqualTo("excluded (weight emb)");
  }
}
