package dev.compress.prepare;

import dev.compress.graph.Attribute;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** Nodes of old operator sets, each as a model of its own. */
final class UpgradeCases {
  private UpgradeCases() {}

  /** A node at an old version, its inputs and constants. */
  record Case(
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

  static Case caseOf(String name, long opset, Node node, long... dims) {
    return new Case(name, opset, node, List.of(Check.floats("x", dims)), List.of());
  }

  static Node node(String op, Attribute... attributes) {
    return Node.of(op, "node", List.of("x"), List.of("y"), attributes);
  }

  static Attribute ints(String name, long... values) {
    return Attribute.of(name, values);
  }

  static Stream<Arguments> cases() {
    List<Case> cases = new ArrayList<>();
    cases.add(caseOf("squeeze", 7, node("Squeeze", ints("axes", 1, 3)), 2, 1, 3, 1));
    cases.add(caseOf("squeeze of the end", 11, node("Squeeze", ints("axes", -1)), 2, 1, 3, 1));
    cases.add(caseOf("squeeze of all", 7, node("Squeeze"), 2, 1, 3, 1));
    cases.add(caseOf("unsqueeze", 9, node("Unsqueeze", ints("axes", 0, 2)), 2, 3));
    for (String op :
        List.of("Sum", "Mean", "Max", "Min", "L1", "L2", "Prod", "SumSquare", "LogSumExp")) {
      cases.add(caseOf("reduce " + op, 9, node("Reduce" + op, ints("axes", 1)), 2, 3, 4));
      cases.add(
          caseOf(
              "reduce all " + op, 11, node("Reduce" + op, Attribute.of("keepdims", 0)), 2, 3, 4));
    }
    cases.add(
        caseOf(
            "slice",
            8,
            node("Slice", ints("starts", 0, 1), ints("ends", 2, 100000), ints("axes", 0, 2)),
            3,
            2,
            5));
    cases.add(
        caseOf("slice without axes", 9, node("Slice", ints("starts", 1), ints("ends", -1)), 4, 2));
    cases.add(
        caseOf("clip", 7, node("Clip", Attribute.of("min", -0.5f), Attribute.of("max", 0.5f)), 9));
    cases.add(caseOf("clip above", 10, node("Clip", Attribute.of("max", 0.5f)), 9));
    cases.add(caseOf("clip below", 10, node("Clip", Attribute.of("min", 0f)), 9));
    cases.add(caseOf("clip of nothing", 10, node("Clip"), 9));
    cases.add(
        new Case(
            "clip of halves",
            9,
            node("Clip", Attribute.of("min", 0.1f), Attribute.of("max", 0.5f)),
            List.of(Check.value("x", ElementType.FLOAT16, 9)),
            List.of()));
    cases.add(caseOf("pad", 9, node("Pad", ints("pads", 0, 1, 2, 0)), 2, 3));
    cases.add(
        caseOf(
            "pad with a value",
            7,
            node("Pad", ints("pads", 0, 1, 2, 0), Attribute.of("value", 3f)),
            2,
            3));
    cases.add(
        caseOf(
            "pad by reflection",
            7,
            node("Pad", ints("pads", 1, 1, 1, 1), Attribute.of("mode", "reflect")),
            3,
            3));
    cases.add(caseOf("split", 9, splits(Attribute.of("axis", 1), ints("split", 1, 3)), 2, 4));
    cases.add(caseOf("split evenly", 9, splits(Attribute.of("axis", 1)), 2, 4));
    for (String op : List.of("Softmax", "LogSoftmax", "Hardmax")) {
      cases.add(caseOf(op + " of a matrix", 7, node(op), 2, 5));
      cases.add(caseOf(op + " of rows", 9, node(op, Attribute.of("axis", 1)), 2, 3, 4));
      cases.add(caseOf(op + " of all", 11, node(op, Attribute.of("axis", 0)), 2, 3));
      cases.add(caseOf(op + " of the last", 11, node(op, Attribute.of("axis", -1)), 2, 3, 4));
      cases.add(caseOf(op + " of channels", 9, node(op), 2, 5, 1, 1));
      cases.add(
          new Case(
              op + " of unknown rank",
              9,
              node(op),
              List.of(Check.value("x", ElementType.FLOAT, -1, -2, -3)),
              List.of()));
    }
    cases.add(caseOf("upsample", 7, node("Upsample", floats("scales", 1, 1, 2, 3)), 1, 2, 3, 3));
    cases.add(
        caseOf(
            "upsample linearly",
            8,
            node("Upsample", floats("scales", 1, 1, 2, 2), Attribute.of("mode", "linear")),
            1,
            2,
            3,
            3));
    cases.add(
        with(
            caseOf("upsample by a constant", 9, two("Upsample", "s"), 1, 2, 3, 3),
            Initializer.of("s", Tensor.ofFloats(Shape.of(4), 1, 1, 2.5f, 1.5f))));
    for (String mode : List.of("nearest", "linear")) {
      for (float scale : new float[] {0.5f, 0.34f, 0.7f, 2, 2.5f, 1.3f}) {
        cases.add(
            with(
                caseOf(
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
        caseOf(
            "top 2",
            9,
            Node.of("TopK", "node", List.of("x"), List.of("y", "unused"), Attribute.of("k", 2)),
            3,
            4));
    cases.add(caseOf("dropout", 7, node("Dropout", Attribute.of("ratio", 0.4f)), 3, 4));
    cases.add(caseOf("dropout 10", 10, node("Dropout", Attribute.of("ratio", 0.4f)), 3, 4));
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
        caseOf(
            "average pooling",
            7,
            node("AveragePool", ints("kernel_shape", 2, 2), Attribute.of("count_include_pad", 1)),
            1,
            2,
            5,
            5));
    cases.add(
        caseOf(
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
    cases.add(caseOf("fourier transform", 17, node("DFT", Attribute.of("onesided", 1)), 1, 16, 1));
    cases.add(
        caseOf(
            "fourier transform of an axis", 17, node("DFT", Attribute.of("axis", 2)), 1, 5, 8, 1));
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
    cases.add(caseOf("flatten", 7, node("Flatten", Attribute.of("axis", 2)), 2, 3, 4));
    cases.add(
        caseOf(
            "image scaler",
            7,
            node("ImageScaler", Attribute.of("scale", 0.5f), floats("bias", 1, -2, 3)),
            2,
            3,
            4,
            4));
    cases.add(
        caseOf(
            "affine",
            7,
            node("Affine", Attribute.of("alpha", 2f), Attribute.of("beta", 0.5f)),
            2,
            3));
    cases.add(caseOf("crop", 7, node("Crop", ints("border", 1, 2, 0, 1)), 1, 2, 6, 7));
    cases.add(
        caseOf(
            "crop to a size",
            7,
            node("Crop", ints("border", 1, 2, 0, 0), ints("scale", 3, 4)),
            1,
            2,
            6,
            7));
    cases.add(
        caseOf(
            "scaled tanh",
            7,
            node("ScaledTanh", Attribute.of("alpha", 2f), Attribute.of("beta", 0.5f)),
            5));
    cases.add(
        caseOf(
            "parametric softplus",
            7,
            node("ParametricSoftplus", Attribute.of("alpha", 2f), Attribute.of("beta", 0.5f)),
            5));
    return cases.stream().map(Arguments::of);
  }

  static Node splits(Attribute... attributes) {
    return Node.of("Split", "node", List.of("x"), List.of("y", "z"), attributes);
  }

  static Node two(String op, String second, Attribute... attributes) {
    return Node.of(op, "node", List.of("x", second), List.of("y"), attributes);
  }

  static Case with(Case c, Initializer constant) {
    return new Case(c.name, c.opset, c.node, c.inputs, List.of(constant));
  }

  static Attribute floats(String name, float... values) {
    List<Float> list = new ArrayList<>();
    for (float v : values) {
      list.add(v);
    }
    return Attribute.ofFloats(name, list);
  }
}
