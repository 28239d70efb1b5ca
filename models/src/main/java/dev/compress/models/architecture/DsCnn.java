package dev.compress.models.architecture;

import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.OnnxModel;
import dev.compress.models.architecture.NetworkBuilder.Filter;
import dev.compress.tensor.ElementType;
import java.util.List;
import java.util.Map;

/**
 * The small depthwise-separable network that spots keywords (Zhang et al., arXiv 1711.07128, as
 * MLPerf Tiny has it): a 10 x 4 convolution of stride 2, then pairs of a depthwise and a pointwise
 * one. {@code features} [batch, 1, 49, 10], frames by cepstral coefficients, to {@code logits}.
 *
 * @param channels of all layers
 * @param blocks pairs of depthwise and pointwise convolutions
 * @param classes number of logits
 */
public record DsCnn(int channels, int blocks, int classes) {
  private static final int FRAMES = 49;
  private static final int COEFFICIENTS = 10;

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if the sizes make no network
   */
  public DsCnn {
    if (channels < 1 || blocks < 1 || classes < 1) {
      throw new IllegalArgumentException("a DS-CNN needs positive sizes");
    }
  }

  /** Builds the model with weights of a seed. */
  public OnnxModel build(long seed) {
    NetworkBuilder net = new NetworkBuilder(new RandomWeights(seed));
    String x =
        net.input(
            "features",
            ElementType.FLOAT,
            Dim.of("batch"),
            Dim.of(1),
            Dim.of(FRAMES),
            Dim.of(COEFFICIENTS));
    // As much padding as halves the sides, rounded up: the odd row goes below.
    x = unit(net, "/stem", x, new Filter(1, channels, 10, 4, 2, 1, false, List.of(4L, 1L, 5L, 1L)));
    for (int block = 0; block < blocks; block++) {
      String scope = "/blocks/" + block;
      x = unit(net, scope + "/depthwise", x, Filter.depthwise(channels, 3, 1));
      x = unit(net, scope + "/pointwise", x, Filter.square(channels, channels, 1, 1));
    }
    x = net.node("GlobalAveragePool", "/avgpool/GlobalAveragePool", List.of(x));
    x = net.node("Flatten", "/Flatten", List.of(x), Attribute.of("axis", 1));
    x = net.gemm("/fc", x, channels, classes);
    net.output(x, "logits", Dim.of("batch"), Dim.of(classes));
    return net.build("ds-cnn", Map.of("weights", "random, seed " + seed));
  }

  private static String unit(NetworkBuilder net, String scope, String x, Filter filter) {
    String y = net.conv(scope + "/conv", x, filter);
    return net.relu(scope, net.freshNorm(scope + "/norm", y, filter.outChannels()));
  }
}
