package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.calibrate.ValueRange;
import dev.compress.cluster.CodeClusters;
import dev.compress.error.InvalidModelException;
import dev.compress.graph.Attribute;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Targets, filters, weights kept in storage only, and what is refused. */
class QuantizeInt8Test {
  private static TinyNet chain() {
    return new TinyNet(1, 32, 20, 20)
        .conv("c1", "x", 32, 32, 3, 1)
        .node("Relu", "r1", List.of("c1"))
        .conv("c2", "r1", 32, 32, 3, 1)
        .output("c2");
  }

  private static List<Tensor> zeroPoints(TinyNet.Made made) {
    return made.model().graph().nodes().stream()
        .filter(n -> n.is("QuantizeLinear"))
        .map(n -> made.initializer(n.input(2)))
        .toList();
  }

  private static int largestCode(TinyNet.Made made) {
    int largest = 0;
    for (byte code : made.initializer("c1.w_q").data().toByteArray()) {
      largest = Math.max(largest, Math.abs(code));
    }
    return largest;
  }

  @Test
  void vnniTakesAllEightBitsOfWeightsAndUnsignedActivations() {
    TinyNet.Made made = chain().quantized();
    assertThat(largestCode(made)).isEqualTo(127);
    assertThat(zeroPoints(made)).allMatch(z -> z.type().equals(ElementType.UINT8));
  }

  @Test
  void avx2KeepsWeightsWithinSevenBitsSoThatSumsCannotSaturate() {
    TinyNet.Made made = chain().quantized(TinyNet.int8(QuantizationMode.STATIC, Target.CPU_AVX2));
    assertThat(largestCode(made)).isEqualTo(63);
    assertThat(made.sqnrDb()).isGreaterThan(25);
  }

  @Test
  void armTakesSignedActivations() {
    TinyNet.Made made = chain().quantized(TinyNet.int8(QuantizationMode.STATIC, Target.ARM));
    assertThat(zeroPoints(made)).isNotEmpty().allMatch(z -> z.type().equals(ElementType.INT8));
    assertThat(zeroPoints(made)).anyMatch(z -> z.data().toByteArray()[0] == -128);
    assertThat(made.sqnrDb()).isGreaterThan(25);
  }

  @Test
  void tensorRtTakesSymmetricActivations() {
    TinyNet.Made made = chain().quantized(TinyNet.int8(QuantizationMode.STATIC, Target.TENSORRT));
    assertThat(zeroPoints(made))
        .isNotEmpty()
        .allMatch(z -> z.type().equals(ElementType.INT8) && z.data().toByteArray()[0] == 0);
    assertThat(made.sqnrDb()).isGreaterThan(25);
  }

  @Test
  void cudaGetsWeightsOnly() {
    TinyNet.Made made = chain().quantized(TinyNet.int8(QuantizationMode.AUTO, Target.CUDA));
    assertThat(made.model().graph().nodes())
        .noneMatch(n -> n.is("QuantizeLinear") || n.is("DynamicQuantizeLinear"));
    assertThat(made.model().graph().initializers())
        .anyMatch(i -> i.tensor().type().equals(ElementType.INT8));
  }

