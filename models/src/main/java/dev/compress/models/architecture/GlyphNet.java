package dev.compress.models.architecture;

import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.OnnxModel;
import dev.compress.models.architecture.NetworkBuilder.Window;
import dev.compress.models.architecture.WeightSource.Normal;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Map;

/**
 * The network of the embedded sample: a small residual CNN for 28 x 28 grey images, 13.7 million
 * multiply-accumulates.
 *
 * <pre>
 *   image [batch, 1, 28, 28], 0 (paper) to 1 (ink)
 *   stem    conv 3x3  1 -&gt; 16            28 x 28
 *   widen   conv 3x3 16 -&gt; 32            28 x 28
 *   down1   conv 3x3 32 -&gt; 32, stride 2  14 x 14
 *   block1  x + (conv 3x3 32, conv 3x3 32)
 *   down2   conv 3x3 32 -&gt; 64, stride 2   7 x 7
 *   block2  x + (conv 3x3 64, conv 3x3 64)
 *   global average pool, fully connected 64 -&gt; classes: logits
 * </pre>
 *
 * Every convolution is followed by a BatchNormalization, left in the graph as exporters of models
 * in training form do, and by a ReLU, which in the blocks comes after the addition.
 */
public final class GlyphNet {
  /**
   * A convolution with its normalization; {@link #units()} lists all of them in order of execution.
   */
  public record Unit(String scope, int inChannels, int outChannels, int stride) {}

  private static final List<Unit> UNITS =
      List.of(
          new Unit("/stem", 1, 16, 1),
          new Unit("/widen", 16, 32, 1),
          new Unit("/down1", 32, 32, 2),
          new Unit("/block1/first", 32, 32, 1),
          new Unit("/block1/second", 32, 32, 1),
          new Unit("/down2", 32, 64, 2),
          new Unit("/block2/first", 64, 64, 1),
          new Unit("/block2/second", 64, 64, 1));

  private static final int KERNEL = 3;
  private static final int FEATURES = 64;

  private GlyphNet() {}

  /** The convolutions in order of execution. */
  public static List<Unit> units() {
    return UNITS;
  }

  /**
   * Builds the model.
   *
   * @param weights {@code <unit>.conv.weight}, {@code
   *     <unit>.norm.{weight,bias,running_mean,running_var}} per unit with dots for slashes, {@code
   *     head.weight} and {@code head.bias}
   * @param classes number of logits
   * @param metadata goes into the model's metadata
   */
  public static OnnxModel build(WeightSource weights, int classes, Map<String, String> metadata) {
    NetworkBuilder net = new NetworkBuilder(weights);
    String x =
        net.input("image", ElementType.FLOAT, Dim.of("batch"), Dim.of(1), Dim.of(28), Dim.of(28));
    String skip = "";
    for (Unit unit : UNITS) {
      if (unit.scope().endsWith("/first")) {
        skip = x;
      }
      x =
          net.conv(
              unit.scope() + "/conv",
              x,
              new Window(KERNEL, unit.stride()),
              unit.inChannels(),
              unit.outChannels());
      x = net.batchNorm(unit.scope() + "/norm", x, normParameters(weights, unit));
      if (unit.scope().endsWith("/second")) {
        String block = unit.scope().substring(0, unit.scope().lastIndexOf('/'));
        x = net.node("Add", block + "/Add", List.of(x, skip));
      }
      x = net.relu(unit.scope(), x);
    }
    x = net.node("GlobalAveragePool", "/pool/GlobalAveragePool", List.of(x));
    x = net.node("Flatten", "/Flatten", List.of(x), Attribute.of("axis", 1));
    x = net.gemm("/head", x, FEATURES, classes);
    net.output(x, "logits", Dim.of("batch"), Dim.of(classes));
    return net.build("glyphs", metadata);
  }

  private static Tensor[] normParameters(WeightSource weights, Unit unit) {
    String prefix = NetworkBuilder.dotted(unit.scope()) + ".norm.";
    Shape shape = Shape.of(unit.outChannels());
    return new Tensor[] {
      weights.weight(prefix + "weight", shape, Normal.constant(1)),
      weights.weight(prefix + "bias", shape, Normal.constant(0)),
      weights.weight(prefix + "running_mean", shape, Normal.constant(0)),
      weights.weight(prefix + "running_var", shape, Normal.constant(1))
    };
  }
}
