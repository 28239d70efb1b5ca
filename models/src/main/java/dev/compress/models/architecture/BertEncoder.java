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
import java.util.stream.LongStream;

/**
 * A BERT encoder (Devlin et al., NAACL 2019) in the operators that exporters write: MatMul and Add
 * for linear layers, heads by Reshape and Transpose, a mask of -10000 added to the scores, GELU as
 * Div, Erf, Add, Mul, Mul. Inputs {@code input_ids}, {@code attention_mask} and {@code
 * token_type_ids} are int64 [batch, sequence]; output {@code last_hidden_state} is float [batch,
 * sequence, hidden]. The base size has 108.9 million parameters in a file of 436 MB. Weights are
 * drawn by seed, with BERT's own initialization.
 *
 * @param layers number of encoder layers
 * @param hidden size of a token's vector
 * @param heads attention heads; divides {@code hidden}
 * @param feedForward inner size of the feed-forward layers
 * @param vocabulary number of tokens
 * @param positions longest sequence
 * @param classes 0, or number of the {@code logits} that are the output instead, computed from the
 *     first token; such a classifier has no token types
 */
public record BertEncoder(
    int layers,
    int hidden,
    int heads,
    int feedForward,
    int vocabulary,
    int positions,
    int classes) {
  private static final Normal WEIGHT = new Normal(0, 0.02);
  private static final Normal BIAS = new Normal(0, 0.02);
  private static final Normal NORM_SCALE = new Normal(1, 0.1);
  private static final float MASKED = -10000;
  private static final int TOKEN_TYPES = 2;

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if the sizes make no encoder
   */
  public BertEncoder {
    if (layers < 1
        || hidden < 1
        || heads < 1
        || feedForward < 1
        || vocabulary < 1
        || positions < 1
        || classes < 0) {
      throw new IllegalArgumentException("an encoder needs positive sizes");
    }
    if (hidden % heads != 0) {
      throw new IllegalArgumentException(heads + " heads do not divide a hidden size of " + hidden);
    }
  }

  /**
   * The base size: 12 layers, hidden 768, 12 heads, feed-forward 3072, 30522 tokens, 512 positions.
   */
  public static BertEncoder base() {
    return new BertEncoder(12, 768, 12, 3072, 30522, 512, 0);
  }

  /** A small one that classifies sentences of up to 64 tokens: 3 layers, hidden 96, 4 heads. */
  public static BertEncoder classifier(int vocabulary, int classes) {
    return new BertEncoder(3, 96, 4, 384, vocabulary, 64, classes);
  }

  /** Builds the model with weights of a seed. */
  public OnnxModel build(long seed) {
    return new Build(new NetworkBuilder(new RandomWeights(seed))).model(seed);
  }

  /** The state of one build. */
  private final class Build {
    private final NetworkBuilder net;

    Build(NetworkBuilder net) {
      this.net = net;
    }

    OnnxModel model(long seed) {
      Dim batch = Dim.of("batch");
      Dim sequence = Dim.of("sequence");
      String ids = net.input("input_ids", ElementType.INT64, batch, sequence);
      String mask = net.input("attention_mask", ElementType.INT64, batch, sequence);
      List<String> types =
          classes > 0
              ? List.of()
              : List.of(net.input("token_type_ids", ElementType.INT64, batch, sequence));
      String bias = maskBias(mask);
      String x = embeddings(ids, types);
      for (int layer = 0; layer < layers; layer++) {
        x = layer("/encoder/layer." + layer, x, bias);
      }
      if (classes > 0) {
        String first = net.constant("first_token", Tensor.ofLongs(Shape.scalar(), 0));
        x = net.node("Gather", "/pooler/Gather", List.of(x, first), Attribute.of("axis", 1));
        net.output(net.gemm("/classifier", x, hidden, classes), "logits", batch, Dim.of(classes));
      } else {
        net.output(x, "last_hidden_state", batch, sequence, Dim.of(hidden));
      }
      return net.build("bert", Map.of("weights", "random, seed " + seed));
    }

    /** 0 where a token counts and -10000 where it is padding, [batch, 1, 1, sequence]. */
    private String maskBias(String mask) {
      String axes = net.constant("mask_axes", Tensor.ofLongs(Shape.of(2), 1, 2));
      String spread = net.node("Unsqueeze", "/mask/Unsqueeze", List.of(mask, axes));
      String cast =
          net.node(
              "Cast", "/mask/Cast", List.of(spread), Attribute.of("to", ElementType.FLOAT.code()));
      String inverse = net.node("Sub", "/mask/Sub", List.of(scalar("mask_one", 1), cast));
      return net.node("Mul", "/mask/Mul", List.of(inverse, scalar("mask_value", MASKED)));
    }

    private String embeddings(String ids, List<String> types) {
      String scope = "/embeddings";
      String word = gather(scope + "/word_embeddings", vocabulary, ids);
      String position = gather(scope + "/position_embeddings", positions, positionIds(ids));
      String sum = word;
      for (String type : types) {
        String kind = gather(scope + "/token_type_embeddings", TOKEN_TYPES, type);
        sum = net.node("Add", scope + "/Add", List.of(word, kind));
      }
      String all = net.node("Add", scope + "/Add_1", List.of(sum, position));
      return layerNorm(scope + "/LayerNorm", all);
    }

    /** The first {@code sequence} of the stored positions, [1, sequence]. */
    private String positionIds(String ids) {
      String table =
          net.constant(
              "embeddings.position_ids",
              Tensor.ofLongs(Shape.of(1, positions), LongStream.range(0, positions).toArray()));
      String one = net.constant("position_axis", Tensor.ofLongs(Shape.of(1), 1));
      String zero = net.constant("position_start", Tensor.ofLongs(Shape.of(1), 0));
      String shape = net.node("Shape", "/embeddings/Shape", List.of(ids));
      String length =
          net.node("Gather", "/embeddings/Gather", List.of(shape, one), Attribute.of("axis", 0));
      return net.node("Slice", "/embeddings/Slice", List.of(table, zero, length, one));
    }

    private String gather(String scope, int rows, String ids) {
      String table = net.weight(NetworkBuilder.dotted(scope) + ".weight", WEIGHT, rows, hidden);
      return net.node("Gather", scope + "/Gather", List.of(table, ids), Attribute.of("axis", 0));
    }

    private String layer(String scope, String x, String maskBias) {
      String attention = scope + "/attention";
      String context = attend(attention + "/self", x, maskBias);
      String projected = linear(attention + "/output/dense", context, hidden, hidden);
      String residual = net.node("Add", attention + "/output/Add", List.of(projected, x));
      String attended = layerNorm(attention + "/output/LayerNorm", residual);
      String inner = linear(scope + "/intermediate/dense", attended, hidden, feedForward);
      String activated = gelu(scope + "/intermediate/gelu", inner);
      String outer = linear(scope + "/output/dense", activated, feedForward, hidden);
      String sum = net.node("Add", scope + "/output/Add", List.of(outer, attended));
      return layerNorm(scope + "/output/LayerNorm", sum);
    }

    private String attend(String scope, String x, String maskBias) {
      String query = split(scope, "query", x, 0, 2, 1, 3);
      String key = split(scope, "key", x, 0, 2, 3, 1);
      String value = split(scope, "value", x, 0, 2, 1, 3);
      String product = net.node("MatMul", scope + "/MatMul", List.of(query, key));
      String root =
          scalar(
              NetworkBuilder.dotted(scope) + ".sqrt_head",
              (float) Math.sqrt((double) hidden / heads));
      String scores = net.node("Div", scope + "/Div", List.of(product, root));
      String masked = net.node("Add", scope + "/Add", List.of(scores, maskBias));
      String shares =
          net.node("Softmax", scope + "/Softmax", List.of(masked), Attribute.of("axis", -1));
      String context = net.node("MatMul", scope + "/MatMul_1", List.of(shares, value));
      String back = transpose(scope + "/Transpose", context, 0, 2, 1, 3);
      return reshape(scope + "/Reshape", back, 0, 0, hidden);
    }

    /** One of query, key and value, by head. */
    private String split(String scope, String part, String x, long... order) {
      String all = linear(scope + "/" + part, x, hidden, hidden);
      String byHead = reshape(scope + "/" + part + "/Reshape", all, 0, 0, heads, hidden / heads);
      return transpose(scope + "/" + part + "/Transpose", byHead, order);
    }

    private String reshape(String name, String x, long... shape) {
      String constant =
          net.constant(
              NetworkBuilder.dotted(name) + ".shape",
              Tensor.ofLongs(Shape.of(shape.length), shape));
      return net.node("Reshape", name, List.of(x, constant));
    }

    private String transpose(String name, String x, long... order) {
      return net.node("Transpose", name, List.of(x), Attribute.of("perm", order));
    }

    private String linear(String scope, String x, long in, long out) {
      String prefix = NetworkBuilder.dotted(scope);
      String weight = net.weight(prefix + ".weight", WEIGHT, in, out);
      String bias = net.weight(prefix + ".bias", BIAS, out);
      String product = net.node("MatMul", scope + "/MatMul", List.of(x, weight));
      return net.node("Add", scope + "/Add", List.of(bias, product));
    }

    private String gelu(String scope, String x) {
      String prefix = NetworkBuilder.dotted(scope);
      String root = scalar(prefix + ".sqrt2", (float) Math.sqrt(2));
      String scaled = net.node("Div", scope + "/Div", List.of(x, root));
      String erf = net.node("Erf", scope + "/Erf", List.of(scaled));
      String shifted = net.node("Add", scope + "/Add", List.of(erf, scalar(prefix + ".one", 1)));
      String product = net.node("Mul", scope + "/Mul", List.of(x, shifted));
      return net.node("Mul", scope + "/Mul_1", List.of(product, scalar(prefix + ".half", 0.5f)));
    }

    private String layerNorm(String scope, String x) {
      String prefix = NetworkBuilder.dotted(scope);
      String scale = net.weight(prefix + ".weight", NORM_SCALE, hidden);
      String bias = net.weight(prefix + ".bias", BIAS, hidden);
      return net.node(
          "LayerNormalization",
          scope + "/LayerNormalization",
          List.of(x, scale, bias),
          Attribute.of("axis", -1),
          Attribute.of("epsilon", 1e-12f));
    }

    private String scalar(String name, float value) {
      return net.constant(name, Tensor.ofFloats(Shape.scalar(), value));
    }
  }
}
