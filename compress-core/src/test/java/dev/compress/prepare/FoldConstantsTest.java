package dev.compress.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.Attribute;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassResult;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class FoldConstantsTest {
  private static final FoldConstants PASS = new FoldConstants();

  @Test
  void foldsATransposedWeight() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2, 8)),
            List.of(Check.floats("y", 2, 4)),
            List.of(Check.weights("w", 1, 4, 8), Check.number("s", 0.5f)),
            Node.of(
                "Transpose",
                "t",
                List.of("w"),
                List.of("wt"),
                Attribute.of("perm", new long[] {1, 0})),
            Node.of("Mul", "m", List.of("wt", "s"), List.of("ws")),
            Node.of("MatMul", "", List.of("x", "ws"), List.of("y")));
    assertThat(Check.text(model))
        .containsExactly("Transpose(w) -> wt", "Mul(wt, s) -> ws", "MatMul(x, ws) -> y");
    PassResult result = Check.apply(PASS, model, 1e-6);
    assertThat(Check.text(result.model())).containsExactly("MatMul(x, ws) -> y");
    assertThat(Check.initializers(result.model())).containsExactly("ws");
    assertThat(result.changes()).hasSize(2);
  }

  @Test
  void doesNotLetTheFileGrow() {
    OnnxModel made =
        Check.model(
            9,
            List.of(Check.floats("x", 1, 8, 4, 4)),
            List.of(Check.floats("y", 1, 64, 2, 2)),
            List.of(Check.longs("dims", 64, 8, 3, 3)),
            Node.of(
                "ConstantOfShape",
                "fill",
                List.of("dims"),
                List.of("w"),
                Attribute.of("value", Tensor.ofFloats(Shape.of(1), 0.1f))),
            Node.of("Conv", "", List.of("x", "w"), List.of("y")));
    PassResult result = Check.unchanged(PASS, made);
    assertThat(result.skipped())
        .singleElement()
        .satisfies(s -> assertThat(s.reason()).contains("folded it would take more"));
    assertThat(Check.operators(Check.apply(new FoldConstants(1 << 20), made, 1e-6).model()))
        .containsExactly("Conv");

    OnnxModel half =
        Check.model(
            13,
            List.of(Check.floats("x", 2, 64)),
            List.of(Check.floats("y", 2, 64)),
            List.of(Check.weights("w", ElementType.FLOAT16, 1, 64, 64)),
            Node.of("Cast", "", List.of("w"), List.of("wf"), Attribute.of("to", 1)),
            Node.of("MatMul", "", List.of("x", "wf"), List.of("y")));
    assertThat(Check.unchanged(PASS, half).skipped()).hasSize(1);
  }

  @Test
  void leavesATiedEmbeddingAlone() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.value("ids", ElementType.INT64, 3)),
            List.of(Check.floats("y", 3, 50)),
            List.of(Check.weights("e", 1, 50, 20)),
            Node.of("Gather", "", List.of("e", "ids"), List.of("h")),
            Node.of(
                "Transpose",
                "",
                List.of("e"),
                List.of("et"),
                Attribute.of("perm", new long[] {1, 0})),
            Node.of("MatMul", "", List.of("h", "et"), List.of("y")));
    assertThat(Check.unchanged(PASS, model).skipped()).hasSize(1);
  }

  @Test
  void leavesQuantizedWeightsRandomNumbersAndOutputsAlone() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2, 2)),
            List.of(Check.floats("y", 2, 2), Check.floats("z", 2)),
            List.of(
                Initializer.of(
                    "w", Tensor.ofBytes(ElementType.INT8, Shape.of(2, 2), new byte[] {1, 2, 3, 4})),
                Check.number("s", 0.5f),
                Check.weights("k", 1, 2)),
            Node.of("DequantizeLinear", "", List.of("w", "s"), List.of("wf")),
            Node.of("MatMul", "", List.of("x", "wf"), List.of("y")),
            Node.of("Neg", "out", List.of("k"), List.of("z")));
    PassResult result = Check.unchanged(PASS, model);
    assertThat(result.skipped())
        .singleElement()
        .satisfies(s -> assertThat(s.node()).isEqualTo("out"));
  }

  private static OnnxModel reshaped(long batch, long opset) {
    return Check.model(
        opset,
        List.of(Check.floats("x", batch, 3, 4)),
        List.of(Check.floats("y", batch, 12)),
        List.of(
            Initializer.of("zero", Tensor.ofLongs(Shape.scalar(), 0)),
            Check.longs("minus", -1),
            Check.longs("axes", 0)),
        Node.of("Relu", "", List.of("x"), List.of("r")),
        Node.of("Shape", "", List.of("r"), List.of("s")),
        Node.of("Gather", "", List.of("s", "zero"), List.of("n")),
        Node.of("Unsqueeze", "", List.of("n", "axes"), List.of("u")),
        Node.of("Concat", "", List.of("u", "minus"), List.of("dims"), Attribute.of("axis", 0)),
        Node.of("Reshape", "", List.of("r", "dims"), List.of("y")));
  }

  @Test
  void foldsShapesWhereAllSizesAreFixed() {
    PassResult result = Check.apply(PASS, reshaped(2, 13), 0);
    assertThat(Check.text(result.model())).containsExactly("Relu(x) -> r", "Reshape(r, dims) -> y");
    assertThat(result.model().graph().initializers().get(0).tensor().toLongs())
        .containsExactly(2, -1);
    assertThat(Check.initializers(result.model())).containsExactly("dims");
  }

  @Test
  void leavesShapesWhereASizeIsFree() {
    Check.unchanged(PASS, reshaped(-1, 13));
    assertThat(PASS.notApplicableTo(reshaped(-1, 13))).isPresent();
  }

  @Test
  void foldsPartsOfShapesAndSizes() {
    OnnxModel model =
        Check.model(
            15,
            List.of(Check.floats("x", 2, 3, 4)),
            List.of(Check.value("y", ElementType.INT64, 2)),
            List.of(),
            Node.of(
                "Shape",
                "",
                List.of("x"),
                List.of("s"),
                Attribute.of("start", 1),
                Attribute.of("end", -1)),
            Node.of("Size", "", List.of("x"), List.of("n")),
            Node.of("Mul", "", List.of("s", "n"), List.of("m")),
            Node.of("Shape", "", List.of("m"), List.of("one")),
            Node.of("Expand", "", List.of("m", "one"), List.of("e")),
            Node.of("Concat", "", List.of("e", "m"), List.of("c"), Attribute.of("axis", 0)),
            Node.of("Identity", "", List.of("c"), List.of("y")));
    // The output itself is left to a node; everything in front of it is one group with it.
    Check.unchanged(PASS, model);
    OnnxModel read =
        Check.model(
            15,
            List.of(Check.floats("x", 2, 3, 4)),
            List.of(Check.floats("y", 3, 24)),
            List.of(),
            Node.of(
                "Shape",
                "",
                List.of("x"),
                List.of("s"),
                Attribute.of("start", 1),
                Attribute.of("end", -1)),
            Node.of("Size", "", List.of("x"), List.of("n")),
            Node.of("Shape", "", List.of("s"), List.of("one")),
            Node.of("Reshape", "", List.of("n", "one"), List.of("n1")),
            Node.of("Concat", "", List.of("s", "n1"), List.of("d"), Attribute.of("axis", 0)),
            Node.of("ReduceMax", "", List.of("x"), List.of("r"), Attribute.of("keepdims", 0)),
            Node.of("Expand", "", List.of("r", "d"), List.of("y")));
    assertThat(Check.operators(Check.apply(PASS, read, 0).model()))
        .containsExactly("ReduceMax", "Expand");
  }

  @Test
  void leavesALargeWeightOnDisk() {
    // 2 MiB: over the limit for the heap and for the common session.
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2, 1024)),
            List.of(Check.floats("y", 2, 512)),
            List.of(Check.weights("w", 1, 512, 1024)),
            Node.of(
                "Transpose",
                "",
                List.of("w"),
                List.of("wt"),
                Attribute.of("perm", new long[] {1, 0})),
            Node.of("MatMul", "", List.of("x", "wt"), List.of("y")));
    PassResult result = Check.apply(PASS, model, 1e-5);
    assertThat(Check.operators(result.model())).containsExactly("MatMul");
    assertThat(result.model().graph().initializers().get(0).tensor().data())
        .isInstanceOf(dev.compress.tensor.FileRegion.class);
  }

  @Test
  void isNotApplicableWithoutConstantNodes() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2)),
            List.of(Check.floats("y", 2)),
            List.of(),
            Node.of("Relu", "", List.of("x"), List.of("y")));
    assertThat(PASS.notApplicableTo(model)).isPresent();
    Check.unchanged(PASS, model);
  }
}
