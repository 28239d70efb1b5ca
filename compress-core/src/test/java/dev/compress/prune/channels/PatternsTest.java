package dev.compress.prune.channels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Small graphs of each pattern: what is left after removal computes what the original computes with
 * the same channels at zero.
 */
class PatternsTest {
  private static final double TOLERANCE = 2e-5;

  /** A network that is written down layer by layer; "x" goes in and "y" comes out. */
  private static final class Net {
    private final List<Node> nodes = new ArrayList<>();
    private final List<Initializer> weights = new ArrayList<>();
    private final Random random;
    private final long opset;

    Net(long seed, long opset) {
      this.random = new Random(seed);
      this.opset = opset;
    }

    String weight(String name, long... dims) {
      float[] values = new float[(int) Shape.of(dims).elementCount()];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextGaussian() * 0.3f;
      }
      weights.add(Initializer.of(name, Tensor.ofFloats(Shape.of(dims), values)));
      return name;
    }

    String positive(String name, long... dims) {
      float[] values = new float[(int) Shape.of(dims).elementCount()];
      for (int i = 0; i < values.length; i++) {
        values[i] = 0.5f + random.nextFloat();
      }
      weights.add(Initializer.of(name, Tensor.ofFloats(Shape.of(dims), values)));
      return name;
    }

    String longs(String name, long... values) {
      weights.add(Initializer.of(name, Tensor.ofLongs(Shape.of(values.length), values)));
      return name;
    }

    String add(String op, String output, List<String> inputs, Attribute... attributes) {
      nodes.add(Node.of(op, output, inputs, List.of(output), attributes));
      return output;
    }

    /** A convolution that keeps the size, with a bias. */
    String conv(String output, String input, int in, int out, int kernel, int group) {
      String w = weight(output + ".w", out, in / group, kernel, kernel);
      String b = weight(output + ".b", out);
      long p = kernel / 2;
      return add(
          "Conv",
          output,
          List.of(input, w, b),
          Attribute.of("pads", new long[] {p, p, p, p}),
          Attribute.of("group", (long) group));
    }

    OnnxModel model(long[] in, long... out) {
      Graph graph =
          Graph.of("net", nodes, weights, List.of(value("x", in)), List.of(value("y", out)));
      return OnnxModel.of(8, opset, graph);
    }