  @Test
  void excludedNodesStayAsTheyAre() {
    QuantizeInt8 pass =
        new QuantizeInt8(
            QuantizationMode.STATIC,
            Target.CPU_VNNI,
            new NodeFilter("c1", Set.of(), ""),
            Optional.empty(),
            Set.of());
    TinyNet.Made made = chain().conv("c3", "c2", 32, 32, 3, 1).output("c3").quantized(pass);
    assertThat(made.initializer("c1.w").type()).isEqualTo(ElementType.FLOAT);
    assertThat(made.kernels().integerCounts()).containsEntry("Conv", 2);
    assertThat(made.kernels().floatCounts()).containsEntry("Conv", 1);
    TinyNet net = chain();
    QuantizeInt8 noConv =
        new QuantizeInt8(
            QuantizationMode.STATIC,
            Target.CPU_VNNI,
            new NodeFilter("", Set.of("Conv"), ""),
            Optional.empty(),
            Set.of());
    assertThat(noConv.apply(net.model(), net.context(true)).changes()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
  void brokenWeightsAreNamed(float broken) {
    float[] values = new float[128 * 128];
    values[77] = broken;
    TinyNet net =
        new TinyNet(1, 128)
            .constant("broken.weight", Tensor.ofFloats(Shape.of(128, 128), values))
            .node("MatMul", "y", List.of("x", "broken.weight"))
            .output("y");
    for (QuantizationMode mode : QuantizationMode.values()) {
      QuantizeInt8 pass = TinyNet.int8(mode, Target.CPU_VNNI);
      assertThatThrownBy(() -> pass.apply(net.model(), net.context(true)))
          .isInstanceOf(InvalidModelException.class)
          .hasMessageContaining("broken.weight");
    }
  }

  @Test
  void hugeBiasOnATinyWeightDoesNotOverflow() {
    float[] bias = new float[256];
    java.util.Arrays.fill(bias, 1e6f);
    TinyNet net =
        new TinyNet(1, 256)
            .weight("w", 1e-6, 256, 256)
            .constant("b", Tensor.ofFloats(Shape.of(256), bias))
            .node("Gemm", "y", List.of("x", "w", "b"))
            .output("y");
    TinyNet.Made made = net.quantized();
    assertThat(made.computing()).containsExactly("QGemm");
    assertThat(made.sqnrDb()).isGreaterThan(60);
  }

  /** As the heads of detectors are, which every level of a pyramid reads. */
  @ParameterizedTest(name = "{0}, {1}, {2} clusters, {3}")
  @CsvSource({
    "STATIC, NEAREST, 0, CPU_VNNI",
    "STATIC, ADAPTIVE, 0, CPU_VNNI",
    "STATIC, NEAREST, 16, CPU_VNNI",
    "STATIC, NEAREST, 0, CPU_AVX2",
    "DYNAMIC, NEAREST, 0, CPU_VNNI"
  })
  void weightThatSeveralNodesReadIsInTheFileOnce(
      QuantizationMode mode, Rounding rounding, int clusters, Target target) {
    Attribute pads = TinyNet.ints("pads", 1, 1, 1, 1);
    boolean conv = mode == QuantizationMode.STATIC;
    TinyNet net =
        conv
            ? new TinyNet(1, 32, 20, 20)
                .conv("first", "x", 32, 32, 3, 1)
                .node("Relu", "a", List.of("first"))
                .node("Conv", "second", List.of("a", "first.w", "first.b"), pads)
                .node("Relu", "b", List.of("second"))
                .node("Conv", "third", List.of("b", "first.w"), pads)
                .output("third")
            : new TinyNet(16, 256)
                .matMul("first", "x", 256, 256)
                .node("Tanh", "a", List.of("first"))
                .node("MatMul", "third", List.of("a", "first.w"))
                .output("third");
    TinyNet.Made made =
        net.quantized(
            new QuantizeInt8(
                mode,
                target,
                NodeFilter.ALL,
                Optional.empty(),
                Set.of(),
                rounding,
                false,
                clusters == 0 ? CodeMap.NONE : new CodeClusters(clusters, 1, false)));
    assertThat(weightsIn8Bits(made)).hasSize(1);
    assertThat(made.sqnrDb()).isGreaterThan(clusters == 0 ? 25 : 15);
    assertThat(made.kernels().integerCounts())
        .containsEntry(conv ? "Conv" : "MatMulInteger", conv ? 3 : 2);
  }

  @Test
  void readerWhoseBiasDoesNotFitTheSharedScalesHasCodesOfItsOwn() {
    float[] bias = new float[256];
    java.util.Arrays.fill(bias, 1e6f);
    TinyNet net =
        new TinyNet(1, 256)
            .weight("w", 1e-6, 256, 256)
            .weight("b", 0, 256)
            .constant("huge", Tensor.ofFloats(Shape.of(256), bias))
            .node("Gemm", "p", List.of("x", "w", "b"))
            .node("Gemm", "q", List.of("x", "w", "huge"))
            .output("p")
            .output("q");
    TinyNet.Made made = net.quantized();
    assertThat(weightsIn8Bits(made)).hasSize(2);
    assertThat(made.computing()).containsExactly("QGemm", "QGemm");
    assertThat(made.sqnrDb()).isGreaterThan(60);
  }

  private static List<Tensor> weightsIn8Bits(TinyNet.Made made) {
    return made.model().graph().initializers().stream()
        .map(Initializer::tensor)
        .filter(t -> t.type().equals(ElementType.INT8) && t.shape().rank() > 1)
        .toList();
  }

  @Test
  void outlierDoesNotCoarsenTheRangeOfAllElse() {
    // One element a sample is 100 times as large and is ignored by the network.
    float[] mask = new float[512];
    java.util.Arrays.fill(mask, 1);
    mask[0] = 100;
    float[] weight = TinyNet.normal(5, 0.05, 512, 256).toFloats();
    java.util.Arrays.fill(weight, 0, 256, 0);
    TinyNet net =
        new TinyNet(4, 512)
            .constant("mask", Tensor.ofFloats(Shape.of(512), mask))
            .constant("w", Tensor.ofFloats(Shape.of(512, 256), weight))
            .weight("b", 0.1, 256)
            .node("Mul", "m", List.of("x", "mask"))
            .node("Gemm", "y", List.of("m", "w", "b"))
            .output("y");
    double minMax = net.quantized(minMax(false)).sqnrDb();
    assertThat(net.quantized().sqnrDb()).isGreaterThan(minMax + 6);
  }

  private static QuantizeInt8 minMax(boolean guarded) {
    return new QuantizeInt8(
        QuantizationMode.STATIC,
        Target.CPU_VNNI,
        NodeFilter.ALL,
        Optional.of(dev.compress.calibrate.RangeMethod.MIN_MAX),
        Set.of(),
        Rounding.NEAREST,
        guarded);
  }

  @Test
  void layerThatRuinsTheOutputsStaysFloatAndOthersDoNot() {
    // The first layer's input has outliers that it does not read.
    float[] mask = new float[512];
    java.util.Arrays.fill(mask, 1);
    mask[0] = 1000;
    float[] weight = TinyNet.normal(5, 0.05, 512, 256).toFloats();
    java.util.Arrays.fill(weight, 0, 256, 0);
    TinyNet net =
        new TinyNet(4, 512)
            .constant("mask", Tensor.ofFloats(Shape.of(512), mask))
            .constant("w", Tensor.ofFloats(Shape.of(512, 256), weight))
            .weight("w2", 0.05, 256, 256)
            .node("Mul", "m", List.of("x", "mask"))
            .node("MatMul", "h", List.of("m", "w"))
            .node("Tanh", "t", List.of("h"))
            .node("MatMul", "y", List.of("t", "w2"))
            .output("y");
    TinyNet.Made ruined = net.quantized(minMax(false));
    TinyNet.Made guarded = net.quantized(minMax(true));
    assertThat(ruined.sqnrDb()).isLessThan(15);
    assertThat(guarded.sqnrDb()).isGreaterThan(30);
    assertThat(guarded.result().skipped()).anyMatch(s -> s.reason().contains("ruins"));
    assertThat(guarded.kernels().integerCounts()).containsOnlyKeys("MatMul");
    assertThat(guarded.kernels().integerCounts().get("MatMul")).isEqualTo(1);
  }

  @Test
  void longTailsBeforeAGateCostNoCodes() {
    ValueRange seen = new ValueRange(-80, 6);
    TinyNet swish =
        new TinyNet(4, 16)
            .node("Relu", "v", List.of("x"))
            .node("Sigmoid", "s", List.of("v"))
            .node("Mul", "y", List.of("v", "s"))
            .output("y");
    assertThat(GatedRange.of("v", seen, index(swish))).isEqualTo(new ValueRange(-7, 6));
    assertThat(GatedRange.of("v", new ValueRange(-2, 6), index(swish)).low()).isEqualTo(-2);
    TinyNet read =
        new TinyNet(4, 16)
            .node("Relu", "v", List.of("x"))
            .node("Sigmoid", "s", List.of("v"))
            .node("Mul", "g", List.of("v", "s"))
            .node("Add", "y", List.of("g", "v"))
            .output("y");
    assertThat(GatedRange.of("v", seen, index(read))).isEqualTo(seen);
  }

  private static GraphIndex index(TinyNet net) {
    return new GraphIndex(net.model().graph());
  }

  private static TinyNet.Made stored(TinyNet net) {
    TinyNet.Made made = net.after(TinyNet.int8(QuantizationMode.WEIGHTS, Target.CPU_VNNI));
    assertThat(made.result().changes()).as("stored weights").isNotEmpty();
    assertThat(made.model().graph().initializers())
        .anyMatch(i -> i.tensor().type().equals(ElementType.INT8));
    assertThat(made.kernels().integerCounts()).isEmpty();
    // Folded at load: neither Cast nor Mul is left to run.
    assertThat(made.kernels().kernels()).noneMatch(k -> k.op().equals("Cast"));
    assertThat(made.sqnrDb()).isGreaterThan(30);
    return made;
  }

  @Test
  void weightsOfConvsAreStored() {
    stored(chain());
    stored(new TinyNet(1, 256, 8, 8).conv("d", "x", 256, 256, 3, 256).output("d"));
    stored(
        new TinyNet(1, 32, 8, 8)
            .weight("w", 0.1, 32, 16, 2, 2)
            .node("ConvTranspose", "y", List.of("x", "w"), TinyNet.ints("strides", 2, 2))
            .output("y"));
  }

  @Test
  void channelsOfDepthwiseWeightsHaveScalesOfTheirOwn() {
    float[] weight = TinyNet.normal(1, 1, 256, 1, 3, 3).toFloats();
    for (int i = 0; i < weight.length; i++) {
      weight[i] *= (float) Math.pow(2, i / 9 % 12 - 6);
    }
    stored(
        new TinyNet(1, 256, 8, 8)
            .constant("w", Tensor.ofFloats(Shape.of(256, 1, 3, 3), weight))
            .node("Conv", "c", List.of("x", "w"), Attribute.of("group", 256))
            .output("c"));
    assertThat(
            new TinyNet(1, 256, 8, 8)
                .constant("w", Tensor.ofFloats(Shape.of(256, 1, 3, 3), weight))
                .node("Conv", "c", List.of("x", "w"), Attribute.of("group", 256))
                .output("c")
                .after(TinyNet.int8(QuantizationMode.WEIGHTS, Target.CPU_VNNI))
                .initializer("w_s")
                .elementCount())
        .isEqualTo(256);
  }

  @Test
  void weightsOfMatrixProductsAreStored() {
    stored(new TinyNet(4, 64).matMul("y", "x", 64, 32).output("y"));
    stored(new TinyNet(4, 64).gemm("y", "x", 64, 32).output("y"));
    stored(
        new TinyNet(4, 64)
            .weight("w", 0.1, 32, 64)
            .node("Gemm", "y", List.of("x", "w"), Attribute.of("transB", 1))
            .output("y"));
    stored(
        new TinyNet(64, 8)
            .weight("w", 0.1, 32, 64)
            .node("MatMul", "y", List.of("w", "x"))
            .output("y"));
  }

  @Test
  void weightsOfRecurrentNodesAreStored() {
    stored(
        new TinyNet(5, 1, 24)
            .weight("w", 0.2, 1, 128, 24)
            .weight("r", 0.2, 1, 128, 32)
            .add(
                Node.of(
                    "LSTM",
                    "l",
                    List.of("x", "w", "r"),
                    List.of("y"),
                    Attribute.of("hidden_size", 32)))
            .output("y"));
  }

  @Test
  void weightReadByDifferentKindsOfNodesIsLeftAlone() {
    TinyNet net =
        new TinyNet(4, 64)
            .matMul("m", "x", 64, 64)
            .node("Add", "y", List.of("m.w", "m.w"))
            .output("m")
            .output("y");
    TinyNet.Made made = net.after(TinyNet.int8(QuantizationMode.WEIGHTS, Target.CPU_VNNI));
    assertThat(made.result().changes()).isEmpty();
    assertThat(made.initializer("m.w").type()).isEqualTo(ElementType.FLOAT);
  }

  @Test
  void weightsInsideBranchesAreStored() {
    dev.compress.graph.Graph branch =
        dev.compress.graph.Graph.of(
            "branch",
            List.of(
                Node.of(
                    "Constant",
                    "k",
                    List.of(),
                    List.of("k"),
                    Attribute.of("value", TinyNet.normal(3, 0.1, 64, 64))),
                Node.of("MatMul", "mm", List.of("x", "k"), List.of("b"))),
            List.of(),
            List.of(),
            List.of(
                dev.compress.graph.ValueInfo.of(
                    "b", dev.compress.graph.ValueType.tensor(ElementType.FLOAT))));
    TinyNet net =
        new TinyNet(4, 64)
            .node("ReduceSum", "sum", List.of("x"), Attribute.of("keepdims", 0))
            .constant("zero", Tensor.ofFloats(Shape.scalar(), 0))
            .node("Less", "negative", List.of("sum", "zero"))
            .add(
                Node.of(
                    "If",
                    "if",
                    List.of("negative"),
                    List.of("y"),
                    Attribute.of("then_branch", branch),
                    Attribute.of("else_branch", branch)))
            .output("y");
    TinyNet.Made made = net.after(TinyNet.int8(QuantizationMode.WEIGHTS, Target.CPU_VNNI));
    assertThat(made.result().changes()).hasSize(2);
    assertThat(made.sqnrDb()).isBetween(30.0, 80.0);
  }

  @Test
  void halfPrecisionIsStoredAndUnfitWeightsAreListed() {
    TinyNet net =
        new TinyNet(4, 64)
            .matMul("m", "x", 64, 64)
            .constant("big", Tensor.ofFloats(Shape.of(1, 128), filled(128, 1e6f)))
            .weight("w2", 0.1, 64, 128)
            .node("MatMul", "n", List.of("m", "w2"))
            .node("Div", "y", List.of("n", "big"))
            .output("y");
    TinyNet.Made made = net.after(new StoreFloat16(NodeFilter.ALL));
    assertThat(made.initializer("m.w_h").type()).isEqualTo(ElementType.FLOAT16);
    assertThat(made.initializer("big").type()).isEqualTo(ElementType.FLOAT);
    assertThat(made.result().skipped())
        .singleElement()
        .satisfies(s -> assertThat(s.explained()).contains("big"));
    assertThat(made.sqnrDb()).isGreaterThan(60);
  }

  @Test
  void constantsThatHalfPrecisionHoldsExactlyAreStoredInItBesideTheCodes() {
    float[] quarters = new float[2048];
    for (int i = 0; i < quarters.length; i++) {
      quarters[i] = i / 4f;
    }
    float[] thirds = new float[2048];
    for (int i = 0; i < thirds.length; i++) {
      thirds[i] = i / 3f;
    }
    TinyNet.Made made =
        new TinyNet(1, 64, 2048)
            .constant("exact", Tensor.ofFloats(Shape.of(1, 2048), quarters))
            .constant("inexact", Tensor.ofFloats(Shape.of(1, 2048), thirds))
            .node("Add", "a", List.of("x", "exact"))
            .node("Add", "b", List.of("a", "inexact"))
            .matMul("y", "b", 2048, 16)
            .output("y")
            .after(TinyNet.int8(QuantizationMode.WEIGHTS, Target.CPU_VNNI));
    assertThat(made.initializer("exact_h").type()).isEqualTo(ElementType.FLOAT16);
    assertThat(made.initializer("inexact").type()).isEqualTo(ElementType.FLOAT);
    assertThat(made.sqnrDb()).isGreaterThan(40);
  }

  private static float[] filled(int count, float value) {
    float[] values = new float[count];
    java.util.Arrays.fill(values, value);
    return values;
  }

  @Test
  void rewritesComputeTheSame() {
    TinyNet.Made mean =
        new TinyNet(1, 8, 6, 6)
            .conv("c", "x", 8, 8, 3, 1)
            .node(
                "ReduceMean",
                "y",
                List.of("c"),
                TinyNet.ints("axes", -1, 2),
                Attribute.of("keepdims", 1))
            .output("y")
            .after(new PoolSpatialMeans());
    assertThat(mean.model().graph().nodes()).anyMatch(n -> n.is("GlobalAveragePool"));
    assertThat(mean.sqnrDb()).isGreaterThan(100);
    TinyNet.Made point =
        new TinyNet(1, 16, 5, 5)
            .node("GlobalAveragePool", "g", List.of("x"))
            .conv("c1", "g", 16, 4, 1, 1)
            .node("Relu", "r", List.of("c1"))
            .conv("c2", "r", 4, 16, 1, 1)
            .node("HardSigmoid", "h", List.of("c2"))
            .node("Mul", "y", List.of("x", "h"))
            .output("y")
            .after(new PointConvsAsGemm());
    assertThat(point.model().graph().nodes().stream().filter(n -> n.is("Gemm"))).hasSize(2);
    assertThat(point.model().graph().nodes()).noneMatch(n -> n.is("Conv"));
    assertThat(point.sqnrDb()).isGreaterThan(100);
    TinyNet.Made fused =
        new TinyNet(3, 16)
            .matMul("m", "x", 16, 8)
            .weight("b", 1, 1, 8)
            .node("Add", "y", List.of("b", "m"))
            .output("y")
            .after(new FuseMatMulAdd());
    assertThat(fused.model().graph().nodes()).singleElement().matches(n -> n.is("Gemm"));
    assertThat(fused.sqnrDb()).isGreaterThan(100);
  }
}
