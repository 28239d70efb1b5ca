package dev.compress.models.architecture;

import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.OnnxModel;
import dev.compress.models.architecture.NetworkBuilder.Filter;
import dev.compress.tensor.ElementType;
import java.util.List;
import java.util.Map;

/**
 * The two networks that compression papers measure on digits (LeCun et al., Proc. IEEE 1998, in the
 * sizes of Han et al., arXiv 1510.00149): a perceptron of 300 and 100 hidden units with 266,610
 * parameters, and two convolutions of 20 and 50 channels with 500 hidden units and 431,080
 * parameters for 28 x 28 images. {@code image} [batch, channels, height, width] to {@code logits}.
 *
 * @param convolutional whether it is LeNet-5
 * @param image what it takes
 * @param classes number of logits
 */
public record LeNet(boolean convolutional, ImageSize image, int classes) {
  private static final int KERNEL = 5;

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if the sizes make no network
   */
  public LeNet {
    if (classes < 1) {
      throw new IllegalArgumentException("a network needs classes");
    }
    if (convolutional && (side(image.height()) < 1 || side(image.width()) < 1)) {
      throw new IllegalArgumentException("LeNet-5 needs images of 16 x 16 or more");
    }
  }

  /** What two convolutions without padding and two poolings leave of a side. */
  private static int side(int pixels) {
    int first = (pixels - KERNEL + 1) / 2;
    return (first - KERNEL + 1) / 2;
  }

  /** Builds the model with weights of a seed. */
  public OnnxModel build(long seed) {
    NetworkBuilder net = new NetworkBuilder(new RandomWeights(seed));
    String x = net.input("image", ElementType.FLOAT, image.dims());
    if (convolutional) {
      x = pool(net, "/pool1", net.conv("/conv1", x, Filter.valid(image.channels(), 20, KERNEL)));
      x = pool(net, "/pool2", net.conv("/conv2", x, Filter.valid(20, 50, KERNEL)));
      x = flatten(net, x);
      long features = 50L * side(image.height()) * side(image.width());
      x = net.relu("/relu3", net.gemm("/fc1", x, features, 500));
      x = net.gemm("/fc2", x, 500, classes);
    } else {
      long features = (long) image.channels() * image.height() * image.width();
      x = net.relu("/relu1", net.gemm("/fc1", flatten(net, x), features, 300));
      x = net.relu("/relu2", net.gemm("/fc2", x, 300, 100));
      x = net.gemm("/fc3", x, 100, classes);
    }
    net.output(x, "logits", Dim.of("batch"), Dim.of(classes));
    return net.build(
        convolutional ? "lenet-5" : "lenet-300-100", Map.of("weights", "random, seed " + seed));
  }

  private static String flatten(NetworkBuilder net, String x) {
    return net.node("Flatten", "/Flatten", List.of(x), Attribute.of("axis", 1));
  }

  /** Rectified, then the largest of 2 x 2. */
  private static String pool(NetworkBuilder net, String scope, String x) {
    return net.node(
        "MaxPool",
        scope + "/MaxPool",
        List.of(net.relu(scope, x)),
        Attribute.of("kernel_shape", new long[] {2, 2}),
        Attribute.of("strides", new long[] {2, 2}));
  }
}
