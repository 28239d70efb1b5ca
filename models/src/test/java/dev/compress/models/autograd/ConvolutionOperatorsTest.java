package dev.compress.models.autograd;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ConvolutionOperatorsTest {
  @ParameterizedTest
  @MethodSource
  void convolution(OpCase one) {
    OpChecks.check(one);
  }

  static Stream<OpCase> convolution() {
    return Stream.of(
        OpCase.of("Conv", 11, "plain").x(2, 3, 5, 6).x(4, 3, 3, 2).x(4),
        OpCase.of("Conv", 7, "no bias, padded, strided")
            .x(1, 2, 6, 7)
            .x(3, 2, 3, 3)
            .with("kernel_shape", new long[] {3, 3})
            .with("strides", new long[] {2, 1})
            .with("pads", new long[] {1, 1, 1, 1}),
        OpCase.of("Conv", 22, "asymmetric pads")
            .x(1, 2, 5, 5)
            .x(2, 2, 3, 3)
            .x(2)
            .with("pads", new long[] {0, 1, 2, 0})
            .with("strides", new long[] {2, 2}),
        OpCase.of("Conv", 11, "grouped").x(2, 4, 4, 4).x(6, 2, 2, 2).x(6).with("group", 2),
        OpCase.of("Conv", 11, "depthwise")
            .x(2, 3, 5, 5)
            .x(3, 1, 3, 3)
            .x(3)
            .with("group", 3)
            .with("pads", new long[] {1, 1, 1, 1}),
        OpCase.of("Conv", 11, "dilated")
            .x(1, 2, 7, 7)
            .x(2, 2, 2, 3)
            .with("dilations", new long[] {3, 2}),
        OpCase.of("Conv", 11, "1-D").x(2, 3, 9).x(4, 3, 4).x(4).with("strides", new long[] {2}),
        OpCase.of("Conv", 11, "1-D causal").x(2, 3, 6).x(2, 3, 3).with("pads", new long[] {2, 0}),
        OpCase.of("Conv", 11, "3-D").x(1, 2, 3, 4, 3).x(2, 2, 2, 2, 2).x(2),
        OpCase.of("Conv", 11, "SAME_UPPER")
            .x(1, 2, 5, 6)
            .x(2, 2, 2, 3)
            .with("auto_pad", "SAME_UPPER")
            .with("strides", new long[] {2, 2}),
        OpCase.of("Conv", 11, "SAME_LOWER")
            .x(1, 2, 5, 6)
            .x(2, 2, 4, 3)
            .with("auto_pad", "SAME_LOWER")
            .with("strides", new long[] {3, 1}),
        OpCase.of("Conv", 11, "VALID").x(1, 2, 5, 6).x(2, 2, 2, 3).with("auto_pad", "VALID"));
  }

  @ParameterizedTest
  @MethodSource
  void transposed(OpCase one) {
    OpChecks.check(one);
  }

  static Stream<OpCase> transposed() {
    return Stream.of(
        OpCase.of("ConvTranspose", 11, "plain").x(2, 3, 4, 3).x(3, 2, 3, 2).x(2),
        OpCase.of("ConvTranspose", 7, "strided, padded")
            .x(1, 2, 3, 4)
            .x(2, 3, 4, 4)
            .x(3)
            .with("strides", new long[] {2, 2})
            .with("pads", new long[] {1, 1, 1, 1}),
        OpCase.of("ConvTranspose", 11, "asymmetric pads, output padding")
            .x(1, 2, 3, 3)
            .x(2, 2, 3, 3)
            .with("strides", new long[] {2, 3})
            .with("pads", new long[] {0, 1, 2, 0})
            .with("output_padding", new long[] {1, 2}),
        OpCase.of("ConvTranspose", 11, "grouped")
            .x(1, 4, 3, 3)
            .x(4, 3, 2, 2)
            .x(6)
            .with("group", 2)
            .with("strides", new long[] {2, 2}),
        OpCase.of("ConvTranspose", 11, "dilated")
            .x(1, 2, 3, 3)
            .x(2, 2, 2, 3)
            .with("dilations", new long[] {2, 3}),
        OpCase.of("ConvTranspose", 11, "1-D")
            .x(2, 3, 4)
            .x(3, 2, 5)
            .x(2)
            .with("strides", new long[] {3}),
        OpCase.of("ConvTranspose", 11, "pads beyond the kernel")
            .x(1, 1, 4, 4)
            .x(1, 1, 2, 2)
            .with("strides", new long[] {2, 2})
            .with("pads", new long[] {2, 2, 2, 2}),
        OpCase.of("ConvTranspose", 11, "output shape")
            .x(1, 2, 3, 3)
            .x(2, 2, 3, 3)
            .with("strides", new long[] {2, 2})
            .with("output_shape", new long[] {6, 6}),
        OpCase.of("ConvTranspose", 11, "output shape beyond the windows")
            .x(1, 2, 3, 3)
            .x(2, 2, 3, 3)
            .with("strides", new long[] {2, 2})
            .with("output_shape", new long[] {8, 8}),
        OpCase.of("ConvTranspose", 11, "SAME_UPPER")
            .x(1, 2, 3, 3)
            .x(2, 2, 3, 4)
            .with("strides", new long[] {2, 3})
            .with("auto_pad", "SAME_UPPER"),
        OpCase.of("ConvTranspose", 11, "SAME_LOWER")
            .x(1, 2, 3, 3)
            .x(2, 2, 4, 3)
            .with("strides", new long[] {2, 2})
            .with("auto_pad", "SAME_LOWER"));
  }
}
