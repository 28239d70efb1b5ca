package dev.compress.models.architecture;

import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.OnnxModel;
import dev.compress.models.architecture.NetworkBuilder.Window;
import dev.compress.models.architecture.WeightSource.Normal;
import dev.compress.models.random.SplitMix64;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Map;

/**
 * ResNet-50 (He et al., CVPR 2016) with the stride on the 3 x 3 convolution, as exporters write it
 * except that its 53 BatchNormalizations stay unfused. The full size has 25,557,032 parameters and
 * a file of 102 MB.
 *
 * <p>Weights are drawn by seed; the running statistics are those that unit-normal images have in
 * exactly these weights (see {@link ChannelSamples}), so activations keep their size through all
 * layers, and ranges taken from the statistics mean what they mean in a trained model.
 *
 * @param blocks residual blocks per stage; four stages
 * @param width channels inside a block of the first stage; a block gives out four times as many
 * @param classes number of logits
 * @param imageSide height and width of the images in pixels; a multiple of 32
 */
public record Resnet50(List<Integer> blocks, int width, int classes, int imageSide) {
  private static final int EXPANSION = 4;
  private static final Normal SCALE = new Normal(1, 0.15);
  // small, as trained models have it there; it also keeps the sum over a stage's blocks bounded
  private static final Normal LAST_SCALE = new Normal(0.4, 0.08);
  // apart from the weights' streams, which start at hashes of names
  private static final long STATISTICS_STREAM = 1;
  private static final Normal BIAS = new Normal(0, 0.2);

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if the sizes make no network
   */
  public Resnet50 {
    blocks = List.copyOf(blocks);
    if (blocks.stream().anyMatch(count -> count < 1) || width < 1 || classes < 1 || imageSide < 1) {
      throw new IllegalArgumentException("a ResNet needs positive sizes");
    }
  }

  /** The full size: stages of 3, 4, 6 and 3 blocks, 224 x 224 images, 1000 classes. */
  public static Resnet50 standard() {
    return new Resnet50(List.of(3, 4, 6, 3), 64, 1000, 224);
  }

  /**
   * Builds the model with weights of a seed: {@code input} [batch, 3, side, side] to {@code logits}
   * [batch, classes].
   */
  public OnnxModel build(long seed) {
    return new Build(new RandomWeights(seed)).model(seed);
  }

  /** An activation: its value in the graph with values that it takes. */
  private record Activation(String value, ChannelSamples samples) {
    int channels() {
      return samples.channels();
    }
  }

  /** The state of one build. */
  private final class Build {
    private final RandomWeights weights;
    private final NetworkBuilder net;
    private final SplitMix64 random;

    Build(RandomWeights weights) {
      this.weights = weights;
      this.net = new NetworkBuilder(weights);
      this.random = SplitMix64.stream(weights.seed(), STATISTICS_STREAM);
    }

    OnnxModel model(long seed) {
      Dim side = Dim.of(imageSide);
      String input = net.input("input", ElementType.FLOAT, Dim.of("batch"), Dim.of(3), side, side);
      Activation x =
          new Activation(
              input, ChannelSamples.normal(new double[3], new double[] {1, 1, 1}, random));
      x = convNorm("/conv1", "/bn1", x, new Window(7, 2), width, SCALE);
      String pool =
          net.node(
              "MaxPool",
              "/maxpool/MaxPool",
              List.of(net.relu("/relu", x.value())),
              new Window(3, 2).attributes(false));
      x = new Activation(pool, x.samples().rectified().pooled(random));
      for (int stage = 0; stage < blocks.size(); stage++) {
        for (int block = 0; block < blocks.get(stage); block++) {
          String scope = "/layer" + (stage + 1) + "/" + block;
          x = bottleneck(scope, x, width << stage, stage > 0 && block == 0 ? 2 : 1, block == 0);
        }
      }
      String pooled =
          net.node("GlobalAveragePool", "/avgpool/GlobalAveragePool", List.of(x.value()));
      String flat = net.node("Flatten", "/Flatten", List.of(pooled), Attribute.of("axis", 1));
      String logits = net.gemm("/fc", flat, x.channels(), classes);
      net.output(logits, "logits", Dim.of("batch"), Dim.of(classes));
      return net.build("resnet", Map.of("weights", "random, seed " + seed));
    }

    private Activation bottleneck(
        String scope, Activation x, int inner, int stride, boolean projects) {
      Activation y =
          relu(
              scope + "/relu1",
              convNorm(scope + "/conv1", scope + "/bn1", x, new Window(1, 1), inner, SCALE));
      y =
          relu(
              scope + "/relu2",
              convNorm(scope + "/conv2", scope + "/bn2", y, new Window(3, stride), inner, SCALE));
      y =
          convNorm(
              scope + "/conv3", scope + "/bn3", y, new Window(1, 1), inner * EXPANSION, LAST_SCALE);
      Activation skip = x;
      if (projects) {
        String projection = scope + "/downsample";
        skip =
            convNorm(
                projection + "/0",
                projection + "/1",
                x,
                new Window(1, stride),
                inner * EXPANSION,
                SCALE);
      }
      String sum = net.node("Add", scope + "/Add", List.of(y.value(), skip.value()));
      return relu(scope + "/relu3", new Activation(sum, y.samples().plus(skip.samples(), random)));
    }

    private Activation relu(String scope, Activation x) {
      return new Activation(net.relu(scope, x.value()), x.samples().rectified());
    }

    private Activation convNorm(
        String conv, String norm, Activation x, Window window, int channels, Normal scale) {
      String y = net.conv(conv, x.value(), window, x.channels(), channels);
      double[][] moments =
          x.samples().convolvedMoments(net.tensor(NetworkBuilder.dotted(conv) + ".weight"));
      String prefix = NetworkBuilder.dotted(norm);
      Shape shape = Shape.of(channels);
      Tensor gamma = weights.weight(prefix + ".weight", shape, scale);
      Tensor beta = weights.weight(prefix + ".bias", shape, BIAS);
      Tensor[] parameters = {gamma, beta, floats(moments[0]), floats(moments[1])};
      return new Activation(net.batchNorm(norm, y, parameters), normalized(gamma, beta));
    }

    /**
     * What a BatchNormalization that carries its input's true statistics gives: mean beta,
     * deviation |gamma|.
     */
    private ChannelSamples normalized(Tensor gamma, Tensor beta) {
      float[] scale = gamma.toFloats();
      float[] shift = beta.toFloats();
      double[] mean = new double[scale.length];
      double[] variance = new double[scale.length];
      for (int c = 0; c < scale.length; c++) {
        mean[c] = shift[c];
        variance[c] = (double) scale[c] * scale[c];
      }
      return ChannelSamples.normal(mean, variance, random);
    }

    private Tensor floats(double[] values) {
      float[] narrow = new float[values.length];
      for (int i = 0; i < values.length; i++) {
        narrow[i] = (float) values[i];
      }
      return Tensor.ofFloats(Shape.of(values.length), narrow);
    }
  }
}
