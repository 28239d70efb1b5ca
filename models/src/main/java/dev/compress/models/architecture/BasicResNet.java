package dev.compress.models.architecture;

import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.OnnxModel;
import dev.compress.models.architecture.NetworkBuilder.Filter;
import dev.compress.models.architecture.NetworkBuilder.Window;
import dev.compress.tensor.ElementType;
import java.util.List;
import java.util.Map;

/**
 * Residual networks of blocks of two 3 x 3 convolutions (He et al., CVPR 2016), with projections
 * where the size changes, to be trained: ResNet-18 for large images, ResNet-20 for 32 x 32 (272,474
 * parameters), ResNet-8 as MLPerf Tiny has it. {@code image} to {@code logits}.
 *
 * @param blocks residual blocks per stage; each stage after the first halves the sides
 * @param width channels of the first stage; each stage doubles them
 * @param largeImages whether it begins with a 7 x 7 convolution of stride 2 and a pooling
 * @param image what it takes
 * @param classes number of logits
 */
public record BasicResNet(
    List<Integer> blocks, int width, boolean largeImages, ImageSize image, int classes) {
  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if the sizes make no network
   */
  public BasicResNet {
    blocks = List.copyOf(blocks);
    if (blocks.isEmpty()
        || blocks.stream().anyMatch(count -> count < 1)
        || width < 1
        || classes < 1) {
      throw new IllegalArgumentException("a ResNet needs positive sizes");
    }
  }

  /** Builds the model with weights of a seed. */
  public OnnxModel build(long seed) {
    NetworkBuilder net = new NetworkBuilder(new RandomWeights(seed));
    String x = net.input("image", ElementType.FLOAT, image.dims());
    Filter stem =
        largeImages
            ? Filter.square(image.channels(), width, 7, 2)
            : Filter.square(image.channels(), width, 3, 1);
    x = net.relu("/relu", convNorm(net, "/conv1", "/bn1", x, stem));
    if (largeImages) {
      Attribute[] window = new Window(3, 2).attributes(false);
      x = net.node("MaxPool", "/maxpool/MaxPool", List.of(x), window);
    }
    int channels = width;
    for (int stage = 0; stage < blocks.size(); stage++) {
      for (int block = 0; block < blocks.get(stage); block++) {
        String scope = "/layer" + (stage + 1) + "/" + block;
        int out = width << stage;
        x = block(net, scope, x, channels, out);
        channels = out;
      }
    }
    x = net.node("GlobalAveragePool", "/avgpool/GlobalAveragePool", List.of(x));
    x = net.node("Flatten", "/Flatten", List.of(x), Attribute.of("axis", 1));
    x = net.gemm("/fc", x, channels, classes);
    net.output(x, "logits", Dim.of("batch"), Dim.of(classes));
    return net.build("resnet", Map.of("weights", "random, seed " + seed));
  }

  private static String block(NetworkBuilder net, String scope, String x, int in, int out) {
    int stride = in == out ? 1 : 2;
    String y =
        net.relu(
            scope + "/relu1",
            convNorm(net, scope + "/conv1", scope + "/bn1", x, Filter.square(in, out, 3, stride)));
    y = convNorm(net, scope + "/conv2", scope + "/bn2", y, Filter.square(out, out, 3, 1));
    String skip = x;
    if (in != out) {
      String projection = scope + "/downsample";
      skip =
          convNorm(net, projection + "/0", projection + "/1", x, Filter.square(in, out, 1, stride));
    }
    return net.relu(scope + "/relu2", net.node("Add", scope + "/Add", List.of(y, skip)));
  }

  private static String convNorm(
      NetworkBuilder net, String conv, String norm, String x, Filter filter) {
    return net.freshNorm(norm, net.conv(conv, x, filter), filter.outChannels());
  }
}
