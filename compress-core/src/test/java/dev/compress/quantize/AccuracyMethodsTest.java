package dev.compress.quantize;

import static dev.compress.quantize.SmallModels.floats;
import static dev.compress.quantize.SmallModels.weights;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.calibrate.RangeMethod;
import dev.compress.calibrate.Samples;
import dev.compress.graph.Attribute;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassResult;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.testing.SharedData;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AccuracyMethodsTest {
  private static final QuantizeInt8 INT8 =
      new QuantizeInt8(
          QuantizationMode.STATIC,
          Target.CPU_VNNI,
          NodeFilter.ALL,
          Optional.of(RangeMethod.MIN_MAX),
          Set.of());

  private static Node conv(String name, String in, String w, String b, String out, int group) {
    return Node.of(
        "Conv",
        name,
        List.of(in, w, b),
        List.of(out),
        Attribute.of("pads", new long[] {1, 1, 1, 1}),
        Attribute.of("group", group));
  }

  /** Dense, depthwise, dense; the channels of the first differ by a factor of 1000. */
  private static OnnxModel unequalChain() {
    float[] first = weights("w1", 1, 0.2, 32, 16, 3, 3).tensor().toFloats();
    for (int i = 0; i < first.length; i++) {
      first[i] *= (float) Math.pow(10, (i / 144) % 4 - 3);
    }
    float[] last = weights("w3", 3, 0.2, 16, 32, 3, 3).tensor().toFloats();
    for (int i = 0; i < last.length; i++) {
      last[i] *= (float) Math.pow(10, 3 - (i / 9) % 32 % 4);
    }
    return SmallModels.model(
        13,
        floats("x", 1, 16, 12, 12),
        floats("y", 1, 16, 12, 12),
        List.of(
            Initializer.of("w1", Tensor.ofFloats(Shape.of(32, 16, 3, 3), first)),
            weights("b1", 5, 1e-4, 32),
            weights("w2", 2, 0.5, 32, 1, 3, 3),
            weights("b2", 6, 1e-4, 32),
            Initializer.of("w3", Tensor.ofFloats(Shape.of(16, 32, 3, 3), last)),
            weights("b3", 7, 0.1, 16)),
        conv("c1", "x", "w1", "b1", "a", 1),
        Node.of("Relu", "r1", List.of("a"), List.of("b")),
        conv("c2", "b", "w2", "b2", "c", 32),
        Node.of("Relu", "r2", List.of("c"), List.of("d")),
        conv("c3", "d", "w3", "b3", "y", 1));
  }

  private static OnnxModel smoothable(boolean writtenOut) {
    float[] gamma = new float[96];
    for (int c = 0; c < 96; c++) {
      gamma[c] = c % 32 == 5 ? 60 : 1;
    }
    List<Node> nodes = new ArrayList<>();
    if (writtenOut) {
      nodes.add(Node.of("Tanh", "t", List.of("x"), List.of("t")));
      nodes.add(Node.of("Mul", "scale", List.of("g", "t"), List.of("m")));
      nodes.add(Node.of("Add", "shift", List.of("m", "b"), List.of("n")));
    } else {
      nodes.add(
          Node.of(
              "LayerNormalization",
              "norm",
              List.of("x", "g", "b"),
              List.of("n"),
              Attribute.of("axis", -1)));
    }
    nodes.add(Node.of("MatMul", "q", List.of("n", "wq"), List.of("y1")));
    nodes.add(Node.of("MatMul", "k", List.of("n", "wk"), List.of("y2")));
    nodes.add(Node.of("Add", "sum", List.of("y1", "y2"), List.of("y")));
    return SmallModels.model(
        17,
        floats("x", 1, 24, 96),
        floats("y", 1, 24, 96),
        List.of(
            Initializer.of("g", Tensor.ofFloats(Shape.of(96), gamma)),
            weights("b", 8, 0.3, 96),
            weights("wq", 9, 0.1, 96, 96),
            weights("wk", 10, 0.1, 96, 96)),
        nodes.toArray(new Node[0]));
  }

  private static double quantized(OnnxModel reference, OnnxModel model, Samples samples) {
    OnnxModel int8 = INT8.apply(model, SmallModels.context(Optional.of(samples))).model();
    return SmallModels.sqnrDb(reference, int8, samples, 100);
  }

  @Test
  void equalizedLayersComputeTheSameAndQuantizeBetter() {
    OnnxModel model = unequalChain();
    Samples samples = SmallModels.samples("x", 6, new double[0], 1, 16, 12, 12);
    EqualizeLayers pass = new EqualizeLayers(NodeFilter.ALL);
    PassResult result = pass.apply(model, SmallModels.context(Optional.empty()));
    assertThat(result.changes()).hasSize(3);
    assertThat(SmallModels.sqnrDb(model, result.model(), samples, 6)).isGreaterThan(100);
    assertThat(pass.apply(result.model(), SmallModels.context(Optional.empty())).model())
        .as("a second run")
        .isSameAs(result.model());
    assertThat(quantized(model, result.model(), samples))
        .isGreaterThan(quantized(model, model, samples) + 6);
  }

  @Test
  void whatOthersReadIsNotEqualized() {
    OnnxModel model = unequalChain();
    List<Node> nodes = new ArrayList<>(model.graph().nodes());
    nodes.add(Node.of("ReduceMax", "other1", List.of("b"), List.of("o1")));
    nodes.add(Node.of("ReduceMax", "other2", List.of("d"), List.of("o2")));
    OnnxModel shared = model.withGraph(model.graph().withNodes(nodes));
    assertThat(new EqualizeLayers(NodeFilter.ALL).notApplicableTo(shared)).isPresent();
  }

  @ParameterizedTest(name = "written out {0}")
  @ValueSource(booleans = {false, true})
  void smoothedActivationsComputeTheSameAndQuantizeBetter(boolean writtenOut) {
    OnnxModel model = smoothable(writtenOut);
    Samples samples = SmallModels.samples("x", 6, new double[0], 1, 24, 96);
    PassResult result =
        new SmoothActivations(NodeFilter.ALL)
            .apply(model, SmallModels.context(Optional.of(samples)));
    assertThat(result.changes()).hasSize(1);
    assertThat(SmallModels.sqnrDb(model, result.model(), samples, 6)).isGreaterThan(100);
    assertThat(quantized(model, result.model(), samples))
        .isGreaterThan(quantized(model, model, samples) + 2);
  }

  @Test
  void aResidualReaderPreventsSmoothing() {
    OnnxModel model = smoothable(false);
    List<Node> nodes = new ArrayList<>(model.graph().nodes());
    nodes.add(Node.of("Relu", "residual", List.of("n"), List.of("o")));
    OnnxModel shared = model.withGraph(model.graph().withNodes(nodes));
    assertThat(new SmoothActivations(NodeFilter.ALL).notApplicableTo(shared)).isPresent();
  }

  @Test
  void onlyWhatHelpsIsKept() {
    Samples samples = SmallModels.samples("x", 20, new double[0], 1, 16, 12, 12);
    PassResult result =
        new ImproveAccuracy(INT8).apply(unequalChain(), SmallModels.context(Optional.of(samples)));
    assertThat(result.changes()).hasSize(3);
    OnnxModel equal = result.model();
    PassResult again =
        new ImproveAccuracy(INT8).apply(equal, SmallModels.context(Optional.of(samples)));
    assertThat(again.model()).isSameAs(equal);
  }

  @ParameterizedTest
  @ValueSource(strings = {"fashion-resnet-opset9", "kws-dscnn", "text-transformer-banking77"})
  void realModelsKeepOrImprove(String name) {
    Path file = SharedData.model(name + "/model.onnx").orElse(null);
    assumeTrue(file != null, SharedData.WHY_ABSENT);
    OnnxModel model = SmallModels.prepared(java.util.Objects.requireNonNull(file), 13);
    Samples samples =
        name.startsWith("fashion")
            ? SmallModels.dataset(
                SharedData.data().orElseThrow().resolve("datasets/fashion-mnist/train"), model, 40)
            : SmallModels.madeUp(model, 40);
    PassResult result =
        new ImproveAccuracy(INT8).apply(model, SmallModels.context(Optional.of(samples)));
    assertThat(SmallModels.sqnrDb(model, result.model(), samples, 8)).isGreaterThan(90);
    assertThat(quantized(model, result.model(), samples))
        .isGreaterThan(quantized(model, model, samples) - 0.3);
  }
}
