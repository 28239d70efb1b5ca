package dev.compress.models.architecture;

import dev.compress.graph.Dim;
import dev.compress.graph.OnnxModel;
import dev.compress.models.architecture.WeightSource.Normal;
import dev.compress.tensor.ElementType;
import java.util.List;
import java.util.Map;

/**
 * A stack of MatMul, Add and Relu with large weights and nothing else: a model of any size, for
 * measuring what a tool does with files that do not fit into memory. Written with external data;
 * {@code x} [batch, narrow] to {@code y} [batch, narrow]. Layers widen and narrow in turn, so their
 * number is even.
 *
 * @param pairs number of pairs of layers
 * @param narrow features before and after a pair
 * @param wide features inside a pair
 */
public record MatMulStack(int pairs, int narrow, int wide) {
  private static final int NARROW = 4096;
  private static final int WIDE = 8192;

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if one is not positive
   */
  public MatMulStack {
    if (pairs < 1 || narrow < 1 || wide < 1) {
      throw new IllegalArgumentException("a stack needs positive sizes");
    }
  }

  /**
   * A stack of 128 MiB weights.
   *
   * @param weightBytes the weights' size together; rounded up to a multiple of 256 MiB
   */
  public static MatMulStack ofBytes(long weightBytes) {
    long pair = 2L * NARROW * WIDE * Float.BYTES;
    return new MatMulStack(
        Math.toIntExact(Math.max(1, (weightBytes + pair - 1) / pair)), NARROW, WIDE);
  }

  /** Builds the model with weights of a seed. */
  public OnnxModel build(long seed) {
    NetworkBuilder net = new NetworkBuilder(new RandomWeights(seed));
    String x = net.input("x", ElementType.FLOAT, Dim.of("batch"), Dim.of(narrow));
    for (int pair = 0; pair < pairs; pair++) {
      x = layer(net, "/layer" + 2 * pair, x, narrow, wide);
      x = layer(net, "/layer" + (2 * pair + 1), x, wide, narrow);
    }
    net.output(x, "y", Dim.of("batch"), Dim.of(narrow));
    return net.build("matmul-stack", Map.of("weights", "random, seed " + seed));
  }

  private static String layer(NetworkBuilder net, String scope, String x, long in, long out) {
    String prefix = NetworkBuilder.dotted(scope);
    String weight = net.weight(prefix + ".weight", Normal.he(in), in, out);
    String bias = net.weight(prefix + ".bias", new Normal(0, 0.02), out);
    String product = net.node("MatMul", scope + "/MatMul", List.of(x, weight));
    String sum = net.node("Add", scope + "/Add", List.of(product, bias));
    return net.relu(scope, sum);
  }
}
