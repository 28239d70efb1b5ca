package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.cluster.CodeClusters;
import dev.compress.graph.Attribute;
import dev.compress.graph.Initializer;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights that several nodes read. */
class SharedWeightsTest {
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
            int8(
                mode,
                target,
                rounding,
                clusters == 0 ? CodeMap.NONE : new CodeClusters(clusters, 1, false)));
    assertThat(weightsIn8Bits(made)).hasSize(1);
    assertThat(made.sqnrDb()).isGreaterThan(clusters == 0 ? 25 : 15);
    assertThat(made.kernels().integerCounts())
        .containsEntry(conv ? "Conv" : "MatMulInteger", conv ? 3 : 2);
  }

  @ParameterizedTest
  @EnumSource
  void readerWhoseBiasDoesNotFitTheSharedScalesHasCodesOfItsOwn(Rounding rounding) {
    TinyNet net =
        new TinyNet(1, 256)
            .weight("w", 1e-6, 256, 256)
            .weight("b", 0, 256)
            .weight("huge", 1e6, 256)
            .node("Gemm", "p", List.of("x", "w", "b"))
            .node("Gemm", "q", List.of("x", "w", "huge"))
            .output("p")
            .output("q");
    TinyNet.Made made =
        net.quantized(int8(QuantizationMode.STATIC, Target.CPU_VNNI, rounding, CodeMap.NONE));
    assertThat(weightsIn8Bits(made)).hasSize(2);
    assertThat(made.computing()).containsExactly("QGemm", "QGemm");
    assertThat(made.sqnrDb()).isGreaterThan(60);
    assertThat(made.result().skipped().stream().filter(s -> s.explained().contains("its bias")))
        .hasSize(rounding == Rounding.ADAPTIVE ? 1 : 0);
  }

  private static List<Tensor> weightsIn8Bits(TinyNet.Made made) {
    return made.model().graph().initializers().stream()
        .map(Initializer::tensor)
        .filter(t -> t.type().equals(ElementType.INT8) && t.shape().rank() > 1)
        .toList();
  }

  private static QuantizeInt8 int8(
      QuantizationMode mode, Target target, Rounding rounding, CodeMap codes) {
    return new QuantizeInt8(
        mode, target, NodeFilter.ALL, Optional.empty(), Set.of(), rounding, false, codes);
  }
}
