package dev.compress.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.graph.Attribute;
import dev.compress.graph.Extras;
import dev.compress.graph.Function;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.OpsetImport;
import dev.compress.graph.ValueInfo;
import dev.compress.pass.PassResult;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class UpgradeOpsetTest {
  private static final long[] TARGETS = {13, 18, 21, 24};

  /** A node at an old version, its inputs and constants. */
  private record Case(
      String name, long opset, Node node, List<ValueInfo> inputs, List<Initializer> constants) {
    @Override
    public String toString() {
      return name + " at " + opset;
    }

    OnnxModel model() {
      List<ValueInfo> outputs = new ArrayList<>();
      for (String output : node.outputs()) {
        if (!output.equals("unused")) {
          outputs.add(Check.unknown(output, inputs.isEmpty() ? ElementType.FLOAT : element()));
        }
      }
      return Check.model(opset, inputs, outputs, constants, node);
    }

    private ElementType element() {
      return inputs.get(0).type() instanceof dev.compress.graph.ValueType.TensorType t
          ? t.element()
          : ElementType.FLOAT;
    }
  }

  private static Case of(String name, long opset, Node node, long... dims) {
    return new Case(name, opset, node, List.of(Check.floats("x", dims)), List.of());
  }

  private static Node node(String op, Attribute... attributes) {
    return Node.of(op, "node", List.of("x"), List.of("y"), attributes);
  }

  private static Attribute ints(String name, long... values) {
    return Attribute.of(name, values);
  }

  static Stream<Arguments> cases() {
    List<Case> cases = new ArrayList<>();
    cases.add(of("squeeze", 7, node("Squeeze", ints("axes", 1, 3)), 2, 1, 3, 1));
    cases.add(of("squeeze of the end", 11, node("Squeeze", ints("axes", -1)), 2, 1, 3, 1));
    cases.add(of("squeeze of all", 7, node("Squeeze"), 2, 1, 3, 1));
    cases.add(of("unsqueeze", 9, node("Unsqueeze", ints("axes", 0, 2)), 2, 3));
    for (String op :
        List.of("Sum", "Mean", "Max", "Min", "L1", "L2", "Prod", "SumSquare", "LogSumExp")) {
      cases.add(of("reduce " + op, 9, node("Reduce" + op, ints("axes", 1)), 2, 3, 4));
      cases.add(
          of("reduce all " + op, 11, node("Reduce" + op, Attribute.of("keepdims", 0)), 2, 3, 4));
    }
    cases.add(
        of(
            "slice",
            8,
            node("Slice", ints("starts", 0, 1), ints("ends", 2, 100000), ints("axes", 0, 2)),
            3,
            2,
            5));
    cases.add(
        of("slice without axes", 9, node("Slice", ints("starts", 1), ints("ends", -1)), 4, 2));
    cases.add(
        of("clip", 7, node("Clip", Attribute.of("min", -0.5f), Attribute.of("max", 0.5f)), 9));
    cases.add(of("clip above", 10, node("Clip", Attribute.of("max", 0.5f)), 9));
    cases.add(of("clip below", 10, node("Clip", Attribute.of("min", 0f)), 9));
    cases.add(of("clip of nothing", 10, node("Clip"), 9));
    cases.add(
        new Case(
            "clip of halves",
            9,
            node("Clip", Attribute.of("min", 0.1f), Attribute.of("max", 0.5f)),
            List.of(Check.value("x", ElementType.FLOAT16, 9)),
            List.of()));
    cases.add(of("pad", 9, node("Pad", ints("pads", 0, 1, 2, 0)), 2, 3));
    cases.add(
        of(
            "pad with a value",
            7,
            node("Pad", ints("pads", 0, 1, 2, 0), Attribute.of("value", 3f)),
            2,
            3));
    cases.add(
        of(
            "pad by reflection",
            7,
            node("Pad", ints("pads", 1, 1, 1, 1), Attribute.of("mode", "reflect")),
            3,
            3));
    cases.add(of("split", 9, splits(Attribute.of("axis", 1), ints("split", 1, 3)), 2, 4));
    cases.add(of("split evenly", 9, splits(Attribute.of("axis", 1)), 2, 4));
    for (String op : List.of("Softmax", "LogSoftmax", "Hardmax")) {
      cases.add(of(op + " of a matrix", 7, node(op), 2, 5));
      cases.add(of(op + " of rows", 9, node(op, Attribute.of("axis", 1)), 2, 3, 4));
      cases.add(of(op + " of all", 11, node(op, Attribute.of("axis", 0)), 2, 3));
      cases.add(of(op + " of the last", 11, node(op, Attribute.of("axis", -1)), 2, 3, 4));
      cases.add(of(op + " of channels", 9, node(op), 2, 5, 1, 1));
      cases.add(
          new Case(
              op + " of unknown rank",
              9,
              node(op),
              List.of(Check.value("x", ElementType.FLOAT, -1, -2, -3)),
              List.of()));
    }
    cases.add(of("upsample", 7, node("Upsample", floats("scales", 1, 1, 2, 3)), 1, 2, 3, 3));
    cases.add(
        of(
            "upsample linearly",
            8,
            node("Upsample", floats("scales", 1, 1, 2, 2), Attribute.of("mode", "linear")),
            1,
            2,
            3,
            3));
    cases.add(
        with(
            of("upsample by a constant", 9, two("Upsample", "s"), 1, 2, 3, 3),
            Initializer.of("s", Tensor.ofFloats(Shape.of(4), 1, 1, 2.5f, 1.5f))));
    for (String mode : List.of("nearest", "linear")) {
      for (float scale : new float[] {0.5f, 0.34f, 0.7f, 2, 2.5f, 1.3f}) {
        cases.add(
            with(
                of(
                    mode + " resize by " + scale,
                    10,
                    two("Resize", "s", Attribute.of("mode", mode)),
                    1,
                    2,
                    7,
                    9),
                Initializer.of("s", Tensor.ofFloats(Shape.of(4), 1, 1, scale, scale))));
      }
    }
    cases.add(
        of(
            "top 2",
            9,
            Node.of("TopK", "node", List.of("x"), List.of("y", "unused"), Attribute.of("k", 2)),
            3,
            4));
    cases.add(of("dropout", 7, node("Dropout", Attribute.of("ratio", 0.4f)), 3, 4));
    cases.add(of("dropout 10", 10, node("Dropout", Attribute.of("ratio", 0.4f)), 3, 4));
    cases.add(
        new Case(
            "batch normalization",
            7,
            Node.of(
                "BatchNormalization",
                "node",
                List.of("x", "s", "b", "m", "v"),
                List.of("y"),
                Attribute.of("spatial", 1)),
            List.of(Check.floats("x", 2, 3, 4, 4)),
            List.of(
                Check.weights("s", 1, 3),
                Check.weights("b", 2, 3),
                Check.weights("m", 3, 3),
                Check.positive("v", 4, 3))));
    cases.add(
        new Case(
            "scatter",
            9,
            Node.of(
                "Scatter", "node", List.of("x", "i", "u"), List.of("y"), Attribute.of("axis", 1)),
            List.of(Check.floats("x", 1, 5)),
            List.of(
                Initializer.of("i", Tensor.ofLongs(Shape.of(1, 2), 1, 3)),
                Check.weights("u", 1, 1, 2))));
    cases.add(
        of(
            "average pooling",
            7,
            node("AveragePool", ints("kernel_shape", 2, 2), Attribute.of("count_include_pad", 1)),
            1,
            2,
            5,
            5));
    cases.add(
        of(
            "max pooling",
            7,
            node("MaxPool", ints("kernel_shape", 2, 2), ints("strides", 2, 2)),
            1,
            2,
            5,
            5));
    cases.add(
        new Case(
            "grid sampling",
            16,
            two("GridSample", "g", Attribute.of("mode", "bicubic")),
            List.of(Check.floats("x", 1, 2, 5, 5)),
            List.of(Check.weights("g", 1, 1, 3, 3, 2))));
    cases.add(
        new Case(
            "grid sampling by default",
            16,
            two("GridSample", "g"),
            List.of(Check.floats("x", 1, 2, 5, 5)),
            List.of(Check.weights("g", 1, 1, 3, 3, 2))));
    cases.add(
        new Case(
            "regions",
            10,
            Node.of(
                "RoiAlign",
                "node",
                List.of("x", "r", "i"),
                List.of("y"),
                Attribute.of("output_height", 3),
                Attribute.of("output_width", 3),
                Attribute.of("sampling_ratio", 2)),
            List.of(Check.floats("x", 1, 2, 8, 8)),
            List.of(
                Initializer.of("r", Tensor.ofFloats(Shape.of(2, 4), 0, 0, 5, 5, 1, 2, 7, 6)),
                Check.longs("i", 0, 0))));
    cases.add(of("fourier transform", 17, node("DFT", Attribute.of("onesided", 1)), 1, 16, 1));
    cases.add(
        of("fourier transform of an axis", 17, node("DFT", Attribute.of("axis", 2)), 1, 5, 8, 1));
    cases.add(
        new Case(
            "recurrence",
            7,
            Node.of(
                "LSTM",
                "node",
                List.of("x", "w", "r"),
                List.of("y"),
                Attribute.of("hidden_size", 3)),
            List.of(Check.floats("x", 4, 2, 5)),
            List.of(Check.weights("w", 1, 1, 12, 5), Check.weights("r", 2, 1, 12, 3))));
    cases.add(of("flatten", 7, node("Flatten", Attribute.of("axis", 2)), 2, 3, 4));
    cases.add(
        of(
            "image scaler",
            7,
            node("ImageScaler", Attribute.of("scale", 0.5f), floats("bias", 1, -2, 3)),
            2,
            3,
            4,
            4));
    cases.add(
        of(
            "affine",
            7,
            node("Affine", Attribute.of("alpha", 2f), Attribute.of("beta", 0.5f)),
            2,
            3));
    cases.add(of("crop", 7, node("Crop", ints("border", 1, 2, 0, 1)), 1, 2, 6, 7));
    cases.add(
        of(
            "crop to a size",
            7,
            node("Crop", ints("border", 1, 2, 0, 0), ints("scale", 3, 4)),
            1,
            2,
            6,
            7));
    cases.add(
        of(
            "scaled tanh",
            7,
            node("ScaledTanh", Attribute.of("alpha", 2f), Attribute.of("beta", 0.5f)),
            5));
    cases.add(
        of(
            "parametric softplus",
            7,
            node("ParametricSoftplus", Attribute.of("alpha", 2f), Attribute.of("beta", 0.5f)),
            5));
    return cases.stream().map(Arguments::of);
  }

  private static Node splits(Attribute... attributes) {
    return Node.of("Split", "node", List.of("x"), List.of("y", "z"), attributes);
  }

  private static Node two(String op, String second, Attribute... attributes) {
    return Node.of(op, "node", List.of("x", second), List.of("y"), attributes);
  }

  private static Case with(Case c, Initializer constant) {
    return new Case(c.name, c.opset, c.node, c.inputs, List.of(constant));
  }

  private static Attribute floats(String name, float... values) {
    List<Float> list = new ArrayList<>();
    for (float v : values) {
      list.add(v);
    }
    return Attribute.ofFloats(name, list);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void computesTheSame(Case c) {
    OnnxModel model = c.model();
    for (long target : TARGETS) {
      // ONNX Runtime 1.29 has no kernel of RoiAlign 22.
      if (target <= c.opset || (target > 21 && c.name.equals("regions"))) {
        continue;
      }
      PassResult result = Check.apply(new UpgradeOpset(target), model, 1e-6);
      assertThat(result.model().opset()).isEqualTo(target);
      assertThat(result.model().irVersion()).isGreaterThanOrEqualTo(IrVersions.forOpset(target));
      assertThat(result.warnings()).isEmpty();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void computesTheSameInSteps(Case c) {
    OnnxModel model = c.model();
    OnnxModel steps = model;
    for (long target = model.opset() + 1; target <= 21; target++) {
      steps = new UpgradeOpset(target).apply(steps, Check.context()).model();
    }
    assertThat(steps.opset()).isEqualTo(21);
    Check.sameOutputs(model, steps, 1e-6);
  }

  @Test
  void rewritesNodesAsDocumented() {
    OnnxModel model =
        Check.model(
            9,
            List.of(Check.floats("x", 2, 3, 1)),
            List.of(Check.floats("z", 2, 3)),
            List.of(),
            Node.of("Squeeze", "s", List.of("x"), List.of("y"), ints("axes", 2)),
            Node.of(
                "Clip",
                "c",
                List.of("y"),
                List.of("z"),
                Attribute.of("min", 0f),
                Attribute.of("max", 6f)));
    PassResult result = Check.apply(new UpgradeOpset(13), model, 0);
    assertThat(Check.text(result.model()))
        .containsExactly("Squeeze(x, axes_2) -> y", "Clip(y, min, max) -> z");
    assertThat(result.changes()).hasSize(3);
    assertThat(result.model().irVersion()).isEqualTo(7);
  }

  @Test
  void rewritesBodiesOfLoops() {
    Graph body =
        Graph.of(
            "body",
            List.of(
                Node.of("Squeeze", "", List.of("state"), List.of("flat"), ints("axes", 0)),
                Node.of("Unsqueeze", "", List.of("flat"), List.of("back"), ints("axes", 0)),
                Node.of("Add", "", List.of("back", "x"), List.of("next")),
                Node.of("Identity", "", List.of("go"), List.of("goOn"))),
            List.of(),
            List.of(
                Check.value("i", ElementType.INT64),
                Check.value("go", ElementType.BOOL),
                Check.floats("state", 1, 3)),
            List.of(Check.value("goOn", ElementType.BOOL), Check.floats("next", 1, 3)));
    OnnxModel model =
        Check.model(
            11,
            List.of(Check.floats("x", 1, 3)),
            List.of(Check.floats("y", 1, 3)),
            List.of(
                Initializer.of("trips", Tensor.ofLongs(Shape.scalar(), 3)),
                Initializer.of(
                    "on", Tensor.ofBytes(ElementType.BOOL, Shape.scalar(), new byte[] {1}))),
            Node.of(
                "Loop",
                "loop",
                List.of("trips", "on", "x"),
                List.of("y"),
                Attribute.of("body", body)));
    PassResult result = Check.apply(new UpgradeOpset(13), model, 1e-6);
    Graph converted = result.model().graph().nodes().get(0).subgraphs().get(0);
    assertThat(converted.nodes().get(0).inputs()).hasSize(2);
    assertThat(converted.initializers()).hasSize(1);
  }

  @Test
  void refusesAndNamesTheNode() {
    refused(
        Check.model(
            11,
            List.of(Check.floats("x", 2)),
            List.of(Check.floats("y", 2)),
            List.of(),
            node("Quant")),
        "Quant");
    refused(
        Check.model(
            9,
            List.of(Check.floats("x", 2, 3)),
            List.of(Check.floats("y", 2, 3), Check.value("mask", ElementType.FLOAT, 2, 3)),
            List.of(),
            Node.of("Dropout", "drop", List.of("x"), List.of("y", "mask"))),
        "mask");
    refused(
        Check.model(
            8,
            List.of(Check.floats("x", 2, 3)),
            List.of(Check.floats("y", 2, 3)),
            List.of(),
            Node.of(
                "BatchNormalization",
                "bn",
                List.of("x", "x", "x", "x", "x"),
                List.of("y"),
                Attribute.of("spatial", 0))),
        "spatial");
    refused(
        Check.model(
            10,
            List.of(Check.floats("x", 1, 1, 4, 4), Check.floats("s", 4)),
            List.of(Check.floats("y", 1, 1, 4, 4)),
            List.of(),
            two("Resize", "s")),
        "scales");
    refused(
        Check.model(
            10,
            List.of(Check.floats("x", 1, 1, 4, 4)),
            List.of(Check.floats("y", 1, 1, 8, 2)),
            List.of(Initializer.of("s", Tensor.ofFloats(Shape.of(4), 1, 1, 2, 0.5f))),
            two("Resize", "s")),
        "another");
    refused(
        Check.model(
            9,
            List.of(Check.floats("x", 2, 3)),
            List.of(Check.floats("y", 2, 3)),
            List.of(),
            node("Softmax", Attribute.of("axis", 7))),
        "axis 7");
  }

  @Test
  void refusesLaterChanges() {
    OnnxModel pool =
        Check.model(
            13,
            List.of(Check.floats("x", 1, 1, 5, 5)),
            List.of(Check.floats("y", 1, 1, 3, 3)),
            List.of(),
            node(
                "AveragePool",
                ints("kernel_shape", 2, 2),
                ints("strides", 2, 2),
                Attribute.of("ceil_mode", 1)));
    assertThat(Check.unchanged(new UpgradeOpset(21), pool).skipped())
        .singleElement()
        .satisfies(r -> assertThat(r.reason()).contains("opset 19", "ceil_mode"));
    assertThat(Check.apply(new UpgradeOpset(18), pool, 1e-6).model().opset()).isEqualTo(18);
    OnnxModel training =
        Check.model(
            9,
            List.of(Check.floats("x", 1, 2, 3)),
            List.of(Check.floats("y", 1, 2, 3)),
            List.of(Check.weights("s", 1, 2), Check.positive("v", 2, 2)),
            Node.of(
                "BatchNormalization",
                "bn",
                List.of("x", "s", "s", "s", "v"),
                List.of("y", "mean", "var", "saved", "also")));
    assertThat(Check.unchanged(new UpgradeOpset(15), training).skipped().get(0).reason())
        .contains("training");
    assertThat(new UpgradeOpset(13).apply(training, Check.context()).model().opset()).isEqualTo(13);
    OnnxModel groups =
        Check.model(
            18,
            List.of(Check.floats("x", 1, 4, 3)),
            List.of(Check.floats("y", 1, 4, 3)),
            List.of(Check.weights("s", 1, 2)),
            Node.of(
                "GroupNormalization",
                "gn",
                List.of("x", "s", "s"),
                List.of("y"),
                Attribute.of("num_groups", 2)));
    assertThat(Check.unchanged(new UpgradeOpset(21), groups).skipped()).hasSize(1);
  }

  private static void refused(OnnxModel model, String because) {
    PassResult result = Check.unchanged(new UpgradeOpset(13), model);
    assertThat(result.warnings())
        .singleElement()
        .satisfies(w -> assertThat(w).contains("stays below opset 13", because));
  }

  @Test
  void refusesFunctionsWithOperatorsThatChanged() {
    OnnxModel model =
        Check.model(
            11,
            List.of(Check.floats("x", 2, 1)),
            List.of(Check.floats("y", 2, 1)),
            List.of(),
            node("Relu"));
    assertThat(upgraded(model, "Relu").opset()).isEqualTo(11); // Relu got new types at 13
    assertThat(upgraded(model, "Not").opset()).isEqualTo(13);
  }

  private static OnnxModel upgraded(OnnxModel model, String inner) {
    Function function =
        new Function(
            "local",
            "f",
            "",
            List.of(Node.of(inner, "", List.of("a"), List.of("b"))),
            List.of(new OpsetImport("", 11)),
            Extras.NONE);
    OnnxModel with =
        new OnnxModel(
            model.irVersion(),
            model.opsets(),
            "",
            "",
            "",
            0,
            "",
            model.graph(),
            Map.of(),
            List.of(function),
            Extras.NONE);
    return new UpgradeOpset(13).apply(with, Check.context()).model();
  }

  @Test
  void refusesWhereInitializersAreInputsOfAnOldFile() {
    OnnxModel model =
        OnnxModel.of(
            3,
            8,
            Graph.of(
                "g",
                List.of(Node.of("Add", "", List.of("x", "b"), List.of("y"))),
                List.of(Check.weights("b", 1, 2)),
                List.of(Check.floats("x", 2), Check.floats("b", 2)),
                List.of(Check.floats("y", 2))));
    assertThat(Check.unchanged(new UpgradeOpset(13), model).warnings()).hasSize(1);
    OnnxModel taken = new RemoveInitializersFromInputs().apply(model, Check.context()).model();
    assertThat(new UpgradeOpset(13).apply(taken, Check.context()).model().opset()).isEqualTo(13);
  }

  @Test
  void isNotApplicableAtOrAboveTheTarget() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2)),
            List.of(Check.floats("y", 2)),
            List.of(),
            node("Relu"));
    assertThat(new UpgradeOpset(13).notApplicableTo(model)).isPresent();
    assertThat(new UpgradeOpset(12).notApplicableTo(model)).isPresent();
    assertThat(Check.unchanged(new UpgradeOpset(13), model).warnings()).isEmpty();
    assertThatThrownBy(() -> new UpgradeOpset(99)).isInstanceOf(IllegalArgumentException.class);
  }
}
