package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.Attribute;
import dev.compress.graph.Node;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Where static quantization is placed, and that ONNX Runtime runs the integer kernels meant: every
 * expectation is read from its profile of a run.
 */
class PlacementTest {
  private static final double LEAST_DB = 25;

  private static void check(TinyNet net, String... kernels) {
    TinyNet.Made made = net.quantized();
    assertThat(made.computing()).containsExactlyInAnyOrder(kernels);
    assertThat(made.sqnrDb()).isGreaterThan(LEAST_DB);
  }

  private static TinyNet map() {
    return new TinyNet(1, 32, 20, 20);
  }

  @Test
  void convChainWithReluIsIntegerThroughout() {
    check(
        map()
            .conv("c1", "x", 32, 32, 3, 1)
            .node("Relu", "r1", List.of("c1"))
            .conv("c2", "r1", 32, 32, 3, 1)
            .output("c2"),
        "QLinearConv",
        "QLinearConv");
  }

  @Test
  void clipAtSixIsDoneByQuantization() {
    check(
        map()
            .constant("zero", Tensor.ofFloats(Shape.scalar(), 0))
            .constant("six", Tensor.ofFloats(Shape.scalar(), 1))
            .conv("c1", "x", 32, 32, 3, 1)
            .node("Clip", "r1", List.of("c1", "zero", "six"))
            .conv("c2", "r1", 32, 32, 3, 1)
            .output("c2"),
        "QLinearConv",
        "QLinearConv");
  }

  @Test
  void residualAddAndReluAreInteger() {
    check(
        map()
            .conv("c1", "x", 32, 32, 3, 1)
            .node("Relu", "r1", List.of("c1"))
            .conv("c2", "r1", 32, 32, 3, 1)
            .node("Add", "a", List.of("c2", "r1"))
            .node("Relu", "r2", List.of("a"))
            .conv("c3", "r2", 32, 32, 3, 1)
            .output("c3"),
        "QLinearConv",
        "QLinearConv",
        "QLinearConv",
        "QLinearAdd");
  }

  @Test
  void swishIsIntegerBetweenConvs() {
    check(
        map()
            .conv("c1", "x", 32, 32, 3, 1)
            .node("Sigmoid", "s", List.of("c1"))
            .node("Mul", "m", List.of("c1", "s"))
            .conv("c2", "m", 32, 32, 3, 1)
            .output("c2"),
        "QLinearConv",
        "QLinearSigmoid",
        "QLinearMul",
        "QLinearConv");
  }

  @Test
  void narrowFirstConvStaysFloatAndPoolDoesNotTurnIntoBytes() {
    TinyNet net =
        new TinyNet(1, 1, 28, 28)
            .conv("c1", "x", 1, 32, 3, 1)
            .node("Relu", "r1", List.of("c1"))
            .node(
                "MaxPool",
                "p",
                List.of("r1"),
                TinyNet.ints("kernel_shape", 2, 2),
                TinyNet.ints("strides", 2, 2))
            .conv("c2", "p", 32, 32, 3, 1)
            .output("c2");
    TinyNet.Made made = net.quantized();
    assertThat(made.kernels().integerCounts())
        .containsEntry("Conv", 1)
        .doesNotContainKey("MaxPool");
    assertThat(made.kernels().floatCounts()).containsEntry("Conv", 1).containsEntry("MaxPool", 1);
    assertThat(made.result().skipped())
        .anySatisfy(s -> assertThat(s.node() + s.reason()).contains("c1").contains("few channels"));
    assertThat(made.sqnrDb()).isGreaterThan(LEAST_DB);
  }

  @Test
  void poolAfterIntegerConvIsInteger() {
    TinyNet.Made made =
        map()
            .conv("c1", "x", 32, 32, 3, 1)
            .node("Relu", "r1", List.of("c1"))
            .node(
                "MaxPool",
                "p",
                List.of("r1"),
                TinyNet.ints("kernel_shape", 2, 2),
                TinyNet.ints("strides", 2, 2))
            .conv("c2", "p", 32, 32, 3, 1)
            .node("GlobalAveragePool", "g", List.of("c2"))
            .output("g")
            .quantized();
    assertThat(made.kernels().floatCounts()).isEmpty();
    assertThat(made.kernels().integerCounts())
        .containsEntry("Conv", 2)
        .containsEntry("MaxPool", 1)
        .containsEntry("GlobalAveragePool", 1);
    assertThat(made.sqnrDb()).isGreaterThan(LEAST_DB);
  }

