package dev.compress.quantize;

import static dev.compress.quantize.SmallModels.floats;
import static dev.compress.quantize.SmallModels.weights;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.calibrate.Samples;
import dev.compress.graph.Attribute;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassResult;
import dev.compress.testing.SharedData;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuantizeInt4Test {
  private static final QuantizeInt4 PASS = new QuantizeInt4(NodeFilter.ALL);

  private static PassResult apply(OnnxModel model) {
    PassResult result = PASS.apply(model, SmallModels.context(Optional.empty()));
    assertThat(PASS.apply(result.model(), SmallModels.context(Optional.empty())).model())
        .as("a second run")
        .isSameAs(result.model());
    return result;
  }

  private static Node matMul() {
    return Node.of("MatMul", "mm", List.of("x", "w"), List.of("m"));
  }

  @ParameterizedTest(name = "{0}, K={1}, bias rank {2}, free batch {3}")
  @CsvSource({
    "matmul,64,0,false", "matmul,48,0,false", "matmul,64,1,false", "matmul,64,2,false",
    "matmul,64,1,true", "matmul,64,2,true", "gemm,64,0,false", "gemm,64,1,false",
    "gemm,64,2,true", "gemmT,64,1,false", "gemmT,96,2,true", "gemmRelu,64,1,false"
  })
  void runsInMatMulNBits(String form, int inputs, int biasRank, boolean free) {
    boolean gemm = form.startsWith("gemm");
    boolean turned = form.equals("gemmT");
    Initializer w = turned ? weights("w", 1, 1, 40, inputs) : weights("w", 1, 1, inputs, 40);
    Initializer b = biasRank == 2 ? weights("b", 2, 1, 1, 40) : weights("b", 2, 1, 40);
    List<Initializer> constants = biasRank == 0 ? List.of(w) : List.of(w, b);
    boolean relu = form.equals("gemmRelu");
    Node product =
        gemm
            ? Node.of(
                "Gemm",
                "mm",
                biasRank == 0 ? List.of("x", "w") : List.of("x", "w", "b"),
                List.of(relu ? "m" : "y"),
                Attribute.of("transB", turned ? 1 : 0))
            : biasRank == 0 ? matMul().withOutputs(List.of("y")) : matMul();
    Node[] nodes =
        relu
            ? new Node[] {product, Node.of("Relu", "relu", List.of("m"), List.of("y"))}
            : gemm || biasRank == 0
                ? new Node[] {product}
                : new Node[] {product, Node.of("Add", "add", List.of("m", "b"), List.of("y"))};
    long batch = free ? -1 : 3;
    OnnxModel model =
        SmallModels.model(21, floats("x", batch, inputs), floats("y", batch, 40), constants, nodes);
    PassResult result = apply(model);
    assertThat(result.changes()).hasSize(1);
    Samples samples = SmallModels.samples("x", 4, new double[0], 3, inputs);
    assertThat(SmallModels.kernels(result.model(), samples))
        .contains("MatMulNBits")
        .doesNotContain("Gemm", "FusedGemm", "MatMul", "DequantizeLinear");
    // 4 bits of a normal distribution, a scale for 32: about 20 dB.
    assertThat(SmallModels.sqnrDb(model, result.model(), samples, 4)).isBetween(15.0, 40.0);
  }

  @Test
  void threeDimensionalInputsToo() {
    OnnxModel model =
        SmallModels.model(
            21,
            floats("x", 1, 5, 64),
            floats("y", 1, 5, 40),
            List.of(weights("w", 1, 1, 64, 40), weights("b", 2, 1, 1, 1, 40)),
            matMul(),
            Node.of("Add", "add", List.of("b", "m"), List.of("y")));
    PassResult result = apply(model);
    Samples samples = SmallModels.samples("x", 4, new double[0], 1, 5, 64);
    assertThat(SmallModels.kernels(result.model(), samples)).contains("MatMulNBits");
    assertThat(SmallModels.sqnrDb(model, result.model(), samples, 4)).isGreaterThan(15);
  }

  @Test
  void leavesWhatDoesNotDivideToEightBits() {
    OnnxModel model =
        SmallModels.model(
            21,
            floats("x", 3, 50),
            floats("m", 3, 40),
            List.of(weights("w", 1, 1, 50, 40)),
            matMul());
    PassResult result = apply(model);
    assertThat(result.skipped()).singleElement().matches(s -> s.reason().contains("50 inputs"));
    assertThat(SmallModels.operators(result.model())).containsExactly("Cast", "Mul", "MatMul");
  }

  @Test
  void belowOpset21EightBitsWithAReason() {
    OnnxModel model =
        SmallModels.model(
            13,
            floats("x", 3, 64),
            floats("m", 3, 40),
            List.of(weights("w", 1, 1, 64, 40)),
            matMul());
    PassResult result = apply(model);
    assertThat(result.skipped()).singleElement().matches(s -> s.reason().contains("opset 21"));
    assertThat(SmallModels.operators(result.model())).containsExactly("Cast", "Mul", "MatMul");
  }

  @Test
  void tellsWhereNothingIsToBeDone() {
    OnnxModel model =
        SmallModels.model(
            21,
            floats("x", 3),
            floats("y", 3),
            List.of(),
            Node.of("Relu", "r", List.of("x"), List.of("y")));
    assertThat(PASS.notApplicableTo(model)).isPresent();
    assertThat(apply(model).model()).isSameAs(model);
  }

  @Test
  void calibrationMakesTheOutputCloser() {
    double[] spread = new double[64];
    for (int i = 0; i < 64; i++) {
      spread[i] = i % 16 == 0 ? 30 : 0.3;
    }
    OnnxModel model =
        SmallModels.model(
            21,
            floats("x", 8, 64),
            floats("m", 8, 256),
            List.of(weights("w", 1, 1, 64, 256)),
            matMul());
    Samples samples = SmallModels.samples("x", 8, spread, 8, 64);
    OnnxModel plain = apply(model).model();
    OnnxModel fitted = PASS.apply(model, SmallModels.context(Optional.of(samples))).model();
    assertThat(SmallModels.sqnrDb(model, fitted, samples, 8))
        .isGreaterThan(SmallModels.sqnrDb(model, plain, samples, 8) + 2);
  }

  @Test
  void aRealTransformerStaysClose() {
    Path file = SharedData.model("text-transformer-banking77/model.onnx").orElse(null);
    assumeTrue(file != null, SharedData.WHY_ABSENT);
    OnnxModel model = SmallModels.prepared(java.util.Objects.requireNonNull(file), 21);
    assertThat(model.opset()).isGreaterThanOrEqualTo(21);
    PassResult result = apply(model);
    Samples samples = SmallModels.madeUp(model, 8);
    assertThat(SmallModels.kernels(result.model(), samples)).contains("MatMulNBits");
    assertThat(SmallModels.sqnrDb(model, result.model(), samples, 8)).isGreaterThan(12);
  }
}
