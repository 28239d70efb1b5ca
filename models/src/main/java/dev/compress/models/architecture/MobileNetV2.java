package dev.compress.models.architecture;

import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.OnnxModel;
import dev.compress.models.architecture.NetworkBuilder.Filter;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Map;

/**
 * MobileNetV2 (Sandler et al., CVPR 2018): inverted residuals of depthwise convolutions, ReLU6. At
 * width 1 for 1,000 classes it has 3,504,872 parameters and 300 million multiply-accumulates at 224
 * x 224. {@code image} to {@code logits}.
 *
 * @param widthMultiplier of all channels, which are rounded to multiples of 8
 * @param image what it takes
 * @param classes number of logits
 */
public record MobileNetV2(double widthMultiplier, ImageSize image, int classes) {
  private static final int STEM = 32;
  private static final int HEAD = 1280;
  private static final int ROUND = 8;

  /** Table 2 of the paper: expansion, channels, blocks, stride of the first. */
  private static final List<int[]> STAGES =
      List.of(
          new int[] {1, 16, 1, 1},
          new int[] {6, 24, 2, 2},
          new int[] {6, 32, 3, 2},
          new int[] {6, 64, 4, 2},
          new int[] {6, 96, 3, 1},
          new int[] {6, 160, 3, 2},
          new int[] {6, 320, 1, 1});

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if the sizes make no network
   */
  public MobileNetV2 {
    if (!(widthMultiplier > 0) || widthMultiplier > 16 || classes < 1) {
      throw new IllegalArgumentException(
          "a MobileNetV2 needs classes and a width over 0 and up to 16");
    }
  }

  /** Builds the model with weights of a seed. */
  public OnnxModel build(long seed) {
    return new Build(new NetworkBuilder(new RandomWeights(seed))).model(seed);
  }

  /** To a multiple of 8, at least 8, and never by more than a tenth down. */
  private int channels(int full) {
    double wanted = full * widthMultiplier;
    int rounded = Math.max(ROUND, (int) (wanted + ROUND / 2.0) / ROUND * ROUND);
    return rounded < 0.9 * wanted ? rounded + ROUND : rounded;
  }

  /** The state of one build. */
  private final class Build {
    private final NetworkBuilder net;
    private final String zero;
    private final String six;

    Build(NetworkBuilder net) {
      this.net = net;
      zero = net.constant("relu6.min", Tensor.ofFloats(Shape.scalar(), 0));
      six = net.constant("relu6.max", Tensor.ofFloats(Shape.scalar(), 6));
    }

    OnnxModel model(long seed) {
      String x = net.input("image", ElementType.FLOAT, image.dims());
      int in = channels(STEM);
      x = relu6("/stem", convNorm("/stem", x, Filter.square(image.channels(), in, 3, 2)));
      int index = 0;
      for (int[] stage : STAGES) {
        int out = channels(stage[1]);
        for (int block = 0; block < stage[2]; block++) {
          String scope = "/blocks/" + index++;
          x = inverted(scope, x, in, out, stage[0], block == 0 ? stage[3] : 1);
          in = out;
        }
      }
      int head = Math.max(HEAD, channels(HEAD));
      x = relu6("/head", convNorm("/head", x, Filter.square(in, head, 1, 1)));
      x = net.node("GlobalAveragePool", "/avgpool/GlobalAveragePool", List.of(x));
      x = net.node("Flatten", "/Flatten", List.of(x), Attribute.of("axis", 1));
      x = net.gemm("/classifier", x, head, classes);
      net.output(x, "logits", Dim.of("batch"), Dim.of(classes));
      return net.build("mobilenetv2", Map.of("weights", "random, seed " + seed));
    }

    private String inverted(String scope, String x, int in, int out, int expansion, int stride) {
      int inner = in * expansion;
      String y = x;
      if (expansion != 1) {
        y = convNorm(scope + "/expand", y, Filter.square(in, inner, 1, 1));
        y = relu6(scope + "/expand", y);
      }
      y = convNorm(scope + "/depthwise", y, Filter.depthwise(inner, 3, stride));
      y = relu6(scope + "/depthwise", y);
      y = convNorm(scope + "/project", y, Filter.square(inner, out, 1, 1));
      return stride == 1 && in == out ? net.node("Add", scope + "/Add", List.of(x, y)) : y;
    }

    private String convNorm(String scope, String x, Filter filter) {
      return net.freshNorm(
          scope + "/norm", net.conv(scope + "/conv", x, filter), filter.outChannels());
    }

    private String relu6(String scope, String x) {
      return net.node("Clip", scope + "/Clip", List.of(x, zero, six));
    }
  }
}
