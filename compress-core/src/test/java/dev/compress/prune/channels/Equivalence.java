package dev.compress.prune.channels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphValidator;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxWriter;
import dev.compress.quantize.NodeFilter;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.OptimizationLevel;
import dev.compress.runtime.RandomInputs;
import dev.compress.runtime.SessionOptions;
import dev.compress.runtime.ShapeInference;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatCodec;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/**
 * Removes a random choice of units and compares the outputs with those of the original in which the
 * same channels are multiplied with zero before whatever sums over them.
 */
final class Equivalence {
  private Equivalence() {}

  /** What was removed. */
  record Outcome(DependencyGroups groups, Set<Integer> removed, OnnxModel pruned) {
    /** The shape of a weight after removal. */
    List<Long> shape(String weight) {
      return pruned.graph().initializers().stream()
          .filter(i -> i.name().equals(weight))
          .map(i -> java.util.Arrays.stream(i.tensor().shape().toArray()).boxed().toList())
          .findFirst()
          .orElseThrow();
    }

    long intAttribute(String node, String name) {
      return pruned.graph().nodes().stream()
          .filter(n -> n.name().equals(node))
          .findFirst()
          .orElseThrow()
          .intAttribute(name, -1);
    }

    String reason(String node) {
      return groups.kept().stream()
          .filter(k -> k.node().label().equals(node))
          .map(Coupling.Kept::reason)
          .findFirst()
          .orElse("");
    }
  }

  static Outcome check(OnnxModel model, double share, long seed, double tolerance) {
    DependencyGroups groups =
        DependencyGroups.of(
            model.graph(), ShapeInference.infer(model), model.opset(), NodeFilter.ALL);
    Random random = new Random(seed);
    Map<Integer, Double> scores = new HashMap<>();
    groups.families().forEach(f -> f.units().forEach(u -> scores.put(u, random.nextDouble())));
    Set<Integer> removed = new ChannelSelection(groups, scores, 1, false).ofChannels(share);
    Scratch scratch = Scratch.inTemporaryFolder();
    try {
      Graph graph = ChannelRemoval.remove(model.graph(), groups, removed, model.opset(), scratch);
      OnnxModel pruned = model.withGraph(graph);
      GraphValidator.check(pruned);
      compare(masked(model, groups, removed), pruned, tolerance);
      return new Outcome(groups, removed, pruned);
    } finally {
      scratch.close();
    }
  }

  /** The original with zeros in the place of what is removed, at all that sums over it. */
  private static OnnxModel masked(OnnxModel model, DependencyGroups groups, Set<Integer> removed) {
    GraphEditor editor = new GraphEditor(model.graph());
    for (Node node : model.graph().nodes()) {
      int[][] axes = groups.values().getOrDefault(node.input(0), new int[0][]);
      int axis =
          switch (node.opType()) {
            case "Conv", "ConvTranspose" -> 1;
            case "MatMul" -> axes.length - 1;
            case "Gemm" -> node.intAttribute("transA", 0) != 0 ? 0 : 1;
            case "LSTM", "GRU", "RNN" -> 2;
            default -> -1;
          };
      Optional<BitSet> left =
          axis >= 0 && axis < axes.length ? groups.left(axes[axis], removed) : Optional.empty();
      Node reader = node;
      if (left.isPresent()) {
        String mask =
            editor.addInitializer("mask", mask(left.get(), axes, axis, elementOf(model, node)));
        String zeroed = editor.freshName("zeroed");
        editor.add(Node.of("Mul", zeroed, List.of(node.input(0), mask), List.of(zeroed)));
        reader = editor.replace(node, node.withInput(0, zeroed));
      }
      if (Set.of("LSTM", "GRU", "RNN").contains(node.opType())) {
        for (int i = 1; i <= 3 && node.hasInput(i); i++) {
          zeroRows(editor, model, groups, removed, reader, i);
        }
      }
    }
    return model.withGraph(editor.build());
  }

  private static ElementType elementOf(OnnxModel model, Node node) {
    return model.graph().initializers().stream()
        .filter(i -> i.name().equals(node.input(1)) || i.name().equals(node.input(0)))
        .map(i -> i.tensor().type())
        .findFirst()
        .orElse(ElementType.FLOAT);
  }

  private static Tensor mask(BitSet left, int[][] axes, int axis, ElementType type) {
    long[] shape = new long[axes.length - axis];
    java.util.Arrays.fill(shape, 1);
    shape[0] = axes[axis].length;
    double[] values = new double[axes[axis].length];
    for (int i = 0; i < values.length; i++) {
      values[i] = left.get(i) ? 1 : 0;
    }
    return Tensor.ofBytes(type, Shape.of(shape), FloatCodec.encode(type, values));
  }

  /** A hidden unit whose gates are all zero stays zero. */
  private static void zeroRows(
      GraphEditor editor,
      OnnxModel model,
      DependencyGroups groups,
      Set<Integer> removed,
      Node node,
      int input) {
    String name = node.input(input);
    int[][] axes = groups.values().getOrDefault(name, new int[0][]);
    if (axes.length < 2 || groups.left(axes[1], removed).isEmpty()) {
      return;
    }
    BitSet left = groups.left(axes[1], removed).orElseThrow();
    Initializer initializer =
        model.graph().initializers().stream()
            .filter(i -> i.name().equals(name))
            .findFirst()
            .orElseThrow();
    float[] values = initializer.tensor().toFloats();
    int rows = axes[1].length;
    int inner = axes.length == 3 ? (int) initializer.tensor().shape().dim(2) : 1;
    for (int i = 0; i < values.length; i++) {
      if (!left.get(i / inner % rows)) {
        values[i] = 0;
      }
    }
    editor.setInitializer(name, Tensor.ofFloats(initializer.tensor().shape(), values));
  }

  private static InferenceSession open(OnnxModel model) {
    return InferenceSession.open(
        OnnxWriter.toBytes(model),
        SessionOptions.of(1).withOptimization(OptimizationLevel.BASIC),
        "test model");
  }

  private static void compare(OnnxModel masked, OnnxModel pruned, double tolerance) {
    try (InferenceSession one = open(masked);
        InferenceSession other = open(pruned)) {
      RandomInputs inputs = RandomInputs.thatRun(masked, one);
      for (long seed = 0; seed < 2; seed++) {
        Map<String, TensorBuffer> values = inputs.next(seed);
        Map<String, TensorBuffer> expected = one.run(values);
        Map<String, TensorBuffer> actual = other.run(values);
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach(
            (name, want) -> close(name, want, Objects.requireNonNull(actual.get(name)), tolerance));
      }
    }
  }

  private static void close(String name, TensorBuffer want, TensorBuffer got, double tolerance) {
    assertThat(got.shape()).as("shape of " + name).isEqualTo(want.shape());
    if (!want.type().isFloatingPoint()) {
      assertThat(got.bytes()).as(name).isEqualTo(want.bytes());
      return;
    }
    float[] a = want.toFloats();
    float[] b = got.toFloats();
    double largest = 1e-6;
    double worst = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i]));
      worst = Math.max(worst, Math.abs(a[i] - b[i]));
    }
    assertThat(worst / largest).as("relative error of " + name).isLessThanOrEqualTo(tolerance);
  }
}
