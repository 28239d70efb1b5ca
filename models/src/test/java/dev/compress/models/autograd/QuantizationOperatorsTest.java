package dev.compress.models.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class QuantizationOperatorsTest {
  @ParameterizedTest
  @MethodSource
  void codes(OpCase one) {
    OpChecks.check(one.flat());
  }

  static Stream<OpCase> codes() {
    return Stream.of(
        OpCase.of("QuantizeLinear", 10, "uint8").x(3, 20).scalar(0.01).constant(zero(128)),
        OpCase.of("QuantizeLinear", 10, "no zero point").x(3, 20).scalar(0.01),
        OpCase.of("QuantizeLinear", 13, "int8 a channel")
            .x(2, 3, 4)
            .constant(floats(0.01f, 0.02f, 0.05f))
            .constant(bytes(ElementType.INT8, 0, 3, -5)),
        OpCase.of("QuantizeLinear", 10, "halves")
            .x(new double[] {0.5, 1.5, 2.5, -0.5, -1.5, 300, -300}, 7)
            .scalar(1)
            .constant(zero(3)),
        OpCase.of("DequantizeLinear", 10, "")
            .constant(bytes(ElementType.UINT8, 0, 200, 255))
            .scalar(0.01)
            .constant(zero(128)),
        OpCase.of("DequantizeLinear", 13, "a channel")
            .constant(
                Tensor.ofBytes(
                    ElementType.INT8, dev.compress.tensor.Shape.of(2, 2), new byte[] {1, -2, 3, 4}))
            .constant(floats(0.5f, 2f))
            .with("axis", 0));
  }

  /** The gradient is that of a straight line inside the range, and none outside. */
  @Test
  void gradientPassesStraightThrough() {
    OpCase one =
        OpCase.of("QuantizeLinear", 10, "")
            .x(new double[] {-2, -1, -0.3, 0.1, 1, 1.3}, 6)
            .scalar(0.01)
            .constant(zero(128));
    try (NDManager manager = TestEngine.manager();
        TrainableGraph graph = TrainableGraph.of(one.model(ElementType.FLOAT), manager)) {
      NDArray x = manager.create(new float[] {-2, -1, -0.3f, 0.1f, 1, 1.3f}, new Shape(6));
      x.setRequiresGradient(true);
      try (GradientCollector collector = TestEngine.engine().newGradientCollector()) {
        NDList results = graph.forward(manager, Map.of("x0", x), true, List.of());
        collector.backward(results.get(0).mul(0.01f).sum());
      }
      assertThat(x.getGradient().toFloatArray()).containsExactly(0, 1, 1, 1, 1, 0);
    }
  }

  private static Tensor zero(int value) {
    return Tensor.ofBytes(
        ElementType.UINT8, dev.compress.tensor.Shape.scalar(), new byte[] {(byte) value});
  }

  private static Tensor bytes(ElementType type, int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return Tensor.ofBytes(type, dev.compress.tensor.Shape.of(values.length), bytes);
  }

  private static Tensor floats(float... values) {
    return Tensor.ofFloats(dev.compress.tensor.Shape.of(values.length), values);
  }
}
