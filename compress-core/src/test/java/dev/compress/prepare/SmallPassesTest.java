package dev.compress.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.Attribute;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.Extras;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.SparseInitializer;
import dev.compress.graph.ValueInfo;
import dev.compress.pass.PassResult;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The passes that take a few lines each. */
class SmallPassesTest {
  private static OnnxModel declared(long ir) {
    return OnnxModel.of(
        ir,
        9,
        Graph.of(
            "g",
            List.of(Node.of("Conv", "", List.of("x", "w", "b"), List.of("y"))),
            List.of(Check.weights("w", 1, 2, 3, 1, 1), Check.weights("b", 2, 2)),
            List.of(
                Check.floats("x", 1, 3, 4, 4), Check.floats("w", 2, 3, 1, 1), Check.floats("b", 2)),
            List.of(Check.floats("y", 1, 2, 4, 4))));
  }

  private static List<String> inputs(OnnxModel model) {
    return model.graph().inputs().stream().map(ValueInfo::name).toList();
  }

  @Test
  void takesInitializersOutOfTheInputs() {
    for (long ir : new long[] {3, 4, 8}) {
      PassResult result = Check.apply(new RemoveInitializersFromInputs(), declared(ir), 1e-6);
      assertThat(inputs(result.model())).containsExactly("x");
      assertThat(result.model().irVersion()).isEqualTo(Math.max(ir, 4));
      assertThat(result.warnings()).hasSize(ir < 4 ? 0 : 1);
    }
  }

  @Test
  void keepsTheOverridableThatAreAskedFor() {
    PassResult result =
        Check.apply(new RemoveInitializersFromInputs(Set.of("b")), declared(8), 1e-6);
    assertThat(inputs(result.model())).containsExactly("x", "b");
    assertThat(result.skipped())
        .singleElement()
        .satisfies(s -> assertThat(s.node()).isEqualTo("b"));
  }

  @Test
  void findsNothingToTakeOut() {
    OnnxModel clean =
        new RemoveInitializersFromInputs().apply(declared(8), Check.context()).model();
    assertThat(new RemoveInitializersFromInputs().notApplicableTo(clean)).isPresent();
    Check.unchanged(new RemoveInitializersFromInputs(), clean);
  }

  private static Node constant(String name, Attribute value) {
    return Node.of("Constant", "", List.of(), List.of(name), value);
  }

