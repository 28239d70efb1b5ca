package dev.compress.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.graph.Attribute;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.runtime.Kernel.Arithmetic;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import dev.compress.testing.SharedData;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelReportTest {
  private static final ElementType FLOAT = ElementType.FLOAT;

  /** QuantizeLinear and DequantizeLinear around an activation. */
  private static TinyModels pair(TinyModels tiny, String from, String to, int zeroPoint) {
    String scale = to + ".s";
    String zero = to + ".z";
    return tiny.constant(scale, Tensor.ofFloats(Shape.scalar(), 0.05f))
        .constant(
            zero, Tensor.ofBytes(ElementType.UINT8, Shape.scalar(), new byte[] {(byte) zeroPoint}))
        .node("QuantizeLinear", "", List.of(from, scale, zero), List.of(to + ".q"))
        .node("DequantizeLinear", "", List.of(to + ".q", scale, zero), List.of(to));
  }

  private static TinyModels weight(TinyModels tiny, String name, long... dims) {
    byte[] codes = new byte[(int) Shape.of(dims).elementCount()];
    new java.util.Random(7).nextBytes(codes);
    return tiny.constant(name + ".c", Tensor.ofBytes(ElementType.INT8, Shape.of(dims), codes))
        .constant(name + ".s", Tensor.ofFloats(Shape.scalar(), 0.01f))
        .constant(name + ".z", Tensor.ofBytes(ElementType.INT8, Shape.scalar(), new byte[] {0}))
        .node(
            "DequantizeLinear", "", List.of(name + ".c", name + ".s", name + ".z"), List.of(name));
  }

  /** Two convolutions of which the second has no QuantizeLinear behind it. */
  private static OnnxModel halfQuantized(String firstName, String secondName) {
    TinyModels tiny = new TinyModels().input("x", FLOAT, "n", 16, 12, 12);
    pair(tiny, "x", "xd", 128);
    weight(tiny, "w1", 16, 16, 3, 3);
    weight(tiny, "w2", 32, 16, 3, 3);
    tiny.node("Conv", firstName, List.of("xd", "w1"), List.of("a"))
        .node("Relu", "", List.of("a"), List.of("r"));
    pair(tiny, "r", "rd", 0);
    return tiny.node("Conv", secondName, List.of("rd", "w2"), List.of("y"))
        .output("y", FLOAT, "n", 32, 8, 8)
        .build();
  }

  @ParameterizedTest
  @CsvSource({"first, second", "same, same", "'', ''"})
  void integerAndFloatConvolutionsAreToldApartWhateverTheirNames(String first, String second) {
    OnnxModel model = halfQuantized(first, second);
    KernelReport report =
        KernelReport.of(
            model, Map.of("x", TensorBuffer.of(TinyModels.normal(1, 1, 1, 16, 12, 12))), 1);
    assertThat(report.integerCounts()).containsEntry("Conv", 1);
    assertThat(report.floatCounts()).containsEntry("Conv", 1);
    Kernel integer = convolution(report, 0);
    assertThat(integer.op()).isEqualTo("QLinearConv");
    assertThat(integer.arithmetic()).isEqualTo(Arithmetic.INTEGER);
    assertThat(integer.macs()).isEqualTo(16L * 10 * 10 * 16 * 9);
    Kernel other = convolution(report, 1);
    assertThat(other.arithmetic()).isEqualTo(Arithmetic.FLOAT);
    assertThat(other.macs()).isEqualTo(32L * 8 * 8 * 16 * 9);
    double share = 16.0 * 10 * 10 / (16 * 10 * 10 + 32 * 8 * 8);
    assertThat(report.integerMacShare()).isCloseTo(share, Offset.offset(1e-12));
    assertThat(report.notExecuted()).isEmpty();
    assertThat(report.warnings()).isEmpty();
    // The weight of the second convolution is made float at every run: that must be seen.
    assertThat(report.conversions().stream().map(Kernel::op)).contains("DequantizeLinear");
  }

  private static Kernel convolution(KernelReport report, int number) {
    return report.kernels().stream()
        .filter(k -> k.modelOp().equals("Conv"))
        .skip(number)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void namesTellWhatRunsInFloat() {
    KernelReport report =
        KernelReport.of(
            halfQuantized("first", "second"),
            Map.of("x", TensorBuffer.of(TinyModels.normal(1, 1, 2, 16, 12, 12))),
            1);
    assertThat(report.arithmeticOf("first")).contains(Arithmetic.INTEGER);
    assertThat(report.arithmeticOf("second")).contains(Arithmetic.FLOAT);
    assertThat(report.arithmeticOf("third")).isEmpty();
    assertThat(report.totalMacs()).isEqualTo(2L * (16 * 100 + 32 * 64) * 16 * 9);
  }

  /** The runtime gives this fusion a name of its own. */
  @Test
  void dynamicQuantizationIsFoundWithoutAName() {
    TinyModels tiny =
        new TinyModels()
            .input("x", FLOAT, 3, 64)
            .constant("f", TinyModels.normal(2, 0.1, 48, 5))
            .constant("w", Tensor.ofBytes(ElementType.INT8, Shape.of(64, 48), new byte[64 * 48]))
            .constant("wz", Tensor.ofBytes(ElementType.INT8, Shape.scalar(), new byte[1]))
            .constant("ws", Tensor.ofFloats(Shape.scalar(), 0.01f))
            .node("DynamicQuantizeLinear", "", List.of("x"), List.of("q", "s", "z"))
            .node("MatMulInteger", "planned", List.of("q", "w", "z", "wz"), List.of("i"))
            .node("Cast", "", List.of("i"), List.of("c"), Attribute.of("to", 1))
            .node("Mul", "", List.of("s", "ws"), List.of("sw"))
            .node("Mul", "", List.of("c", "sw"), List.of("m"))
            .node("MatMul", "plain", List.of("m", "f"), List.of("y"))
            .output("y", FLOAT, 3, 5);
    KernelReport report =
        KernelReport.of(
            tiny.build(), Map.of("x", TensorBuffer.of(TinyModels.normal(1, 1, 3, 64))), 1);
    assertThat(report.arithmeticOf("planned")).contains(Arithmetic.INTEGER);
    assertThat(report.arithmeticOf("plain")).contains(Arithmetic.FLOAT);
    assertThat(report.integerMacShare())
        .isCloseTo(3.0 * 64 * 48 / (3.0 * 64 * 48 + 3.0 * 48 * 5), Offset.offset(1e-12));
  }

  @Test
  void matrixProductsAndSums() {
    TinyModels tiny = new TinyModels().input("x", FLOAT, 4, 32);
    pair(tiny, "x", "xd", 128);
    weight(tiny, "w", 32, 32);
    tiny.node("MatMul", "product", List.of("xd", "w"), List.of("a"));
    pair(tiny, "a", "ad", 128);
    tiny.node("Add", "sum", List.of("ad", "xd"), List.of("b"));
    pair(tiny, "b", "bd", 128);
    tiny.output("bd", FLOAT, 4, 32);
    KernelReport report =
        KernelReport.of(
            tiny.build(), Map.of("x", TensorBuffer.of(TinyModels.normal(1, 1, 4, 32))), 1);
    assertThat(report.arithmeticOf("product")).contains(Arithmetic.INTEGER);
    assertThat(report.arithmeticOf("sum")).contains(Arithmetic.INTEGER);
    assertThat(report.integerCounts()).containsEntry("MatMul", 1).containsEntry("Add", 1);
    assertThat(report.floatCounts()).isEmpty();
    assertThat(report.integerMacShare()).isEqualTo(1);
  }

  @Test
  void fourBitWeightsBecomeOneKernel() {
    int k = 64;
    int n = 32;
    TinyModels tiny =
        new TinyModels()
            .input("x", FLOAT, 1, k)
            .constant("c", Tensor.ofBytes(ElementType.INT4, Shape.of(k, n), new byte[k * n / 2]))
            .constant("s", TinyModels.normal(1, 0.1, k / 32, n))
            .node(
                "DequantizeLinear",
                "",
                List.of("c", "s"),
                List.of("w"),
                Attribute.of("axis", 0),
                Attribute.of("block_size", 32))
            .node("MatMul", "product", List.of("x", "w"), List.of("y"))
            .output("y", FLOAT, 1, n);
    tiny.opset = 21;
    tiny.ir = 10;
    KernelReport report =
        KernelReport.of(
            tiny.build(), Map.of("x", TensorBuffer.of(TinyModels.normal(1, 1, 1, k))), 1);
    assertThat(report.kernels().stream().map(Kernel::op)).contains("MatMulNBits");
    assertThat(report.arithmeticOf("product")).contains(Arithmetic.INTEGER);
    assertThat(report.totalMacs()).isEqualTo(64L * 32);
  }

  private static KernelReport ofShared(String name) {
    Optional<Path> path = SharedData.model(name + "/model.onnx");
    assumeTrue(path.isPresent(), SharedData.WHY_ABSENT);
    OnnxModel model = OnnxReader.read(path.orElseThrow()).model();
    try (InferenceSession session =
        InferenceSession.open(path.orElseThrow(), SessionOptions.of(1))) {
      return KernelReport.of(model, RandomInputs.thatRun(model, session).next(1), 1);
    }
  }

  @Test
  void aQuantizedModelRunsInInteger() {
    KernelReport report = ofShared("kws-dscnn-qdq-int8");
    // As its optimized graph shows: nine QLinearConv, one QLinearMatMul, no float one.
    assertThat(report.integerCounts())
        .containsEntry("Conv", 9)
        .containsEntry("MatMul", 1)
        .containsEntry("AveragePool", 1)
        .containsEntry("Softmax", 1);
    assertThat(report.floatCounts()).doesNotContainKeys("Conv", "MatMul", "Gemm");
    assertThat(report.floatCounts()).containsEntry("BatchNormalization", 9);
    assertThat(report.integerMacShare()).isEqualTo(1);
    assertThat(report.totalMacs()).isBetween(2_600_000L, 2_750_000L);
  }

  @ParameterizedTest
  @CsvSource({
    "kws-dscnn, 10",
    "resnet8-cifar10-nhwc, 10",
    "yolox-nano-coco, 113",
    "cifar10-cnn-winml, 5",
    "text-transformer-banking77, 25",
    "byte-bilstm-tract, 3",
    "style-transfer-candy, 16"
  })
  void everyMultiplicationOfAFloatModelIsFound(String name, int multiplications) {
    KernelReport report = ofShared(name);
    assertThat(report.integerMacShare()).isZero();
    assertThat(report.notExecuted()).isEmpty();
    assertThat(report.warnings()).isEmpty();
    assertThat(report.kernels().stream().filter(k -> k.macs() > 0)).hasSize(multiplications);
    assertThat(report.kernels().stream().mapToLong(Kernel::macs).sum())
        .isEqualTo(report.totalMacs());
  }
}
