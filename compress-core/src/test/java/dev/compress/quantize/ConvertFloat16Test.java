package dev.compress.quantize;

import static dev.compress.quantize.SmallModels.floats;
import static dev.compress.quantize.SmallModels.weights;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.calibrate.Samples;
import dev.compress.graph.Attribute;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.pass.PassResult;
import dev.compress.runtime.ShapeInference;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.testing.SharedData;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConvertFloat16Test {
  private static final ConvertFloat16 PASS = new ConvertFloat16(NodeFilter.ALL);

  private static PassResult apply(OnnxModel model, Optional<Samples> samples) {
    PassResult result = PASS.apply(model, SmallModels.context(samples));
    assertThat(PASS.apply(result.model(), SmallModels.context(samples)).model())
        .as("a second run")
        .isSameAs(result.model());
    assertThat(result.model().graph().inputs()).isEqualTo(model.graph().inputs());
    assertThat(result.model().graph().outputs()).isEqualTo(model.graph().outputs());
    return result;
  }

  private static Node conv(String name, String in, String w, String out) {
    return Node.of(
        "Conv", name, List.of(in, w), List.of(out), Attribute.of("pads", new long[] {1, 1, 1, 1}));
  }

  private static ElementType typeOf(OnnxModel model, String op) {
    Shapes shapes = ShapeInference.infer(model);
    Node node = model.graph().nodes().stream().filter(n -> n.is(op)).findFirst().orElseThrow();
    return shapes.element(node.output(0)).orElseThrow();
  }

  @Test
  void keepsTheSignatureAndWhatFloat16ServesBadly() {
    OnnxModel model =
        SmallModels.model(
            13,
            floats("x", 1, 4, 8, 8),
            floats("y", 1, 8, 16, 16),
            List.of(
                weights("w", 1, 0.3, 8, 4, 3, 3),
                weights("v", 2, 0.1, 8, 8, 3, 3),
                Initializer.of("scales", Tensor.ofFloats(Shape.of(4), 1, 1, 2, 2))),
            conv("c1", "x", "w", "a"),
            Node.of("Relu", "relu", List.of("a"), List.of("b")),
            Node.of("Resize", "resize", List.of("b", "", "scales"), List.of("c")),
            conv("c2", "c", "v", "d"),
            Node.of("Softmax", "softmax", List.of("d"), List.of("y"), Attribute.of("axis", 1)));
    OnnxModel half = apply(model, Optional.empty()).model();
    assertThat(SmallModels.operators(half))
        .containsExactly(
            "Cast", "Conv", "Relu", "Cast", "Resize", "Cast", "Conv", "Softmax", "Cast");
    assertThat(typeOf(half, "Conv")).isEqualTo(ElementType.FLOAT16);
    assertThat(typeOf(half, "Resize")).isEqualTo(ElementType.FLOAT);
    Samples samples = SmallModels.samples("x", 3, new double[0], 1, 4, 8, 8);
    assertThat(SmallModels.sqnrDb(model, half, samples, 3)).isBetween(45.0, 90.0);
  }

  @Test
  void constantsThatHalfCannotHoldKeepTheirNodesInFloat() {
    OnnxModel model =
        SmallModels.model(
            13,
            floats("x", 2, 16),
            floats("y", 2, 16),
            List.of(
                weights("w", 1, 0.3, 16, 16),
                Initializer.of("mask", Tensor.ofFloats(Shape.scalar(), -1e9f)),
                Initializer.of("eps", Tensor.ofFloats(Shape.scalar(), 1e-12f))),
            Node.of("MatMul", "mm", List.of("x", "w"), List.of("a")),
            Node.of("Max", "max", List.of("a", "mask"), List.of("b")),
            Node.of("Add", "add", List.of("b", "eps"), List.of("y")));
    PassResult result = apply(model, Optional.empty());
    assertThat(result.skipped()).extracting(PassResult.Skipped::node).containsExactly("max", "add");
    assertThat(typeOf(result.model(), "MatMul")).isEqualTo(ElementType.FLOAT16);
    assertThat(typeOf(result.model(), "Add")).isEqualTo(ElementType.FLOAT);
  }

  @Test
  void calibrationFindsWhatWouldOverflow() {
    OnnxModel model =
        SmallModels.model(
            13,
            floats("x", 2, 16),
            floats("y", 2, 16),
            List.of(weights("w", 1, 200, 16, 16), weights("v", 2, 1e-3, 16, 16)),
            Node.of("MatMul", "big", List.of("x", "w"), List.of("a")),
            Node.of("MatMul", "small", List.of("a", "v"), List.of("b")),
            Node.of("Tanh", "tanh", List.of("b"), List.of("y")));
    double[] spread = new double[16];
    java.util.Arrays.fill(spread, 100);
    Samples samples = SmallModels.samples("x", 4, spread, 2, 16);
    PassResult result = apply(model, Optional.of(samples));
    assertThat(result.skipped())
        .extracting(PassResult.Skipped::node)
        .containsExactly("big", "small");
    assertThat(typeOf(result.model(), "Tanh")).isEqualTo(ElementType.FLOAT16);
    assertThat(SmallModels.sqnrDb(model, result.model(), samples, 4)).isGreaterThan(45);
  }

  @Test
  void subgraphsGoOnReadingFloat() {
    ValueInfo branchOut = floats("r", 2, 16);
    Graph then =
        Graph.of(
            "then",
            List.of(Node.of("Neg", "neg", List.of("a"), List.of("r"))),
            List.of(),
            List.of(),
            List.of(branchOut));
    Graph otherwise =
        Graph.of(
            "else",
            List.of(Node.of("Identity", "id", List.of("w"), List.of("r"))),
            List.of(),
            List.of(),
            List.of(branchOut));
    OnnxModel model =
        SmallModels.model(
            13,
            floats("x", 2, 2),
            floats("y", 2, 16),
            List.of(
                weights("w", 1, 1, 2, 16),
                Initializer.of(
                    "yes", Tensor.ofBytes(ElementType.BOOL, Shape.scalar(), new byte[] {1}))),
            Node.of("MatMul", "mm", List.of("x", "w"), List.of("a")),
            new Node(
                "if",
                "If",
                "",
                "",
                List.of("yes"),
                List.of("i"),
                List.of(Attribute.of("then_branch", then), Attribute.of("else_branch", otherwise)),
                "",
                dev.compress.graph.Extras.NONE),
            Node.of("Relu", "relu", List.of("i"), List.of("y")));
    OnnxModel half = apply(model, Optional.empty()).model();
    Samples samples = SmallModels.samples("x", 3, new double[0], 2, 2);
    assertThat(SmallModels.sqnrDb(model, half, samples, 3)).isBetween(45.0, 90.0);
  }

  @Test
  void casts() {
    OnnxModel model =
        OnnxModel.of(
            8,
            13,
            Graph.of(
                "test",
                List.of(
                    Node.of("Cast", "cast", List.of("x"), List.of("f"), Attribute.of("to", 1)),
                    Node.of("MatMul", "mm", List.of("f", "w"), List.of("y"))),
                List.of(weights("w", 1, 1, 16, 16)),
                List.of(
                    ValueInfo.of(
                        "x",
                        ValueType.tensor(
                            ElementType.BOOL,
                            List.of(dev.compress.graph.Dim.of(2), dev.compress.graph.Dim.of(16))))),
                List.of(floats("y", 2, 16))));
    OnnxModel half = apply(model, Optional.empty()).model();
    assertThat(SmallModels.operators(half)).containsExactly("Cast", "MatMul", "Cast");
    assertThat(typeOf(half, "Cast")).isEqualTo(ElementType.FLOAT16);
  }

  @Test
  void tellsWhereThereIsNothingToDo() {
    OnnxModel model =
        SmallModels.model(
            13,
            floats("x", 3),
            floats("y", 3),
            List.of(),
            Node.of("CumSum", "c", List.of("x", "x"), List.of("y")));
    assertThat(PASS.notApplicableTo(model)).isPresent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "fashion-resnet-opset9",
        "text-transformer-banking77",
        "byte-bilstm-tract",
        "silero-vad-if",
        "yunet-dynamic",
        "squeezenet-fp16",
        "st-yamnet256-audio",
        "ultraface-rfb-320"
      })
  void realModelsLoadAndStayClose(String name) {
    Path file = SharedData.model(name + "/model.onnx").orElse(null);
    assumeTrue(file != null, SharedData.WHY_ABSENT);
    OnnxModel model = SmallModels.prepared(java.util.Objects.requireNonNull(file), 13);
    PassResult result = PASS.apply(model, SmallModels.context(Optional.empty()));
    Samples samples = SmallModels.madeUp(model, 2);
    if (PASS.notApplicableTo(model).isEmpty()) {
      assertThat(result.changes()).isNotEmpty();
    }
    assertThat(SmallModels.sqnrDb(model, result.model(), samples, 2)).isGreaterThan(30);
  }
}
