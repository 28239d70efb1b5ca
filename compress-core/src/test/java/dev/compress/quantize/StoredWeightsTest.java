package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.Attribute;
import dev.compress.graph.Graph;
import dev.compress.graph.Node;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Weights that are kept in 8 or 16 bits and computed with in float. */
class StoredWeightsTest {
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
    stored(new TinyNet(1, 32, 20, 20).conv("c", "x", 32, 32, 3, 1).output("c"));
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
    Graph branch =
        Graph.of(
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
            List.of(ValueInfo.of("b", ValueType.tensor(ElementType.FLOAT))));
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
    Arrays.fill(values, value);
    return values;
  }
}
