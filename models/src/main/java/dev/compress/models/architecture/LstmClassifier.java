package dev.compress.models.architecture;

import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.OnnxModel;
import dev.compress.models.architecture.WeightSource.Normal;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Map;

/**
 * A text classifier by one LSTM (Hochreiter and Schmidhuber, Neural Computation 1997) over
 * embeddings; the last hidden state decides. {@code input_ids}, int64 [batch, sequence], to {@code
 * logits}.
 *
 * @param vocabulary number of tokens
 * @param embedding size of a token's vector
 * @param hidden size of the state
 * @param classes number of logits
 */
public record LstmClassifier(int vocabulary, int embedding, int hidden, int classes) {
  private static final int GATES = 4;

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if the sizes make no network
   */
  public LstmClassifier {
    if (vocabulary < 1 || embedding < 1 || hidden < 1 || classes < 1) {
      throw new IllegalArgumentException("an LSTM classifier needs positive sizes");
    }
  }

  /** Builds the model with weights of a seed. */
  public OnnxModel build(long seed) {
    NetworkBuilder net = new NetworkBuilder(new RandomWeights(seed));
    String ids = net.input("input_ids", ElementType.INT64, Dim.of("batch"), Dim.of("sequence"));
    String table = net.weight("embedding.weight", new Normal(0, 1), vocabulary, embedding);
    String x =
        net.node("Gather", "/embedding/Gather", List.of(table, ids), Attribute.of("axis", 0));
    x = net.node("Transpose", "/Transpose", List.of(x), Attribute.of("perm", new long[] {1, 0, 2}));
    Normal initial = new Normal(0, 1 / Math.sqrt(3.0 * hidden)); // the variance of U(-1,1)/sqrt(h)
    String last =
        net.lastState(
            "/lstm",
            List.of(
                x,
                net.weight("lstm.weight_ih", initial, 1, (long) GATES * hidden, embedding),
                net.weight("lstm.weight_hh", initial, 1, (long) GATES * hidden, hidden),
                net.weight("lstm.bias", Normal.constant(0), 1, 2L * GATES * hidden)),
            hidden);
    String axes = net.constant("squeeze.axes", Tensor.ofLongs(Shape.of(1), 0));
    x = net.node("Squeeze", "/Squeeze", List.of(last, axes));
    x = net.gemm("/fc", x, hidden, classes);
    net.output(x, "logits", Dim.of("batch"), Dim.of(classes));
    return net.build("lstm", Map.of("weights", "random, seed " + seed));
  }
}