  @Test
  void makesInitializersOfConstants() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2)),
            List.of(Check.floats("y", 2), Check.floats("out", 2)),
            List.of(),
            constant("t", Attribute.of("value", Tensor.ofFloats(Shape.of(2), 1, 2))),
            constant("f", Attribute.of("value_float", 0.5f)),
            constant("fs", Attribute.ofFloats("value_floats", List.of(3f, 4f))),
            constant("i", Attribute.of("value_int", 1)),
            constant("is", Attribute.of("value_ints", new long[] {2})),
            constant("out", Attribute.of("value", Tensor.ofFloats(Shape.of(2), 5, 6))),
            constant("s", Attribute.of("value_string", "text")),
            Node.of("Add", "", List.of("x", "t"), List.of("a")),
            Node.of("Mul", "", List.of("a", "f"), List.of("b")),
            Node.of("Add", "", List.of("b", "fs"), List.of("c")),
            Node.of("Gather", "", List.of("c", "i"), List.of("d")),
            Node.of("Expand", "", List.of("d", "is"), List.of("y")));
    PassResult result = Check.apply(new ConstantsToInitializers(), model, 0);
    assertThat(Check.initializers(result.model())).containsExactly("t", "f", "fs", "i", "is");
    assertThat(Check.counts(result.model())).containsEntry("Constant", 2);
    assertThat(result.skipped()).hasSize(2);
    Initializer floats = result.model().graph().initializers().get(2);
    assertThat(floats.tensor().shape()).isEqualTo(Shape.of(2));
    assertThat(floats.tensor().toFloats()).containsExactly(3f, 4f);
    assertThat(result.model().graph().initializers().get(3).tensor().shape().rank()).isZero();
  }

  @Test
  void leavesConstantsWhereInitializersMustBeInputs() {
    OnnxModel model =
        OnnxModel.of(
            3,
            9,
            Graph.of(
                "g",
                List.of(
                    constant("k", Attribute.of("value", Tensor.ofFloats(Shape.of(2), 1, 2))),
                    Node.of("Add", "", List.of("x", "k"), List.of("a")),
                    Node.of("Add", "", List.of("a", "b"), List.of("y"))),
                List.of(Check.weights("b", 2, 2)),
                List.of(Check.floats("x", 2), Check.floats("b", 2)),
                List.of(Check.floats("y", 2))));
    assertThat(new ConstantsToInitializers().notApplicableTo(model)).isPresent();
    Check.unchanged(new ConstantsToInitializers(), model);
  }

  @Test
  void removesWhatNothingReads() {
    Graph graph =
        new Graph(
            "g",
            List.of(
                Node.of("Relu", "", List.of("x"), List.of("y")),
                Node.of("Neg", "dead", List.of("x"), List.of("n")),
                Node.of("Add", "dead too", List.of("n", "w"), List.of("m"))),
            List.of(Check.weights("w", 1, 2), Check.weights("declared", 2, 2)),
            List.of(
                new SparseInitializer(
                    Initializer.of("s", Tensor.ofFloats(Shape.of(1), 1)),
                    Initializer.of("", Tensor.ofLongs(Shape.of(1), 0)),
                    List.of(2L),
                    Extras.NONE)),
            List.of(Check.floats("x", 2), Check.floats("unread", 2), Check.floats("declared", 2)),
            List.of(Check.floats("y", 2)),
            List.of(Check.floats("n", 2), Check.floats("gone", 2)),
            "",
            Map.of(),
            Extras.NONE);
    OnnxModel model = OnnxModel.of(8, 13, graph);
    PassResult result = new RemoveDead().apply(model, Check.context());
    Graph cleaned = result.model().graph();
    assertThat(Check.text(result.model())).containsExactly("Relu(x) -> y");
    assertThat(Check.initializers(result.model())).containsExactly("declared");
    assertThat(cleaned.sparseInitializers()).isEmpty();
    assertThat(cleaned.valueInfos()).isEmpty();
    assertThat(inputs(result.model())).containsExactly("x", "unread", "declared");
    assertThat(result.changes()).hasSize(5);
    Check.unchanged(new RemoveDead(), result.model());
    assertThat(new RemoveDead().notApplicableTo(result.model())).isPresent();
  }

  @Test
  void removesOnlyStaleTypes() {
    OnnxModel model = declared(8);
    OnnxModel stale =
        model.withGraph(model.graph().withValueInfos(List.of(Check.floats("gone", 1))));
    assertThat(Check.apply(new RemoveDead(), stale, 1e-6).model().graph().valueInfos()).isEmpty();
  }

  @Test
  void mergesEqualWeights() {
    Initializer e = Check.weights("e", 1, 32, 16);
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.value("ids", ElementType.INT64, 3)),
            List.of(Check.floats("y", 3, 32), Check.floats("z", 3, 16), Check.floats("small", 2)),
            List.of(
                e,
                Initializer.of("f", e.tensor()),
                Initializer.of("g", e.tensor().reshaped(Shape.of(16, 32))),
                Check.weights("other", 2, 32, 16),
                Check.weights("a", 3, 2),
                Check.weights("b", 3, 2)),
            Node.of("Gather", "lookup", List.of("e", "ids"), List.of("h")),
            Node.of("Gather", "", List.of("other", "ids"), List.of("k")),
            Node.of("Add", "", List.of("h", "k"), List.of("z")),
            Node.of(
                "Transpose",
                "",
                List.of("f"),
                List.of("ft"),
                Attribute.of("perm", new long[] {1, 0})),
            Node.of("MatMul", "project", List.of("h", "ft"), List.of("m")),
            Node.of("MatMul", "", List.of("h", "g"), List.of("n")),
            Node.of("Add", "", List.of("m", "n"), List.of("y")),
            Node.of("Add", "", List.of("a", "b"), List.of("small")));
    PassResult result = Check.apply(new MergeTiedWeights(), model, 1e-6);
    assertThat(Check.initializers(result.model())).containsExactly("e", "g", "other", "a", "b");
    assertThat(result.changes())
        .singleElement()
        .satisfies(c -> assertThat(c.what()).contains("merged into e", "2048 bytes"));
    assertThat(MergeTiedWeights.tiedEmbeddings(result.model().graph()))
        .containsExactly(Map.entry("e", List.of("lookup", "project")));
    assertThat(MergeTiedWeights.tiedEmbeddings(model.graph())).isEmpty();
    assertThat(new MergeTiedWeights(1).apply(model, Check.context()).changes()).hasSize(2);
  }

  @Test
  void recognisesAnEmbeddingStoredTransposed() {
    Initializer table = Check.weights("e", 1, 3000, 48);
    Tensor transposed = new Permutation(List.of(1, 0)).apply(table.tensor());
    byte[] other = transposed.data().toByteArray();
    other[other.length - 3] ^= 1;
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.value("ids", ElementType.INT64, 3)),
            List.of(Check.floats("y", 3, 3000), Check.floats("z", 3, 3000)),
            List.of(
                table,
                Initializer.of("p", transposed),
                Initializer.of("q", Tensor.ofBytes(ElementType.FLOAT, transposed.shape(), other))),
            Node.of("Gather", "", List.of("e", "ids"), List.of("h")),
            Node.of("MatMul", "project", List.of("h", "p"), List.of("y")),
            Node.of("MatMul", "", List.of("h", "q"), List.of("z")));
    assertThat(Check.unchanged(new MergeTiedWeights(), model).skipped())
        .singleElement()
        .satisfies(
            s -> {
              assertThat(s.node()).isEqualTo("p");
              assertThat(s.reason()).contains("transpose of the embedding e", "project");
            });
  }

  @Test
  void doesNotMergeOutputsOrWhatDiffersInOneByte() {
    Initializer e = Check.weights("e", 1, 32, 16);
    byte[] bytes = e.tensor().data().toByteArray();
    bytes[bytes.length - 1] ^= 1;
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 32, 16)),
            List.of(Check.floats("y", 32, 16), Check.floats("f", 32, 16)),
            List.of(
                e,
                Initializer.of("f", e.tensor()),
                Initializer.of("g", Tensor.ofBytes(ElementType.FLOAT, e.tensor().shape(), bytes))),
            Node.of("Sum", "", List.of("x", "e", "f", "g"), List.of("y")));
    assertThat(Check.unchanged(new MergeTiedWeights(), model).skipped()).hasSize(1);
  }

  @Test
  void theValueOfAConstantKeepsItsWireFields() {
    Attribute attribute =
        new Attribute(
            "value",
            new AttributeValue.TensorValue(
                new Initializer("inner", Tensor.ofFloats(Shape.of(1), 1), "doc", Extras.NONE)),
            "",
            Extras.NONE);
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2)),
            List.of(Check.floats("y", 2)),
            List.of(),
            constant("k", attribute),
            Node.of("Add", "", List.of("x", "k"), List.of("y")));
    Initializer made =
        new ConstantsToInitializers()
            .apply(model, Check.context())
            .model()
            .graph()
            .initializers()
            .get(0);
    assertThat(made.name()).isEqualTo("k");
    assertThat(made.docString()).isEqualTo("doc");
  }
}
