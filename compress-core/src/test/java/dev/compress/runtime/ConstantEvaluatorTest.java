package dev.compress.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.graph.Attribute;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FileRegion;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ConstantEvaluatorTest {
  private static final OnnxModel MODEL = new TinyModels().build();

  private static ConstantEvaluator.Evaluation evaluate(
      List<Node> nodes, Map<String, Tensor> constants, List<String> wanted, long limit) {
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      return ConstantEvaluator.evaluate(MODEL, nodes, constants, wanted, scratch, limit);
    }
  }

  private static Tensor value(ConstantEvaluator.Evaluation evaluation, String name) {
    return Objects.requireNonNull(evaluation.values().get(name));
  }

  @Test
  void aChainIsComputedAndOnlyWhatIsWantedComesBack() {
    ConstantEvaluator.Evaluation evaluation =
        evaluate(
            List.of(
                Node.of("Cast", "", List.of("codes"), List.of("f"), Attribute.of("to", 1)),
                Node.of("Mul", "", List.of("f", "scale"), List.of("w")),
                Node.of("Transpose", "", List.of("w"), List.of("t")),
                Node.of("Shape", "", List.of("t"), List.of("s"))),
            Map.of(
                "codes",
                    Tensor.ofBytes(ElementType.INT8, Shape.of(2, 3), bytes(1, -2, 3, 4, -5, 6)),
                "scale", Tensor.ofFloats(Shape.of(3), 0.5f, 1, 2)),
            List.of("t", "s"),
            1 << 20);
    assertThat(evaluation.leftOut()).isEmpty();
    assertThat(evaluation.values()).containsOnlyKeys("t", "s");
    assertThat(value(evaluation, "t").shape()).isEqualTo(Shape.of(3, 2));
    assertThat(value(evaluation, "t").toFloats()).containsExactly(0.5f, 2, -2, -5, 6, 12);
    assertThat(value(evaluation, "s").toLongs()).containsExactly(3, 2);
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  @Test
  void whatIsRandomOrTooLargeIsLeftWithItsReason() {
    ConstantEvaluator.Evaluation evaluation =
        evaluate(
            List.of(
                Node.of("Add", "", List.of("one", "one"), List.of("two")),
                Node.of(
                    "RandomNormal",
                    "dice",
                    List.of(),
                    List.of("r"),
                    Attribute.of("shape", new long[] {2})),
                Node.of("Add", "", List.of("r", "one"), List.of("hangs")),
                // 4 TiB, which must not even be begun
                Node.of("Expand", "big", List.of("one", "to"), List.of("huge")),
                Node.of("Neg", "", List.of("huge"), List.of("hugeToo"))),
            Map.of(
                "one", Tensor.ofFloats(Shape.scalar(), 1),
                "to", TinyModels.longs(1L << 20, 1L << 20)),
            List.of("two", "hangs", "hugeToo"),
            1 << 20);
    assertThat(evaluation.values()).containsOnlyKeys("two");
    assertThat(value(evaluation, "two").toFloats()).containsExactly(2);
    assertThat(evaluation.leftOut()).containsOnlyKeys("hangs", "hugeToo");
    assertThat(evaluation.leftOut().get("hangs")).contains("dice").contains("random");
    assertThat(evaluation.leftOut().get("hugeToo")).contains("bytes");
  }

  @Test
  void oneFailureDoesNotSpoilTheOthers() {
    ConstantEvaluator.Evaluation evaluation =
        evaluate(
            List.of(
                Node.of("Add", "", List.of("one", "one"), List.of("two")),
                // An index beyond the end is only found when it runs.
                Node.of("Gather", "", List.of("table", "index"), List.of("bad"))),
            Map.of(
                "one", Tensor.ofFloats(Shape.scalar(), 1),
                "table", TinyModels.longs(5, 6),
                "index", TinyModels.longs(9)),
            List.of("two", "bad"),
            1 << 20);
    assertThat(evaluation.values()).containsOnlyKeys("two");
    assertThat(evaluation.leftOut().get("bad")).contains("cannot be computed").contains("Gather");
  }

  @Test
  void largeResultsGoToTheScratchFile() {
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      Tensor weight = TinyModels.normal(4, 1, 600, 700);
      ConstantEvaluator.Evaluation evaluation =
          ConstantEvaluator.evaluate(
              MODEL,
              List.of(Node.of("Transpose", "", List.of("w"), List.of("t"))),
              Map.of("w", weight),
              List.of("t"),
              scratch,
              1L << 30);
      assertThat(value(evaluation, "t").data()).isInstanceOf(FileRegion.class);
      float[] from = weight.toFloats();
      float[] to = value(evaluation, "t").toFloats();
      for (int i = 0; i < 600; i++) {
        for (int j = 0; j < 700; j++) {
          assertThat(to[j * 600 + i]).isEqualTo(from[i * 700 + j]);
        }
      }
    }
  }

  @Test
  void readingWhatIsNotThereIsTheCallersMistake() {
    assertThatThrownBy(
            () ->
                evaluate(
                    List.of(Node.of("Neg", "", List.of("x"), List.of("y"))),
                    Map.of(),
                    List.of("y"),
                    100))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("x");
  }
}
