package dev.compress.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.Attribute;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassResult;
import java.util.List;
import org.junit.jupiter.api.Test;

class CancelTransposesTest {
  private static final CancelTransposes PASS = new CancelTransposes();

  private static Node transpose(String x, String y, long... perm) {
    return Node.of("Transpose", "", List.of(x), List.of(y), Attribute.of("perm", perm));
  }

  private static Node conv(String x, String w, String y) {
    return Node.of(
        "Conv",
        "conv" + y,
        List.of(x, w),
        List.of(y),
        Attribute.of("pads", new long[] {1, 1, 1, 1}));
  }

  @Test
  void bringsArithmeticInNhwcToTheConv() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 1, 8, 8, 3)),
            List.of(Check.floats("y", 1, 8, 8, 4)),
            List.of(
                Check.weights("w", 1, 4, 3, 3, 3),
                Check.weights("v", 2, 4, 4, 3, 3),
                Check.weights("scale", 3, 4),
                Check.weights("shift", 4, 1, 1, 1, 4)),
            transpose("x", "a", 0, 3, 1, 2),
            conv("a", "w", "b"),
            transpose("b", "c", 0, 2, 3, 1),
            Node.of("Mul", "", List.of("c", "scale"), List.of("d")),
            Node.of("Add", "", List.of("shift", "d"), List.of("e")),
            Node.of("Relu", "", List.of("e"), List.of("f")),
            transpose("f", "g", 0, 3, 1, 2),
            conv("g", "v", "h"),
            transpose("h", "i", 0, 2, 3, 1),
            Node.of("Add", "", List.of("i", "f"), List.of("y")));
    PassResult result = Check.apply(PASS, model, 1e-6);
    assertThat(Check.operators(result.model()))
        .containsExactly("Transpose", "Conv", "Mul", "Add", "Relu", "Conv", "Add", "Transpose");
    assertThat(result.changes().get(0).what()).isEqualTo("4 -> 2 Transposes");
    PassResult folded = Check.apply(new FoldBatchNorm(), result.model(), 1e-5);
    assertThat(Check.operators(folded.model()))
        .containsExactly("Transpose", "Conv", "Relu", "Conv", "Add", "Transpose");
  }

  @Test
  void movesConcatAndReshapeOver() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 1, 3, 4, 4)),
            List.of(Check.floats("y", 1, 6)),
            List.of(Check.longs("shape", 1, 6)),
            Node.of("GlobalAveragePool", "", List.of("x"), List.of("p")),
            Node.of("GlobalMaxPool", "", List.of("x"), List.of("q")),
            transpose("p", "pt", 0, 2, 3, 1),
            transpose("q", "qt", 0, 2, 3, 1),
            Node.of("Concat", "", List.of("pt", "qt"), List.of("c"), Attribute.of("axis", -1)),
            Node.of("Reshape", "", List.of("c", "shape"), List.of("y")));
    PassResult result = Check.apply(PASS, model, 0);
    assertThat(Check.operators(result.model()))
        .containsExactly("GlobalAveragePool", "GlobalMaxPool", "Concat", "Reshape");
    assertThat(result.model().graph().nodes().get(2).intAttribute("axis", 9)).isEqualTo(1);
  }

  @Test
  void composesAndCancels() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2, 3, 4)),
            List.of(Check.floats("y", 2, 3, 4)),
            List.of(),
            transpose("x", "a", 1, 2, 0),
            transpose("a", "b", 2, 0, 1),
            Node.of("Relu", "", List.of("b"), List.of("y")));
    assertThat(Check.text(Check.apply(PASS, model, 0).model())).containsExactly("Relu(x) -> y");
  }

  @Test
  void transposesConstantsTheOtherWay() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2, 3, 4)),
            List.of(Check.floats("y", 2, 3, 4)),
            List.of(
                Check.weights("k", 1, 4, 2, 1),
                Initializer.of(
                    "one",
                    dev.compress.tensor.Tensor.ofFloats(dev.compress.tensor.Shape.of(1), 3f)),
                Check.number("two", 0.5f)),
            transpose("x", "a", 2, 0, 1),
            Node.of("Mul", "", List.of("a", "k"), List.of("b")),
            Node.of("Add", "", List.of("b", "one"), List.of("c")),
            Node.of("Max", "", List.of("c", "two", "a"), List.of("d")),
            transpose("d", "y", 1, 2, 0));
    PassResult result = Check.apply(PASS, model, 0);
    assertThat(Check.operators(result.model())).doesNotContain("Transpose");
  }

  @Test
  void changesNothingWhereNothingCancels() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2, 3, 4)),
            List.of(Check.floats("y", 4, 2, 3)),
            List.of(),
            transpose("x", "a", 2, 0, 1),
            Node.of("Relu", "", List.of("a"), List.of("y")));
    Check.unchanged(PASS, model);
    OnnxModel none =
        Check.model(
            13,
            List.of(Check.floats("x", 2)),
            List.of(Check.floats("y", 2)),
            List.of(),
            Node.of("Relu", "", List.of("x"), List.of("y")));
    assertThat(PASS.notApplicableTo(none)).isPresent();
  }

  @Test
  void doesNotMixOrders() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 3, 3, 3), Check.floats("z", 3, 3, 3)),
            List.of(Check.floats("y", 3, 3, 3)),
            List.of(),
            transpose("x", "a", 2, 0, 1),
            transpose("z", "b", 1, 0, 2),
            Node.of("Add", "", List.of("a", "b"), List.of("y")));
    Check.unchanged(PASS, model);
  }
}
