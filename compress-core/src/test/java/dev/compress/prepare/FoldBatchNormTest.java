package dev.compress.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.compress.graph.Attribute;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.pass.PassResult;
import dev.compress.tensor.ElementType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FoldBatchNormTest {
  private static final FoldBatchNorm PASS = new FoldBatchNorm();
  private static final double TOLERANCE = 2e-5;

  private static List<Initializer> norm(String name, int channels) {
    return List.of(
        Check.weights(name + "_scale", 11, channels),
        Check.weights(name + "_b", 12, channels),
        Check.weights(name + "_mean", 13, channels),
        Check.positive(name + "_var", 14, channels));
  }

  private static Node normNode(String name, String x, String y) {
    return Node.of(
        "BatchNormalization",
        name,
        List.of(x, name + "_scale", name + "_b", name + "_mean", name + "_var"),
        List.of(y),
        Attribute.of("epsilon", 1e-3f));
  }

  private static List<Initializer> all(List<Initializer> some, Initializer... more) {
    List<Initializer> all = new ArrayList<>(some);
    all.addAll(Arrays.asList(more));
    return all;
  }

  private static OnnxModel convNorm(long opset, int groups, boolean bias) {
    List<Initializer> constants =
        all(norm("bn", 6), Check.weights("w", 1, 6, 4 / groups, 3, 3), Check.weights("b", 2, 6));
    Node conv =
        Node.of(
            "Conv",
            "conv",
            bias ? List.of("x", "w", "b") : List.of("x", "w"),
            List.of("c"),
            Attribute.of("group", groups),
            Attribute.of("pads", new long[] {1, 1, 1, 1}));
    return Check.model(
        opset,
        List.of(Check.floats("x", 2, 4, 5, 5)),
        List.of(Check.floats("y", 2, 6, 5, 5)),
        bias ? constants : constants.subList(0, 5),
        conv,
        normNode("bn", "c", "n"),
        Node.of("Relu", "relu", List.of("n"), List.of("y")));
  }

  @ParameterizedTest
  @CsvSource({"7,1,true", "8,2,false", "9,1,false", "13,2,true", "15,1,true"})
  void foldsIntoConv(long opset, int groups, boolean bias) {
    OnnxModel model = convNorm(opset, groups, bias);
    assertThat(Check.text(model))
        .containsExactly(
            bias ? "Conv(x, w, b) -> c" : "Conv(x, w) -> c",
            "BatchNormalization(c, bn_scale, bn_b, bn_mean, bn_var) -> n",
            "Relu(n) -> y");
    PassResult result = Check.apply(PASS, model, TOLERANCE);
    assertThat(Check.text(result.model()))
        .containsExactly(
            bias ? "Conv(x, w, b) -> n" : "Conv(x, w, conv_bias) -> n", "Relu(n) -> y");
    assertThat(Check.initializers(result.model()))
        .containsExactlyInAnyOrder("w", bias ? "b" : "conv_bias");
    assertThat(result.changes())
        .singleElement()
        .satisfies(c -> assertThat(c.node()).isEqualTo("bn"));
    assertThat(result.skipped()).isEmpty();
  }

  @Test
  void computesTheFormulaInDouble() {
    OnnxModel model = convNorm(13, 1, true);
    OnnxModel folded = PASS.apply(model, Check.context()).model();
    float[] w = constant(model, "w");
    float[] folds = constant(folded, "w");
    float[] biases = constant(folded, "b");
    for (int o = 0; o < 6; o++) {
      double a =
          constant(model, "bn_scale")[o] / Math.sqrt(constant(model, "bn_var")[o] + (double) 1e-3f);
      double d = constant(model, "bn_b")[o] - a * constant(model, "bn_mean")[o];
      for (int i = 0; i < 36; i++) {
        assertThat(folds[o * 36 + i]).isEqualTo((float) (w[o * 36 + i] * a));
      }
      assertThat((double) biases[o]).isCloseTo(a * constant(model, "b")[o] + d, within(1e-6));
    }
  }

  private static float[] constant(OnnxModel model, String name) {
    return model.graph().initializers().stream()
        .filter(i -> i.name().equals(name))
        .findFirst()
        .orElseThrow()
        .tensor()
        .toFloats();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void foldsIntoConvTransposeAlongItsOutputAxis(int groups) {
    int outputs = 8;
    List<Initializer> constants =
        all(norm("bn", outputs), Check.weights("w", 1, 4, outputs / groups, 3, 3));
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 1, 4, 5, 5)),
            List.of(Check.floats("y", 1, outputs, 11, 11)),
            constants,
            Node.of(
                "ConvTranspose",
                "up",
                List.of("x", "w"),
                List.of("c"),
                Attribute.of("group", groups),
                Attribute.of("strides", new long[] {2, 2})),
            normNode("bn", "c", "y"));
    PassResult result = Check.apply(PASS, model, TOLERANCE);
    assertThat(Check.text(result.model())).containsExactly("ConvTranspose(x, w, up_bias) -> y");
  }

  @ParameterizedTest
  @CsvSource({"0,1,1", "1,1,1", "1,0.5,2", "0,2,0"})
  void foldsIntoGemm(int transB, float alpha, float beta) {
    List<Initializer> constants =
        all(
            norm("bn", 5),
            transB == 1 ? Check.weights("w", 1, 5, 7) : Check.weights("w", 1, 7, 5),
            Check.weights("c", 2, 1, 5));
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 3, 7)),
            List.of(Check.floats("y", 3, 5)),
            constants,
            Node.of(
                "Gemm",
                "gemm",
                List.of("x", "w", "c"),
                List.of("g"),
                Attribute.of("transB", transB),
                Attribute.of("alpha", alpha),
                Attribute.of("beta", beta)),
            normNode("bn", "g", "y"));
    PassResult result = Check.apply(PASS, model, TOLERANCE);
    assertThat(Check.text(result.model())).containsExactly("Gemm(x, w, c) -> y");
  }

  @Test
  void foldsMatMulAddNormIntoMatMulAndOneAdd() {
    List<Initializer> constants =
        all(norm("bn", 5), Check.weights("w", 1, 7, 5), Check.weights("b", 2, 5));
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 3, 7)),
            List.of(Check.floats("y", 3, 5)),
            constants,
            Node.of("MatMul", "fc", List.of("x", "w"), List.of("m")),
            Node.of("Add", "bias", List.of("b", "m"), List.of("a")),
            normNode("bn", "a", "y"));
    PassResult result = Check.apply(PASS, model, TOLERANCE);
    assertThat(Check.text(result.model()))
        .containsExactly("MatMul(x, w) -> m", "Add(m, fc_bias) -> y");
    assertThat(Check.initializers(result.model())).containsExactlyInAnyOrder("w", "fc_bias");
  }

  @Test
  void leavesMatMulAddAlone() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 3, 7)),
            List.of(Check.floats("y", 3, 5)),
            List.of(Check.weights("w", 1, 7, 5), Check.weights("b", 2, 5)),
            Node.of("MatMul", "fc", List.of("x", "w"), List.of("m")),
            Node.of("Add", "bias", List.of("m", "b"), List.of("y")));
    assertThat(Check.unchanged(PASS, model).skipped()).isEmpty();
  }

  @Test
  void foldsAChainOfArithmetic() {
    OnnxModel model =
        Check.model(
            9,
            List.of(Check.floats("x", 2, 3, 6, 6)),
            List.of(Check.floats("y", 2, 4, 6, 6)),
            all(
                norm("bn", 4),
                Check.weights("w", 1, 4, 3, 1, 1),
                Check.weights("add", 2, 4, 1, 1),
                Check.weights("mul", 3, 1, 4, 1, 1),
                Check.positive("div", 4, 4, 1, 1),
                Check.number("sub", 0.25f)),
            Node.of("Conv", "conv", List.of("x", "w"), List.of("c")),
            Node.of("Add", "", List.of("add", "c"), List.of("c1")),
            normNode("bn", "c1", "c2"),
            Node.of("Mul", "", List.of("c2", "mul"), List.of("c3")),
            Node.of("Div", "", List.of("c3", "div"), List.of("c4")),
            Node.of("Sub", "", List.of("sub", "c4"), List.of("y")));
    PassResult result = Check.apply(PASS, model, TOLERANCE);
    assertThat(Check.text(result.model())).containsExactly("Conv(x, w, conv_bias) -> y");
    assertThat(Check.initializers(result.model())).containsExactlyInAnyOrder("w", "conv_bias");
  }

  @ParameterizedTest
  @ValueSource(strings = {"spatial", "wide"})
  void doesNotFoldWhatIsNotAChannel(String kind) {
    // [6] broadcasts along the width, not along the channels; [1, 1, 1, 1, 6...] adds a dim.
    Initializer other =
        kind.equals("spatial") ? Check.weights("k", 2, 6) : Check.weights("k", 2, 1, 1, 1, 1, 1);
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2, 3, 6, 6)),
            List.of(Check.unknown("y", ElementType.FLOAT)),
            List.of(Check.weights("w", 1, 6, 3, 1, 1), other),
            Node.of("Conv", "conv", List.of("x", "w"), List.of("c")),
            Node.of("Mul", "mul", List.of("c", "k"), List.of("y")));
    Check.unchanged(PASS, model);
  }

  @Test
  void doesNotFoldConstantOverX() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2, 3, 6, 6)),
            List.of(Check.floats("y", 2, 6, 6, 6)),
            List.of(Check.weights("w", 1, 6, 3, 1, 1), Check.number("one", 1)),
            Node.of("Conv", "conv", List.of("x", "w"), List.of("c")),
            Node.of("Div", "div", List.of("one", "c"), List.of("y")));
    Check.unchanged(PASS, model);
  }

  @Test
  void skipsAnOutputThatIsReadTwice() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2, 3, 6, 6)),
            List.of(Check.floats("y", 2, 4, 6, 6)),
            all(norm("bn", 4), Check.weights("w", 1, 4, 3, 1, 1)),
            Node.of("Conv", "conv", List.of("x", "w"), List.of("c")),
            normNode("bn", "c", "n"),
            Node.of("Add", "add", List.of("c", "n"), List.of("y")));
    assertThat(Check.unchanged(PASS, model).skipped())
        .singleElement()
        .satisfies(s -> assertThat(s.explained()).contains("conv", "read by others"));
  }

  @Test
  void skipsAGraphOutputBetween() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2, 3, 6, 6)),
            List.of(Check.floats("y", 2, 4, 6, 6), Check.floats("c", 2, 4, 6, 6)),
            all(norm("bn", 4), Check.weights("w", 1, 4, 3, 1, 1)),
            Node.of("Conv", "conv", List.of("x", "w"), List.of("c")),
            normNode("bn", "c", "y"));
    assertThat(Check.unchanged(PASS, model).skipped()).hasSize(1);
  }

  @Test
  void skipsASharedWeightButFoldsItsAdd() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2, 3, 6, 6)),
            List.of(Check.floats("y", 2, 4, 6, 6), Check.floats("z", 2, 4, 6, 6)),
            all(norm("bn", 4), Check.weights("w", 1, 4, 3, 1, 1), Check.weights("k", 2, 4, 1, 1)),
            Node.of("Conv", "one", List.of("x", "w"), List.of("c")),
            normNode("bn", "c", "y"),
            Node.of("Conv", "two", List.of("x", "w"), List.of("d")),
            Node.of("Add", "add", List.of("d", "k"), List.of("z")));
    PassResult result = Check.apply(PASS, model, TOLERANCE);
    assertThat(Check.operators(result.model()))
        .containsExactlyInAnyOrder("Conv", "BatchNormalization", "Conv");
    assertThat(result.skipped())
        .singleElement()
        .satisfies(
            s -> {
              assertThat(s.node()).isEqualTo("bn");
              assertThat(s.reason()).contains("w", "shared");
            });
  }

  @Test
  void skipsWhatIsNotConstantOrInTraining() {
    List<Initializer> parameters = norm("bn", 4);
    List<ValueInfo> inputs = List.of(Check.floats("x", 2, 3, 6, 6), Check.floats("bn_scale", 4));
    OnnxModel fed =
        Check.model(
            13,
            inputs,
            List.of(Check.floats("y", 2, 4, 6, 6)),
            all(parameters.subList(1, 4), Check.weights("w", 1, 4, 3, 1, 1)),
            Node.of("Conv", "conv", List.of("x", "w"), List.of("c")),
            normNode("bn", "c", "y"));
    assertThat(Check.unchanged(PASS, fed).skipped())
        .singleElement()
        .satisfies(s -> assertThat(s.reason()).contains("parameter", "not a stored constant"));

    OnnxModel overridable =
        Check.model(
            13,
            inputs,
            List.of(Check.floats("y", 2, 4, 6, 6)),
            all(parameters, Check.weights("w", 1, 4, 3, 1, 1)),
            Node.of("Conv", "conv", List.of("x", "w"), List.of("c")),
            normNode("bn", "c", "y"));
    assertThat(Check.unchanged(PASS, overridable).skipped()).hasSize(1);

    OnnxModel training =
        Check.model(
            15,
            List.of(Check.floats("x", 2, 3, 6, 6)),
            List.of(Check.floats("y", 2, 4, 6, 6)),
            all(parameters, Check.weights("w", 1, 4, 3, 1, 1)),
            Node.of("Conv", "conv", List.of("x", "w"), List.of("c")),
            normNode("bn", "c", "y").withAttribute(Attribute.of("training_mode", 1)));
    assertThat(Check.unchanged(PASS, training).skipped())
        .singleElement()
        .satisfies(s -> assertThat(s.reason()).contains("training"));

    OnnxModel elements =
        Check.model(
            8,
            List.of(Check.floats("x", 2, 3, 6, 6)),
            List.of(Check.floats("y", 2, 4, 6, 6)),
            all(parameters, Check.weights("w", 1, 4, 3, 1, 1)),
            Node.of("Conv", "conv", List.of("x", "w"), List.of("c")),
            normNode("bn", "c", "y").withAttribute(Attribute.of("spatial", 0)));
    assertThat(Check.unchanged(PASS, elements).skipped())
        .singleElement()
        .satisfies(s -> assertThat(s.reason()).contains("spatial"));
  }

  @Test
  void skipsNumbersThatWouldOverflowHalfPrecision() {
    List<Initializer> constants = new ArrayList<>();
    constants.add(Check.weights("w", ElementType.FLOAT16, 1, 4, 3, 1, 1));
    constants.add(
        Initializer.of(
            "k",
            dev.compress.tensor.Tensor.ofBytes(
                ElementType.FLOAT16,
                dev.compress.tensor.Shape.scalar(),
                dev.compress.tensor.FloatCodec.encode(ElementType.FLOAT16, new double[] {65504}))));
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.value("x", ElementType.FLOAT16, 2, 3, 6, 6)),
            List.of(Check.value("y", ElementType.FLOAT16, 2, 4, 6, 6)),
            constants,
            Node.of("Conv", "conv", List.of("x", "w"), List.of("c")),
            Node.of("Mul", "mul", List.of("c", "k"), List.of("y")));
    assertThat(Check.unchanged(PASS, model).skipped())
        .singleElement()
        .satisfies(s -> assertThat(s.reason()).contains("float16"));
  }

  @Test
  void foldsForwardIntoAConvWithoutPadding() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2, 4, 6, 6)),
            List.of(Check.floats("y", 2, 6, 4, 4)),
            all(norm("bn", 4), Check.weights("w", 1, 6, 2, 3, 3), Check.weights("b", 2, 6)),
            normNode("bn", "x", "n"),
            Node.of(
                "Conv", "conv", List.of("n", "w", "b"), List.of("y"), Attribute.of("group", 2)));
    PassResult result = Check.apply(PASS, model, TOLERANCE);
    assertThat(Check.text(result.model())).containsExactly("Conv(x, w, b) -> y");
  }

  @Test
  void doesNotFoldForwardOverPadding() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2, 4, 6, 6)),
            List.of(Check.floats("y", 2, 6, 6, 6)),
            all(norm("bn", 4), Check.weights("w", 1, 6, 4, 3, 3)),
            normNode("bn", "x", "n"),
            Node.of(
                "Conv",
                "conv",
                List.of("n", "w"),
                List.of("y"),
                Attribute.of("pads", new long[] {1, 1, 1, 1})));
    assertThat(Check.unchanged(PASS, model).skipped())
        .singleElement()
        .satisfies(s -> assertThat(s.reason()).contains("pads"));
  }

  @Test
  void foldsForwardIntoGemmAndMatMul() {
    OnnxModel gemm =
        Check.model(
            13,
            List.of(Check.floats("x", 3, 7)),
            List.of(Check.floats("y", 3, 5)),
            all(norm("bn", 7), Check.weights("w", 1, 5, 7), Check.weights("c", 2, 5)),
            normNode("bn", "x", "n"),
            Node.of(
                "Gemm",
                "gemm",
                List.of("n", "w", "c"),
                List.of("y"),
                Attribute.of("transB", 1),
                Attribute.of("alpha", 0.5f),
                Attribute.of("beta", 3f)));
    assertThat(Check.text(Check.apply(PASS, gemm, TOLERANCE).model()))
        .containsExactly("Gemm(x, w, c) -> y");

    OnnxModel product =
        Check.model(
            13,
            List.of(Check.floats("x", 3, 7)),
            List.of(Check.floats("y", 3, 5)),
            all(norm("bn", 7), Check.weights("w", 1, 7, 5), Check.weights("b", 2, 5)),
            normNode("bn", "x", "n"),
            Node.of("MatMul", "fc", List.of("n", "w"), List.of("m")),
            Node.of("Add", "add", List.of("m", "b"), List.of("y")));
    assertThat(Check.operators(Check.apply(PASS, product, TOLERANCE).model()))
        .containsExactly("MatMul", "Add");
  }

  @Test
  void scalesLargeWeightsInPieces() {
    // 300 x 301 elements: more than one piece, and pieces that end inside a channel.
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2, 301)),
            List.of(Check.floats("y", 2, 300)),
            all(norm("bn", 300), Check.weights("w", 1, 300, 301)),
            Node.of("Gemm", "gemm", List.of("x", "w"), List.of("g"), Attribute.of("transB", 1)),
            normNode("bn", "g", "y"));
    PassResult result = Check.apply(PASS, model, TOLERANCE);
    assertThat(Check.text(result.model())).containsExactly("Gemm(x, w, gemm_bias) -> y");
  }

  @Test
  void isNotApplicableWithoutPairs() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2)),
            List.of(Check.floats("y", 2)),
            List.of(),
            Node.of("Relu", "", List.of("x"), List.of("y")));
    assertThat(PASS.notApplicableTo(model)).isPresent();
    Check.unchanged(PASS, model);
  }
}
