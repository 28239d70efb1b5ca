package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.calibrate.ValueRange;
import dev.compress.error.InvalidModelException;
import dev.compress.graph.Attribute;
import dev.compress.graph.GraphIndex;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Targets, filters, ranges, and what is refused. */
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