  @Test
  void valueReadByIntegerAndFloatNodesIsQuantizedOnce() {
    TinyNet.Made made =
        map()
            .conv("c1", "x", 32, 32, 3, 1)
            .node("Relu", "r1", List.of("c1"))
            .conv("c2", "r1", 32, 32, 3, 1)
            .node("Exp", "e", List.of("r1"))
            .output("c2")
            .output("e")
            .quantized();
    assertThat(made.kernels().integerCounts()).containsEntry("Conv", 2);
    assertThat(made.kernels().floatCounts()).containsOnlyKeys("Exp");
    assertThat(made.sqnrDb()).isGreaterThan(LEAST_DB);
  }

  @Test
  void floatProducerWithFloatReaderKeepsItsExactValue() {
    TinyNet.Made made =
        map()
            .node("Tanh", "t", List.of("x"))
            .conv("c1", "t", 32, 32, 3, 1)
            .conv("c2", "c1", 32, 32, 3, 1)
            .node("Neg", "n", List.of("t"))
            .output("c2")
            .output("n")
            .quantized();
    assertThat(made.kernels().integerCounts()).containsEntry("Conv", 2);
    Node neg =
        made.model().graph().nodes().stream().filter(n -> n.is("Neg")).findFirst().orElseThrow();
    assertThat(neg.input(0)).isEqualTo("t");
  }

  @Test
  void splitAndTransposeMoveQuantizedElements() {
    TinyNet net =
        map()
            .conv("c1", "x", 32, 64, 3, 1)
            .add(Node.of("Split", "s", List.of("c1"), List.of("s1", "s2"), Attribute.of("axis", 1)))
            .conv("c2", "s1", 32, 32, 3, 1)
            .conv("c3", "s2", 32, 32, 3, 1)
            .node("Add", "a", List.of("c2", "c3"))
            .output("a");
    TinyNet.Made made = net.quantized();
    assertThat(made.kernels().floatCounts()).isEmpty();
    assertThat(made.kernels().integerCounts()).containsEntry("Conv", 3).containsEntry("Split", 1);
    assertThat(made.sqnrDb()).isGreaterThan(LEAST_DB);
  }

  @Test
  void convsWithTheSameWeightAreBothInteger() {
    TinyNet net = map().conv("c1", "x", 32, 32, 3, 1).node("Relu", "r", List.of("c1"));
    net.node("Conv", "c2", List.of("r", "c1.w", "c1.b"), TinyNet.ints("pads", 1, 1, 1, 1));
    check(net.output("c2"), "QLinearConv", "QLinearConv");
  }

  @Test
  void depthwiseIsIntegerInAChainOnly() {
    TinyNet chain =
        map()
            .conv("c1", "x", 32, 64, 3, 1)
            .node("Relu", "r1", List.of("c1"))
            .conv("d", "r1", 64, 64, 3, 64)
            .node("Relu", "r2", List.of("d"))
            .conv("c2", "r2", 64, 32, 1, 1)
            .output("c2");
    check(chain, "QLinearConv", "QLinearConv", "QLinearConv");
    TinyNet alone = map().conv("d", "x", 32, 32, 3, 32).output("d");
    TinyNet.Made made = alone.quantized();
    assertThat(made.kernels().floatCounts()).containsEntry("Conv", 1);
    assertThat(made.result().skipped())
        .anySatisfy(s -> assertThat(s.reason()).contains("depthwise"));
  }

  @Test
  void smallIslandsStayFloat() {
    TinyNet.Made made = new TinyNet(1, 8, 8, 8).conv("c", "x", 8, 8, 3, 1).output("c").quantized();
    assertThat(made.kernels().floatCounts()).containsEntry("Conv", 1);
    assertThat(made.result().skipped()).anySatisfy(s -> assertThat(s.reason()).contains("island"));
  }

