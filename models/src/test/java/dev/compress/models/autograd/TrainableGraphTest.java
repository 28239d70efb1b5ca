package dev.compress.models.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import dev.compress.error.InvalidDataException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.models.random.SplitMix64;
import dev.compress.onnx.OnnxWriter;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TrainableGraphTest {
  private static final int BATCH = 16;

  /** (x - mean) -> Conv -> BatchNormalization -> Relu -> pool -> Flatten -> Gemm. */
  static OnnxModel network() {
    List<Node> nodes =
        List.of(
            Node.of("Sub", "center", List.of("x", "mean"), List.of("c")),
            Node.of(
                "Conv",
                "conv",
                List.of("c", "w"),
                List.of("h"),
                Attribute.of("pads", new long[] {1, 1, 1, 1})),
            Node.of(
                "BatchNormalization",
                "bn",
                List.of("h", "gamma", "beta", "rm", "rv"),
                List.of("n")),
            Node.of("Relu", "relu", List.of("n"), List.of("r")),
            Node.of("GlobalAveragePool", "pool", List.of("r"), List.of("p")),
            Node.of("Reshape", "flat", List.of("p", "shape"), List.of("f")),
            Node.of("Gemm", "fc", List.of("f", "fw", "fb"), List.of("logits")));
    SplitMix64 random = new SplitMix64(5);
    List<Initializer> initializers =
        List.of(
            Initializer.of("mean", normal(random, 1, 3, 1, 1)),
            Initializer.of("w", normal(random, 8, 3, 3, 3)),
            Initializer.of("gamma", filled(8, 1)),
            Initializer.of("beta", filled(8, 0)),
            Initializer.of("rm", filled(8, 0)),
            Initializer.of("rv", filled(8, 1)),
            Initializer.of("shape", Tensor.ofLongs(dev.compress.tensor.Shape.of(2), -1, 8)),
            Initializer.of("fw", normal(random, 8, 2)),
            Initializer.of("fb", filled(2, 0)));
    Graph graph =
        Graph.of(
            "net",
            nodes,
            initializers,
            List.of(floats("x", Dim.of("n"), Dim.of(3), Dim.of(8), Dim.of(8))),
            List.of(floats("logits", Dim.of("n"), Dim.of(2))));
    return OnnxModel.of(8, 13, graph);
  }

  private static ValueInfo floats(String name, Dim... dims) {
    return ValueInfo.of(name, ValueType.tensor(ElementType.FLOAT, List.of(dims)));
  }

  private static Tensor normal(SplitMix64 random, long... dims) {
    dev.compress.tensor.Shape shape = dev.compress.tensor.Shape.of(dims);
    float[] values = new float[Math.toIntExact(shape.elementCount())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (0.3 * random.nextGaussian());
    }
    return Tensor.ofFloats(shape, values);
  }

  private static Tensor filled(int count, float value) {
    float[] values = new float[count];
    java.util.Arrays.fill(values, value);
    return Tensor.ofFloats(dev.compress.tensor.Shape.of(count), values);
  }

  private static float[] images() {
    float[] images = new float[BATCH * 3 * 8 * 8];
    SplitMix64 random = new SplitMix64(9);
    for (int i = 0; i < images.length; i++) {
      // class 1 is brighter
      images[i] = (float) random.nextGaussian() + (i / (3 * 64) % 2 == 1 ? 0.5f : 0);
    }
    return images;
  }

  private static NDArray input(NDManager manager) {
    return manager.create(images(), new Shape(BATCH, 3, 8, 8));
  }

  @Test
  void tellsWeightsFromStatisticsAndConstants() {
    try (NDManager manager = TestEngine.manager();
        TrainableGraph graph = TrainableGraph.of(network(), manager)) {
      assertThat(graph.inputNames()).containsExactly("x");
      assertThat(graph.outputNames()).containsExactly("logits");
      assertThat(graph.parameters().stream().filter(Parameter::trainable).map(Parameter::name))
          .containsExactly("w", "gamma", "beta", "fw", "fb");
      assertThat(graph.parameters().stream().filter(Parameter::isStatistic).map(Parameter::name))
          .containsExactly("rm", "rv");
      assertThat(graph.parameters().stream().map(Parameter::name)).contains("mean");
      assertThat(graph.parameters().get(1).consumerOpType()).isEqualTo("Conv");
    }
  }

  /** Descends the gradient of the weights themselves, and memory stays as it is. */
  @Test
  void learnsAndKeepsNoMemory() {
    try (NDManager manager = TestEngine.manager();
        TrainableGraph graph = TrainableGraph.of(network(), manager)) {
      NDArray images = input(manager);
      double first = step(graph, manager, images);
      int held = resources(manager);
      int owned = graph.owned();
      double last = first;
      for (int i = 0; i < 300; i++) {
        last = step(graph, manager, images);
      }
      assertThat(last).isLessThan(0.5 * first);
      assertThat(resources(manager)).isEqualTo(held);
      assertThat(graph.owned()).isEqualTo(owned);
      assertSameAsRuntime(graph, manager, images);
    }
  }

  private static int resources(NDManager manager) {
    int count = manager.getManagedArrays().size();
    for (NDArray array : manager.getManagedArrays()) {
      assertThat(array.isReleased()).isFalse();
    }
    return count;
  }

  /** One step of gradient descent; the loss before it. */
  private static double step(TrainableGraph graph, NDManager manager, NDArray images) {
    double loss;
    try (NDManager scope = manager.newSubManager()) {
      try (GradientCollector collector = TestEngine.engine().newGradientCollector()) {
        NDList outputs = graph.forward(scope, Map.of("x", images), true, List.of());
        float[] signs = new float[BATCH * 2];
        for (int i = 0; i < signs.length; i++) {
          signs[i] = i / 2 % 2 == i % 2 ? -1f / BATCH : 0;
        }
        NDArray picked =
            outputs.get(0).logSoftmax(1).mul(scope.create(signs, new Shape(BATCH, 2))).sum();
        collector.backward(picked);
        loss = picked.getFloat();
      }
      for (Parameter parameter : graph.parameters()) {
        if (parameter.trainable()) {
          try (NDArray gradient = parameter.array().getGradient()) {
            gradient.attach(scope);
            parameter.array().subi(gradient.mul(0.1f));
            gradient.subi(gradient.duplicate());
          }
        }
      }
    }
    return loss;
  }

  private static void assertSameAsRuntime(TrainableGraph graph, NDManager manager, NDArray images) {
    OnnxModel written = graph.write();
    try (InferenceSession session = InferenceSession.open(written, SessionOptions.of(1));
        NDManager scope = manager.newSubManager()) {
      float[] ours =
          graph.forward(scope, Map.of("x", images), false, List.of()).get(0).toFloatArray();
      TensorBuffer given = TensorBuffer.of(dev.compress.tensor.Shape.of(BATCH, 3, 8, 8), images());
      float[] theirs =
          java.util.Objects.requireNonNull(session.run(Map.of("x", given)).get("logits"))
              .toFloats();
      assertThat(ours).containsExactly(theirs, within(1e-5f));
    }
  }

  @Test
  void writesTheSameModelBeforeTraining() {
    OnnxModel model = network();
    try (NDManager manager = TestEngine.manager();
        TrainableGraph graph = TrainableGraph.of(model, manager)) {
      assertThat(OnnxWriter.toBytes(graph.write())).isEqualTo(OnnxWriter.toBytes(model));
    }
  }

  /** Statistics move to those of the batch by the share that the node says. */
  @Test
  void trainingMovesStatistics() {
    try (NDManager manager = TestEngine.manager();
        TrainableGraph graph = TrainableGraph.of(network(), manager);
        NDManager scope = manager.newSubManager()) {
      NDList results = graph.forward(scope, Map.of("x", input(manager)), true, List.of("h"));
      NDArray h = results.get(1);
      float[] batchMean = h.transpose(1, 0, 2, 3).reshape(8, -1).mean(new int[] {1}).toFloatArray();
      float[] moved = parameter(graph, "rm").array().toFloatArray();
      for (int i = 0; i < moved.length; i++) {
        assertThat(moved[i]).isCloseTo(0.1f * batchMean[i], within(1e-6f));
      }
      float[] before = parameter(graph, "rv").array().toFloatArray();
      graph.forward(scope, Map.of("x", input(manager)), false, List.of());
      assertThat(parameter(graph, "rv").array().toFloatArray()).isEqualTo(before);
    }
  }

  private static Parameter parameter(TrainableGraph graph, String name) {
    return graph.parameters().stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void transformsReplaceWeightsAndActivations() {
    try (NDManager manager = TestEngine.manager();
        TrainableGraph graph = TrainableGraph.of(network(), manager);
        NDManager scope = manager.newSubManager()) {
      NDArray images = input(manager);
      graph.setTransform("fw", weight -> weight.mul(0));
      graph.setActivationTransform("r", (value, training) -> training ? value.mul(2) : value);
      NDList calm = graph.forward(scope, Map.of("x", images), false, List.of("r", "fw"));
      assertThat(calm.get(0).abs().toFloatArray()).containsOnly(0);
      assertThat(calm.get(2).abs().toFloatArray()).containsOnly(0);
      assertThat(parameter(graph, "fw").array().toFloatArray()).doesNotContain(0);
      NDList plain = graph.forward(scope, Map.of("x", images), true, List.of("n", "r"));
      assertThat(plain.get(2).toFloatArray())
          .isEqualTo(plain.get(1).getNDArrayInternal().relu().mul(2).toFloatArray());
      assertThatThrownBy(() -> graph.setTransform("rm", weight -> weight))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> graph.setActivationTransform("fw", (value, training) -> value))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void namesWhatCannotBeTrained() {
    Graph graph =
        Graph.of(
            "net",
            List.of(
                Node.of("Relu", "fine", List.of("x"), List.of("a")),
                Node.of("NonMaxSuppression", "boxes", List.of("a", "a"), List.of("b")),
                new Node(
                    "odd",
                    "Quant",
                    "custom",
                    "",
                    List.of("a"),
                    List.of("c"),
                    List.of(),
                    "",
                    dev.compress.graph.Extras.NONE)),
            List.of(),
            List.of(floats("x", Dim.of(1))),
            List.of(floats("b", Dim.of(1))));
    OnnxModel model = OnnxModel.of(8, 13, graph);
    assertThat(TrainableGraph.unsupported(model))
        .extracting(UnsupportedNode::node)
        .containsExactly("boxes", "odd");
    try (NDManager manager = TestEngine.manager()) {
      assertThatThrownBy(() -> TrainableGraph.of(model, manager))
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining("boxes (NonMaxSuppression)")
          .hasMessageContaining("custom");
    }
    assertThat(TrainableGraph.unsupported(network())).isEmpty();
  }

  /** Some exporters keep weights in Constant nodes: these are trained and written back there. */
  @Test
  void trainsWeightsInConstantNodes() {
    Tensor weight = normal(new SplitMix64(2), 3, 2);
    Graph graph =
        Graph.of(
            "net",
            List.of(
                Node.of("Constant", "w", List.of(), List.of("w"), Attribute.of("value", weight)),
                Node.of(
                    "Constant",
                    "half",
                    List.of(),
                    List.of("half"),
                    Attribute.of("value_float", 0.5f)),
                Node.of("MatMul", "product", List.of("x", "w"), List.of("p")),
                Node.of("Mul", "scaled", List.of("p", "half"), List.of("y"))),
            List.of(),
            List.of(floats("x", Dim.of(2), Dim.of(3))),
            List.of(floats("y", Dim.of(2), Dim.of(2))));
    OnnxModel model = OnnxModel.of(8, 13, graph);
    try (NDManager manager = TestEngine.manager();
        TrainableGraph trainable = TrainableGraph.of(model, manager)) {
      assertThat(OnnxWriter.toBytes(trainable.write())).isEqualTo(OnnxWriter.toBytes(model));
      assertThat(parameter(trainable, "half").trainable()).isFalse();
      Parameter trained = parameter(trainable, "w");
      assertThat(trained.trainable()).isTrue();
      assertThat(trained.consumerOpType()).isEqualTo("MatMul");
      trained.array().addi(1);
      Tensor after =
          StoredTensors.of(trainable.write().graph())
              .getOrDefault("w", Tensor.ofFloats(dev.compress.tensor.Shape.of(0)));
      float[] before = weight.toFloats();
      for (int i = 0; i < before.length; i++) {
        assertThat(after.toFloats()[i]).isEqualTo(before[i] + 1);
      }
    }
  }

  @Test
  void saysWhichDataIsMissing() {
    try (NDManager manager = TestEngine.manager();
        TrainableGraph graph = TrainableGraph.of(network(), manager)) {
      assertThatThrownBy(() -> graph.forward(manager, Map.of(), false, List.of()))
          .isInstanceOf(InvalidDataException.class)
          .hasMessageContaining("input x");
      NDArray small = manager.ones(new Shape(1, 2, 8, 8));
      assertThatThrownBy(() -> graph.forward(manager, Map.of("x", small), false, List.of()))
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining("center (Sub)");
    }
  }
}
