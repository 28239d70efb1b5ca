package dev.compress.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.Attribute;
import dev.compress.graph.Extras;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.pass.PassResult;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Compared with what ONNX Runtime makes of the float16 model. */
class WidenFloat16Test {
  /** float16 has 11 bits; a few sums are rounded to them in the model as it was. */
  private static final double HALF_ROUNDING = 4e-3;

  private static ValueInfo half(String name, long... dims) {
    return Check.value(name, ElementType.FLOAT16, dims);
  }

  private static Initializer halves(String name, long seed, long... dims) {
    return Check.weights(name, ElementType.FLOAT16, seed, dims);
  }

  private static Node cast(String from, String to, ElementType type) {
    return Node.of("Cast", "", List.of(from), List.of(to), Attribute.of("to", type.code()));
  }

  private static void hasNoHalfInside(OnnxModel model) {
    assertThat(model.graph().initializers()).noneMatch(i -> HalfValues.isHalf(i.tensor().type()));
    assertThat(model.graph().nodes())
        .filteredOn(n -> n.outputs().stream().noneMatch(o -> isOutput(model, o)))
        .noneMatch(n -> n.attributes().stream().anyMatch(HalfValues::isType));
    model.graph().nodes().stream()
        .flatMap(n -> n.subgraphs().stream())
        .forEach(g -> assertThat(HalfValues.isIn(g)).isFalse());
  }

  private static boolean isOutput(OnnxModel model, String value) {
    return model.graph().outputs().stream().anyMatch(o -> o.name().equals(value));
  }

  @Test
  void computesInFloatBetweenHalfInputsAndOutputs() {
    OnnxModel model =
        Check.model(
            13,
            List.of(half("x", 1, 3, 8, 8)),
            List.of(half("y", 1, 4, 6, 6), half("r", 1, 4, 6, 6)),
            List.of(halves("w", 1, 4, 3, 3, 3), halves("b", 2, 4)),
            Node.of("Conv", "conv", List.of("x", "w", "b"), List.of("c")),
            Node.of("Relu", "", List.of("c"), List.of("r")),
            Node.of("Add", "", List.of("r", "c"), List.of("y")));
    PassResult result = Check.apply(new WidenFloat16(true), model, HALF_ROUNDING);
    hasNoHalfInside(result.model());
    assertThat(result.model().graph().inputs()).isEqualTo(model.graph().inputs());
    assertThat(Check.text(result.model()))
        .containsExactly(
            "Cast(x) -> x_f",
            "Conv(x_f, w, b) -> c",
            "Relu(c) -> r_f",
            "Add(r_f, c) -> y_f",
            "Cast(y_f) -> y",
            "Cast(r_f) -> r");
  }

  @Test
  void widensWeightsThatAreStoredInHalfAndCast() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2, 16)),
            List.of(Check.floats("y", 2, 8)),
            List.of(halves("w", 1, 16, 8)),
            cast("w", "w_float", ElementType.FLOAT),
            Node.of("MatMul", "", List.of("x", "w_float"), List.of("y")));
    PassResult result = Check.apply(new WidenFloat16(true), model, 0);
    assertThat(Check.text(new RemoveIdentity().apply(result.model(), Check.context()).model()))
        .containsExactly("MatMul(x, w) -> y");
  }

  @Test
  void widensBodiesWithWhatTheyCapture() {
    Graph then =
        Graph.of(
            "then",
            List.of(
                Node.of(
                    "Constant",
                    "",
                    List.of(),
                    List.of("k"),
                    Attribute.of("value", halves("", 3, 4).tensor())),
                Node.of("Mul", "", List.of("x", "k"), List.of("t"))),
            List.of(),
            List.of(),
            List.of(half("t", 2, 4)));
    Graph other =
        Graph.of(
            "else",
            List.of(Node.of("Add", "", List.of("x", "w"), List.of("e"))),
            List.of(),
            List.of(),
            List.of(half("e", 2, 4)));
    OnnxModel model =
        Check.model(
            13,
            List.of(half("x", 2, 4), Check.value("which", ElementType.BOOL)),
            List.of(half("y", 2, 4)),
            List.of(halves("w", 1, 4)),
            Node.of(
                "If",
                "",
                List.of("which"),
                List.of("y"),
                Attribute.of("then_branch", then),
                Attribute.of("else_branch", other)));
    PassResult result = Check.apply(new WidenFloat16(true), model, HALF_ROUNDING);
    hasNoHalfInside(result.model());
  }

  @Test
  void changesTheTypesThatAttributesName() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 3, 3)),
            List.of(half("y", 3, 3)),
            List.of(Check.longs("shape", 3, 3)),
            cast("x", "h", ElementType.FLOAT16),
            Node.of("EyeLike", "", List.of("h"), List.of("eye"), Attribute.of("dtype", 10)),
            Node.of(
                "ConstantOfShape",
                "",
                List.of("shape"),
                List.of("c"),
                Attribute.of(
                    "value",
                    Tensor.ofBytes(ElementType.FLOAT16, Shape.of(1), new byte[] {0x00, 0x3e}))),
            Node.of("Sum", "", List.of("h", "eye", "c"), List.of("y")));
    PassResult result = Check.apply(new WidenFloat16(true), model, HALF_ROUNDING);
    hasNoHalfInside(result.model());
  }

  @Test
  void keepsConstantsAndInputsThatAreOutputs() {
    OnnxModel model =
        Check.model(
            13,
            List.of(half("x", 4)),
            List.of(half("w", 4), half("y", 4), half("z", 4)),
            List.of(halves("w", 1, 4)),
            Node.of("Add", "", List.of("x", "w"), List.of("y")),
            Node.of("Identity", "", List.of("x"), List.of("z")));
    PassResult result = new WidenFloat16(true).apply(model, Check.context());
    assertThat(result.model().graph().outputs()).isEqualTo(model.graph().outputs());
    Check.sameOutputs(model, result.model(), HALF_ROUNDING);
    assertThat(Check.text(result.model())).contains("Add(x_f, w_f) -> y_f");
  }

  @Test
  void leavesAModelWithOperatorsOfOthersThatTouchHalf() {
    Node foreign =
        new Node(
            "mine",
            "Mine",
            "my.domain",
            "",
            List.of("x"),
            List.of("m"),
            List.of(),
            "",
            Extras.NONE);
    OnnxModel model =
        Check.model(
                13,
                List.of(half("x", 4)),
                List.of(half("y", 4)),
                List.of(halves("w", 1, 4)),
                foreign,
                Node.of("Add", "", List.of("m", "w"), List.of("y")))
            .withOpset("my.domain", 1);
    PassResult result = Check.unchanged(new WidenFloat16(true), model);
    assertThat(result.skipped())
        .singleElement()
        .satisfies(s -> assertThat(s.node()).isEqualTo("mine"));
  }

  @Test
  void hasNothingToDoWithoutHalf() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 4)),
            List.of(ValueInfo.of("y", new ValueType.Undeclared())),
            List.of(Check.weights("w", 1, 4)),
            Node.of("Add", "", List.of("x", "w"), List.of("y")));
    assertThat(new WidenFloat16(true).notApplicableTo(model)).isPresent();
    Check.unchanged(new WidenFloat16(true), model);
  }
}
