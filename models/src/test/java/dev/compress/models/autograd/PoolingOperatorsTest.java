package dev.compress.models.autograd;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PoolingOperatorsTest {
  @ParameterizedTest
  @MethodSource
  void pools(OpCase one) {
    OpChecks.check(one);
  }

  static Stream<OpCase> pools() {
    return Stream.of(
        pool("MaxPool", 8, "plain", 2, 2).x(2, 2, 5, 6),
        pool("MaxPool", 12, "strided, padded", 3, 3)
            .x(1, 2, 6, 7)
            .with("strides", new long[] {2, 2})
            .with("pads", new long[] {1, 1, 1, 1}),
        pool("MaxPool", 12, "asymmetric pads", 3, 2)
            .x(1, 2, 5, 5)
            .with("pads", new long[] {0, 1, 2, 0}),
        pool("MaxPool", 12, "ceil", 3, 3)
            .x(1, 2, 6, 8)
            .with("strides", new long[] {2, 3})
            .with("ceil_mode", 1),
        pool("MaxPool", 12, "dilated", 2, 3)
            .x(1, 2, 7, 7)
            .with("dilations", new long[] {2, 2})
            .with("strides", new long[] {1, 2}),
        pool("MaxPool", 12, "SAME_UPPER", 2, 2)
            .x(1, 2, 5, 5)
            .with("strides", new long[] {2, 2})
            .with("auto_pad", "SAME_UPPER"),
        pool("MaxPool", 12, "1-D", 3).x(2, 2, 7).with("strides", new long[] {2}),
        pool("AveragePool", 7, "plain", 2, 2).x(2, 2, 5, 6),
        pool("AveragePool", 11, "padded", 3, 3)
            .x(1, 2, 5, 5)
            .with("strides", new long[] {2, 2})
            .with("pads", new long[] {1, 1, 1, 1}),
        pool("AveragePool", 11, "counting pads", 3, 3)
            .x(1, 2, 5, 5)
            .with("pads", new long[] {1, 1, 1, 1})
            .with("count_include_pad", 1),
        pool("AveragePool", 11, "asymmetric pads", 3, 2)
            .x(1, 2, 5, 5)
            .with("pads", new long[] {0, 1, 2, 0}),
        pool("AveragePool", 11, "asymmetric counting pads", 3, 2)
            .x(1, 2, 5, 5)
            .with("pads", new long[] {0, 1, 2, 0})
            .with("count_include_pad", 1),
        pool("AveragePool", 11, "ceil", 3, 3)
            .x(1, 2, 6, 8)
            .with("strides", new long[] {2, 3})
            .with("ceil_mode", 1),
        pool("AveragePool", 19, "dilated", 2, 2).x(1, 2, 6, 6).with("dilations", new long[] {2, 3}),
        pool("AveragePool", 11, "SAME_LOWER", 3, 2)
            .x(1, 2, 5, 5)
            .with("strides", new long[] {2, 2})
            .with("auto_pad", "SAME_LOWER"),
        pool("AveragePool", 11, "1-D", 3).x(2, 2, 7).with("strides", new long[] {2}),
        OpCase.of("GlobalAveragePool", 7, "").x(2, 3, 4, 5),
        OpCase.of("GlobalAveragePool", 7, "1-D").x(2, 3, 4),
        OpCase.of("GlobalMaxPool", 7, "").x(2, 3, 4, 5));
  }

  private static OpCase pool(String op, long opset, String note, long... kernel) {
    return OpCase.of(op, opset, note).with("kernel_shape", kernel);
  }
}