  @Test
  void matMulOfRankThreeWithFixedDimsBecomesGemm() {
    TinyNet net =
        new TinyNet(1, 32, 128)
            .matMul("m", "x", 128, 128)
            .weight("b", 0.1, 128)
            .node("Add", "y", List.of("m", "b"))
            .output("y");
    check(net, "QGemm");
  }

  @Test
  void matMulOfRankThreeWithFreeDimsKeepsAFloatBias() {
    TinyNet net =
        new TinyNet(1, -32, 128)
            .matMul("m", "x", 128, 128)
            .weight("b", 0.1, 128)
            .node("Add", "y", List.of("m", "b"))
            .output("y");
    TinyNet.Made made = net.quantized();
    assertThat(made.computing()).contains("MatMulIntegerToFloat").doesNotContain("MatMul", "Gemm");
    assertThat(made.sqnrDb()).isGreaterThan(LEAST_DB);
  }

  @Test
  void matMulAndBiasOfRankTwoBecomeGemm() {
    TinyNet net =
        new TinyNet(-8, 256)
            .matMul("m", "x", 256, 256)
            .weight("b", 0.1, 1, 256)
            .node("Add", "y", List.of("m", "b"))
            .output("y");
    check(net, "QGemm");
  }

  @Test
  void gemmAndReluAreOneIntegerKernel() {
    TinyNet net =
        new TinyNet(1, 512)
            .gemm("g1", "x", 512, 256)
            .node("Relu", "r", List.of("g1"))
            .gemm("g2", "r", 256, 256)
            .output("g2");
    check(net, "QGemm", "QGemm");
  }

  @Test
  void gemmWithoutActivationHasAFloatOutput() {
    TinyNet net =
        new TinyNet(1, 512).gemm("g1", "x", 512, 256).node("Tanh", "t", List.of("g1")).output("t");
    check(net, "QGemm", "Tanh");
  }

  @Test
  void smallMatricesStayFloat() {
    TinyNet.Made made = new TinyNet(1, 64).gemm("g", "x", 64, 10).output("g").quantized();
    assertThat(made.kernels().integerCounts()).isEmpty();
    assertThat(made.result().skipped())
        .anySatisfy(s -> assertThat(s.reason()).contains("small matrix"));
  }

  @Test
  void addBeforeSoftmaxIsNeverQuantized() {
    TinyNet.Made made =
        map()
            .conv("c1", "x", 32, 32, 3, 1)
            .conv("c2", "c1", 32, 32, 3, 1)
            .node("Add", "a", List.of("c1", "c2"))
            .node("Softmax", "s", List.of("a"), Attribute.of("axis", -1))
            .output("s")
            .quantized();
    assertThat(made.kernels().floatCounts()).containsKey("Softmax").containsKey("Add");
    Node softmax =
        made.model().graph().nodes().stream()
            .filter(n -> n.is("Softmax"))
            .findFirst()
            .orElseThrow();
    assertThat(softmax.input(0)).isEqualTo("a");
  }

  @Test
  void dynamicMatMulIsOneKernelWithItsBias() {
    TinyNet net =
        new TinyNet(1, -32, 128)
            .matMul("m", "x", 128, 128)
            .weight("b", 0.1, 128)
            .node("Add", "y", List.of("m", "b"))
            .output("y");
    TinyNet.Made made = net.quantized(TinyNet.int8(QuantizationMode.DYNAMIC, Target.CPU_VNNI));
    assertThat(made.computing()).containsExactly("DynamicQuantizeMatMul");
    assertThat(made.sqnrDb()).isGreaterThan(LEAST_DB);
  }

  @Test
  void dynamicMatMulsShareTheirQuantizedInput() {
    TinyNet net =
        new TinyNet(1, -32, 128)
            .matMul("q", "x", 128, 128)
            .matMul("k", "x", 128, 128)
            .node("Mul", "y", List.of("q", "k"))
            .output("y");
    TinyNet.Made made = net.quantized(TinyNet.int8(QuantizationMode.DYNAMIC, Target.CPU_VNNI));
    assertThat(made.model().graph().nodes().stream().filter(n -> n.is("DynamicQuantizeLinear")))
        .hasSize(1);
    assertThat(made.computing())
        .containsExactly("MatMulIntegerToFloat", "MatMulIntegerToFloat", "Mul");
  }
}
