package dev.compress.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.Attribute;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.tensor.ElementType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random linear nodes with random chains of channel arithmetic behind them. */
class FoldBatchNormRandomTest {
  private final List<Initializer> constants = new ArrayList<>();
  private final List<Node> nodes = new ArrayList<>();
  private int values;

  static LongStream seeds() {
    return LongStream.range(0, 60);
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void foldsTheWholeChain(long seed) {
    Random random = new Random(seed);
    String kind = List.of("Conv", "ConvTranspose", "Gemm", "MatMul").get(random.nextInt(4));
    boolean convolution = kind.startsWith("Conv");
    int spatial = convolution ? 1 + random.nextInt(3) : 0;
    int groups = convolution ? 1 + random.nextInt(3) : 1;
    int inputs = groups * (1 + random.nextInt(3));
    int channels = groups * (1 + random.nextInt(3));
    long[] shape = new long[2 + spatial];
    shape[0] = 1L + random.nextInt(3);
    shape[1] = inputs;
    for (int i = 0; i < spatial; i++) {
      shape[2 + i] = 4L + random.nextInt(3);
    }
    String y = linear(kind, groups, inputs, channels, spatial, random);
    int steps = 1 + random.nextInt(4);
    for (int i = 0; i < steps; i++) {
      y = step(y, channels, spatial, convolution, random);
    }
    OnnxModel model =
        Check.model(
            List.of(9L, 13L, 15L).get(random.nextInt(3)),
            List.of(Check.floats("x", shape)),
            List.of(Check.unknown(y, ElementType.FLOAT)),
            constants,
            nodes.toArray(Node[]::new));
    OnnxModel folded = Check.apply(new FoldBatchNorm(), model, 1e-4).model();
    List<String> operators = Check.operators(folded);
    assertThat(operators).startsWith(kind);
    assertThat(operators.size()).isLessThanOrEqualTo(kind.equals("MatMul") ? 2 : 1);
  }

  private String value() {
    return "v" + values++;
  }

  private String linear(
      String kind, int groups, int inputs, int channels, int spatial, Random random) {
    String y = value();
    boolean bias = kind.equals("Gemm") || (random.nextBoolean() && !kind.equals("MatMul"));
    List<String> read = new ArrayList<>(List.of("x", "w"));
    if (bias) {
      read.add("b");
      constants.add(Check.weights("b", random.nextLong(), channels));
    }
    List<Attribute> attributes = new ArrayList<>();
    long[] shape = new long[2 + spatial];
    if (kind.equals("Conv")) {
      shape[0] = channels;
      shape[1] = inputs / groups;
      long[] pads = new long[2 * spatial];
      for (int i = 0; i < pads.length; i++) {
        pads[i] = random.nextInt(2);
      }
      attributes.add(Attribute.of("pads", pads));
    } else if (kind.equals("ConvTranspose")) {
      shape[0] = inputs;
      shape[1] = channels / groups;
    } else {
      boolean transposed = kind.equals("Gemm") && random.nextBoolean();
      shape[transposed ? 1 : 0] = inputs;
      shape[transposed ? 0 : 1] = channels;
      if (kind.equals("Gemm")) {
        attributes.add(Attribute.of("transB", transposed ? 1 : 0));
        attributes.add(Attribute.of("alpha", 0.5f + random.nextFloat()));
        attributes.add(Attribute.of("beta", 0.5f + random.nextFloat()));
      }
    }
    for (int i = 2; i < shape.length; i++) {
      shape[i] = 1L + random.nextInt(3);
    }
    if (spatial > 0) {
      attributes.add(Attribute.of("group", groups));
    }
    constants.add(Check.weights("w", random.nextLong(), shape));
    nodes.add(Node.of(kind, "linear", read, List.of(y), attributes.toArray(Attribute[]::new)));
    return y;
  }

  private String step(String x, int channels, int spatial, boolean convolution, Random random) {
    String y = value();
    String kind = List.of("BatchNormalization", "Add", "Sub", "Mul", "Div").get(random.nextInt(5));
    String c = "c" + y;
    if (kind.equals("BatchNormalization")) {
      constants.add(Check.weights(c + "s", random.nextLong(), channels));
      constants.add(Check.weights(c + "b", random.nextLong(), channels));
      constants.add(Check.weights(c + "m", random.nextLong(), channels));
      constants.add(Check.positive(c + "v", random.nextLong(), channels));
      nodes.add(Node.of(kind, "", List.of(x, c + "s", c + "b", c + "m", c + "v"), List.of(y)));
      return y;
    }
    long[] shape = new long[convolution ? 1 + spatial : 1];
    Arrays.fill(shape, 1);
    boolean scalar = random.nextInt(4) == 0;
    shape[0] = channels;
    constants.add(Check.positive(c, random.nextLong(), scalar ? new long[0] : shape));
    boolean second = kind.equals("Div") || random.nextBoolean();
    nodes.add(Node.of(kind, "", second ? List.of(x, c) : List.of(c, x), List.of(y)));
    return y;
  }
}