    private static ValueInfo value(String name, long... dims) {
      List<Dim> shape = new ArrayList<>();
      for (long dim : dims) {
        shape.add(dim < 0 ? Dim.of("n" + -dim) : Dim.of(dim));
      }
      return ValueInfo.of(name, ValueType.tensor(ElementType.FLOAT, shape));
    }
  }

  private static final long[] IMAGE = {-1, 3, 8, 8};

  private static Equivalence.Outcome check(OnnxModel model, long seed) {
    return Equivalence.check(model, 0.5, seed, TOLERANCE);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void chainWithNormalisationAndActivations(long seed) {
    Net net = new Net(seed, 13);
    net.conv("a", "x", 3, 16, 3, 1);
    net.add(
        "BatchNormalization",
        "n",
        List.of(
            "a",
            net.positive("scale", 16),
            net.weight("shift", 16),
            net.weight("mean", 16),
            net.positive("variance", 16)));
    net.add("Sigmoid", "s", List.of("n"));
    net.add("PRelu", "p", List.of("s", net.weight("slope", 16, 1, 1)));
    net.add(
        "MaxPool",
        "m",
        List.of("p"),
        Attribute.of("kernel_shape", new long[] {2, 2}),
        Attribute.of("strides", new long[] {2, 2}));
    net.conv("b", "m", 16, 12, 1, 1);
    net.add(
        "InstanceNormalization", "i", List.of("b", net.positive("is", 12), net.weight("ib", 12)));
    net.conv("y", "i", 12, 4, 3, 1);
    Equivalence.Outcome done = check(net.model(IMAGE, -1, 4, 4, 4), seed);
    assertThat(done.shape("a.w")).containsExactly(8L, 3L, 3L, 3L);
    assertThat(done.shape("b.w")).containsExactly(6L, 8L, 1L, 1L);
    assertThat(done.shape("slope")).containsExactly(8L, 1L, 1L);
    assertThat(done.shape("y.w")).containsExactly(4L, 6L, 3L, 3L);
    assertThat(done.reason("y")).contains("output y");
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void residualsGoTogether(long seed) {
    Net net = new Net(seed, 13);
    net.conv("a", "x", 3, 16, 3, 1);
    net.conv("b", "a", 16, 16, 3, 1);
    net.add("Add", "r", List.of("a", "b"));
    net.conv("c", "r", 16, 16, 1, 1);
    net.add("Mul", "r2", List.of("r", "c"));
    net.add("Sub", "r3", List.of("r2", net.weight("offset", 1, 16, 1, 1)));
    net.add("Div", "r4", List.of("r3", net.positive("divisor", 16, 1, 1)));
    net.conv("y", "r4", 16, 5, 1, 1);
    Equivalence.Outcome done = check(net.model(IMAGE, -1, 5, 8, 8), seed);
    assertThat(done.groups().families()).hasSize(1);
    assertThat(done.shape("a.w")).containsExactly(8L, 3L, 3L, 3L);
    assertThat(done.shape("b.w")).containsExactly(8L, 8L, 3L, 3L);
    assertThat(done.shape("offset")).containsExactly(1L, 8L, 1L, 1L);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void depthwiseAndSqueezeAndExcite(long seed) {
    Net net = new Net(seed, 14);
    net.conv("a", "x", 3, 16, 1, 1);
    net.add("HardSwish", "h", List.of("a"));
    net.conv("d", "h", 16, 16, 3, 16);
    net.add("GlobalAveragePool", "g", List.of("d"));
    net.conv("down", "g", 16, 8, 1, 1);
    net.add("Relu", "dr", List.of("down"));
    net.conv("up", "dr", 8, 16, 1, 1);
    net.add("Sigmoid", "gate", List.of("up"));
    net.add("Mul", "se", List.of("d", "gate"));
    net.conv("y", "se", 16, 4, 1, 1);
    Equivalence.Outcome done = check(net.model(IMAGE, -1, 4, 8, 8), seed);
    assertThat(done.intAttribute("d", "group")).isEqualTo(8);
    assertThat(done.shape("d.w")).containsExactly(8L, 1L, 3L, 3L);
    assertThat(done.shape("down.w")).containsExactly(4L, 8L, 1L, 1L);
    assertThat(done.shape("up.w")).containsExactly(8L, 4L, 1L, 1L);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void groupsStayEquallyLarge(long seed) {
    Net net = new Net(seed, 13);
    net.conv("a", "x", 3, 16, 1, 1);
    net.conv("g", "a", 16, 24, 3, 2);
    net.conv("many", "g", 24, 48, 3, 12);
    net.conv("y", "many", 48, 4, 1, 1);
    Equivalence.Outcome done = check(net.model(IMAGE, -1, 4, 8, 8), seed);
    assertThat(done.intAttribute("g", "group")).isEqualTo(2);
    assertThat(done.intAttribute("many", "group")).isLessThan(12);
    assertThat(done.shape("many.w").subList(1, 4)).containsExactly(2L, 3L, 3L);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void transposedConvolutions(long seed) {
    Net net = new Net(seed, 13);
    net.conv("a", "x", 3, 16, 1, 1);
    net.add(
        "ConvTranspose",
        "t",
        List.of("a", net.weight("t.w", 16, 12, 2, 2), net.weight("t.b", 12)),
        Attribute.of("strides", new long[] {2, 2}));
    net.add(
        "ConvTranspose",
        "td",
        List.of("t", net.weight("td.w", 12, 1, 2, 2)),
        Attribute.of("group", 12L));
    net.add(
        "ConvTranspose",
        "tg",
        List.of("td", net.weight("tg.w", 12, 5, 2, 2)),
        Attribute.of("group", 2L));
    net.conv("y", "tg", 10, 4, 1, 1);
    Equivalence.Outcome done = check(net.model(IMAGE, -1, 4, 18, 18), seed);
    assertThat(done.shape("t.w")).containsExactly(8L, 6L, 2L, 2L);
    assertThat(done.intAttribute("td", "group")).isEqualTo(6);
    assertThat(done.intAttribute("tg", "group")).isEqualTo(2);
  }

  @ParameterizedTest(name = "opset {0}")
  @ValueSource(longs = {9, 13, 18})
  void partsAreCutAndJoined(long opset) {
    Net net = new Net(opset, opset);
    net.conv("a", "x", 3, 16, 1, 1);
    net.conv("b", "x", 3, 8, 1, 1);
    net.add("Concat", "c", List.of("a", "x", "b"), Attribute.of("axis", 1L));
    net.conv("d", "c", 27, 20, 1, 1);
    Attribute axis = Attribute.of("axis", 1L);
    if (opset < 13) {
      net.nodes.add(
          Node.of(
              "Split",
              "s",
              List.of("d"),
              List.of("s1", "s2"),
              axis,
              Attribute.of("split", new long[] {8, 12})));
      net.add(
          "Slice",
          "cut",
          List.of("s2"),
          Attribute.of("axes", new long[] {1}),
          Attribute.of("starts", new long[] {-6}),
          Attribute.of("ends", new long[] {100}));
    } else {
      net.nodes.add(
          Node.of(
              "Split", "s", List.of("d", net.longs("sizes", 8, 12)), List.of("s1", "s2"), axis));
      net.add(
          "Slice",
          "cut",
          List.of("s2", net.longs("from", -6), net.longs("to", 100), net.longs("along", 1)));
    }
    net.conv("e", "s1", 8, 4, 1, 1);
    net.conv("f", "cut", 6, 4, 1, 1);
    net.add("Gather", "picked", List.of("s1", net.longs("which", 7, 0, -2, 3)), axis);
    net.conv("p", "picked", 4, 4, 1, 1);
    net.add("Sum", "y", List.of("e", "f", "p"));
    Equivalence.Outcome done = check(net.model(IMAGE, -1, 4, 8, 8), opset);
    assertThat(done.shape("d.w")).containsExactly(10L, 15L, 1L, 1L);
    assertThat(done.shape("f.w").get(1)).isLessThan(6L);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void evenSplitsBecomeUneven(long seed) {
    Net net = new Net(seed, 18);
    net.conv("a", "x", 3, 16, 1, 1);
    net.nodes.add(
        Node.of(
            "Split",
            "s",
            List.of("a"),
            List.of("s1", "s2"),
            Attribute.of("axis", 1L),
            Attribute.of("num_outputs", 2L)));
    net.conv("e", "s1", 8, 4, 1, 1);
    net.conv("f", "s2", 8, 4, 1, 1);
    net.add("Add", "y", List.of("e", "f"));
    check(net.model(IMAGE, -1, 4, 8, 8), seed);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void flattenedChannelsAreBlocksOfColumns(long seed) {
    Net net = new Net(seed, 13);
    net.conv("a", "x", 3, 16, 3, 1);
    net.add("Flatten", "f", List.of("a"));
    net.add(
        "Gemm",
        "h",
        List.of("f", net.weight("h.w", 10, 1024), net.weight("h.b", 10)),
        Attribute.of("transB", 1L));
    net.add("Relu", "r", List.of("h"));
    net.add("MatMul", "m", List.of("r", net.weight("m.w", 10, 6)));
    net.add("Add", "y", List.of("m", net.weight("m.b", 6)));
    Equivalence.Outcome done = check(net.model(IMAGE, -1, 6), seed);
    assertThat(done.shape("h.w")).containsExactly(5L, 512L);
    assertThat(done.shape("m.w")).containsExactly(5L, 6L);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2})
  void targetShapesAreMended(long seed) {
    Net net = new Net(seed, 13);
    net.conv("a", "x", 3, 16, 3, 1);
    net.add("Shape", "sh", List.of("a"));
    net.add("Gather", "batch", List.of("sh", net.longs("zero", 0)), Attribute.of("axis", 0L));
    net.add("Concat", "to", List.of("batch", net.longs("rest", 1024)), Attribute.of("axis", 0L));
    net.add("Reshape", "flat", List.of("a", "to"));
    net.add("MatMul", "h", List.of("flat", net.weight("h.w", 1024, 8)));
    net.add("Reshape", "back", List.of("h", net.longs("map", -1, 8, 1, 1)));
    net.add("GlobalAveragePool", "g", List.of("a"));
    net.conv("k", "back", 8, 6, 1, 1);
    net.conv("l", "g", 16, 6, 1, 1);
    net.add("Add", "y", List.of("k", "l"));
    Equivalence.Outcome done = check(net.model(IMAGE, -1, 6, 1, 1), seed);
    assertThat(done.shape("h.w")).containsExactly(512L, 4L);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void movedPaddedResizedAndShuffled(long seed) {
    Net net = new Net(seed, 13);
    net.conv("a", "x", 3, 24, 1, 1);
    net.add("Pad", "p", List.of("a", net.longs("pads", 0, 0, 1, 1, 0, 0, 1, 1)));
    net.add(
        "Resize",
        "r",
        List.of("p", "", "", net.longs("to", 1, 24, 20, 20)),
        Attribute.of("mode", "nearest"));
    net.add("Reshape", "s1", List.of("r", net.longs("cut", 1, 2, 12, 20, 20)));
    net.add("Transpose", "s2", List.of("s1"), Attribute.of("perm", new long[] {0, 2, 1, 3, 4}));
    net.add("Reshape", "s3", List.of("s2", net.longs("joined", 1, 24, 20, 20)));
    net.conv("g", "s3", 24, 24, 1, 2);
    net.add("DepthToSpace", "d", List.of("g"), Attribute.of("blocksize", 2L));
    net.add("Transpose", "t", List.of("d"), Attribute.of("perm", new long[] {0, 2, 3, 1}));
    net.add("MatMul", "m", List.of("t", net.weight("m.w", 6, 8)));
    net.add("Relu", "mr", List.of("m"));
    net.add("MatMul", "y", List.of("mr", net.weight("y.w", 8, 3)));
    Equivalence.Outcome done = check(net.model(new long[] {1, 3, 8, 8}, 1, 40, 40, 3), seed);
    assertThat(done.intAttribute("g", "group")).isEqualTo(2);
    assertThat(done.shape("y.w")).containsExactly(4L, 3L);
    assertThat(done.shape("a.w").get(0)).isLessThan(24L);
    assertThat(done.shape("m.w").get(0)).isLessThan(6L);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void attentionHeadsAndTheWidthOfFeedForward(long seed) {
    Net net = new Net(seed, 17);
    for (String part : List.of("q", "k", "v")) {
      net.add("MatMul", part + "m", List.of("x", net.weight(part + ".w", 24, 24)));
      net.add("Add", part + "b", List.of(part + "m", net.weight(part + ".b", 24)));
      net.add("Reshape", part + "r", List.of(part + "b", net.longs(part + ".to", 0, 0, 6, 4)));
      boolean key = part.equals("k");
      net.add(
          "Transpose",
          part,
          List.of(part + "r"),
          Attribute.of("perm", key ? new long[] {0, 2, 3, 1} : new long[] {0, 2, 1, 3}));
    }
    net.add("MatMul", "scores", List.of("q", "k"));
    net.add("Softmax", "share", List.of("scores"), Attribute.of("axis", -1L));
    net.add("MatMul", "mixed", List.of("share", "v"));
    net.add("Transpose", "ot", List.of("mixed"), Attribute.of("perm", new long[] {0, 2, 1, 3}));
    net.add("Reshape", "oj", List.of("ot", net.longs("o.to", 0, 0, 24)));
    net.add("MatMul", "o", List.of("oj", net.weight("o.w", 24, 24)));
    net.add("Add", "res", List.of("o", "x"));
    net.add(
        "LayerNormalization", "n", List.of("res", net.positive("n.s", 24), net.weight("n.b", 24)));
    net.add("MatMul", "up", List.of("n", net.weight("up.w", 24, 40)));
    net.add("Erf", "gelu", List.of("up"));
    net.add("MatMul", "down", List.of("gelu", net.weight("down.w", 40, 24)));
    net.add("Add", "y", List.of("down", "n"));
    Equivalence.Outcome done = check(net.model(new long[] {-1, 5, 24}, -1, 5, 24), seed);
    assertThat(done.shape("q.w")).containsExactly(24L, 12L);
    assertThat(done.shape("k.b")).containsExactly(12L);
    assertThat(done.shape("o.w")).containsExactly(12L, 24L);
    assertThat(done.shape("up.w")).containsExactly(24L, 20L);
    assertThat(done.reason("o")).contains("Add res it joins channels with others");
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2})
  void headsOfComputedBatchAndLength(long seed) {
    Net net = new Net(seed, 13);
    net.add("MatMul", "v", List.of("x", net.weight("v.w", 24, 24)));
    net.add("Shape", "sh", List.of("v"));
    net.add("Gather", "batch", List.of("sh", net.longs("zero", 0)), Attribute.of("axis", 0L));
    net.add("Gather", "length", List.of("sh", net.longs("one", 1)), Attribute.of("axis", 0L));
    Attribute axis = Attribute.of("axis", 0L);
    net.add("Concat", "cut", List.of("batch", "length", net.longs("heads", 6, 4)), axis);
    net.add("Reshape", "r", List.of("v", "cut"));
    net.add("Relu", "rr", List.of("r"));
    net.add("Concat", "join", List.of("batch", "length", net.longs("all", 24)), axis);
    net.add("Reshape", "j", List.of("rr", "join"));
    net.add("MatMul", "y", List.of("j", net.weight("y.w", 24, 3)));
    Equivalence.Outcome done = check(net.model(new long[] {-1, -2, 24}, -1, -2, 3), seed);
    assertThat(done.shape("v.w")).containsExactly(24L, 12L);
  }

  @Test
  void tiedWeightsGoTogether() {
    Net net = new Net(1, 13);
    net.conv("a", "x", 3, 16, 1, 1);
    net.weight("tied", 16, 16, 1, 1);
    net.add("Conv", "b", List.of("a", "tied"));
    net.add("Relu", "br", List.of("b"));
    net.add("Conv", "c", List.of("br", "tied"));
    net.conv("y", "c", 16, 4, 1, 1);
    Equivalence.Outcome done = check(net.model(IMAGE, -1, 4, 8, 8), 1);
    assertThat(done.groups().families()).hasSize(1);
    assertThat(done.shape("tied")).containsExactly(8L, 8L, 1L, 1L);
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(strings = {"LSTM", "GRU", "RNN"})
  void hiddenUnits(String op) {
    long gates = op.equals("LSTM") ? 4 : op.equals("GRU") ? 3 : 1;
    Net net = new Net(1, 14);
    net.add(
        op,
        "h",
        List.of(
            "x",
            net.weight("w", 2, gates * 12, 6),
            net.weight("r", 2, gates * 12, 12),
            net.weight("b", 2, 2 * gates * 12)),
        Attribute.of("hidden_size", 12L),
        Attribute.of("direction", "bidirectional"));
    net.add("Transpose", "t", List.of("h"), Attribute.of("perm", new long[] {0, 2, 1, 3}));
    net.add("Reshape", "f", List.of("t", net.longs("to", 7, 1, 24)));
    net.add("MatMul", "y", List.of("f", net.weight("y.w", 24, 5)));
    Equivalence.Outcome done = check(net.model(new long[] {7, 1, 6}, 7, 1, 5), 1);
    assertThat(done.shape("r")).containsExactly(2L, gates * 6, 6L);
    assertThat(done.shape("y.w")).containsExactly(12L, 5L);
    assertThat(done.intAttribute("h", "hidden_size")).isEqualTo(6);
  }

  @Test
  void whatIsNotUnderstoodStays() {
    Net net = new Net(1, 13);
    net.conv("a", "x", 3, 16, 1, 1);
    net.add("Softmax", "s", List.of("a"), Attribute.of("axis", 1L));
    net.conv("b", "s", 16, 16, 1, 1);
    net.add("LRN", "l", List.of("b"), Attribute.of("size", 3L));
    net.conv("c", "l", 16, 16, 1, 1);
    net.add("Add", "w", List.of("c", "x1"));
    net.add("ReduceMean", "m", List.of("x"), Attribute.of("axes", new long[] {1}));
    net.add("Concat", "x1", List.of("x", "x", "x", "x", "x", "m"), Attribute.of("axis", 1L));
    net.conv("y", "w", 16, 4, 1, 1);
    java.util.Collections.rotate(net.nodes.subList(5, 8), 2);
    Equivalence.Outcome done = check(net.model(IMAGE, -1, 4, 8, 8), 1);
    assertThat(done.removed()).isEmpty();
    assertThat(done.reason("a")).contains("Softmax s it divides by the sum over that axis");
    assertThat(done.reason("b")).contains("LRN is not understood");
    assertThat(done.reason("c")).isNotEmpty();
  }
}
