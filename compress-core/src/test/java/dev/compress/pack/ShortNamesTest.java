package dev.compress.pack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphValidator;
import dev.compress.graph.Initializer;
import dev.compress.graph.Names;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxWriter;
import dev.compress.pass.PassContext;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What is not the input's is called shortly, in all scopes, and ONNX Runtime sees no difference.
 */
class ShortNamesTest {
  private static final int WIDTH = 64;

  private final Scratch scratch = Scratch.inTemporaryFolder();
  private final PassContext context = new PassContext(scratch, Progress.NONE, 2, 0);

  @AfterEach
  void close() {
    scratch.close();
  }

  private static ValueInfo matrix(String name) {
    return ValueInfo.of(
        name, ValueType.tensor(ElementType.FLOAT, List.of(Dim.of(2), Dim.of(WIDTH))));
  }

  /** Eight values, which are codes. */
  private static Tensor weight() {
    Random random = new Random(1);
    float[] values = new float[WIDTH * WIDTH];
    for (int i = 0; i < values.length; i++) {
      values[i] = (random.nextInt(8) - 3) / 16f;
    }
    return Tensor.ofFloats(Shape.of(WIDTH, WIDTH), values);
  }

  /** What both branches read is made outside; one of its values has a short name already. */
  private static Graph branch(String name, String op, List<Initializer> own) {
    return Graph.of(
        name,
        List.of(Node.of(op, "", List.of("sum", "b"), List.of("c"))),
        own,
        List.of(),
        List.of(matrix("c")));
  }

  private static OnnxModel input() {
    Tensor half = Tensor.ofFloats(Shape.scalar(), 0.5f);
    Tensor yes = Tensor.ofBytes(ElementType.BOOL, Shape.scalar(), new byte[] {1});
    List<Initializer> inner = List.of(Initializer.of("b", half)); // hides the outer one
    List<Node> nodes =
        List.of(
            Node.of("MatMul", "product", List.of("x", "w"), List.of("a")),
            Node.of("Add", "", List.of("a", "b"), List.of("sum")),
            Node.of(
                "If",
                "choice",
                List.of("yes"),
                List.of("y"),
                Attribute.of("then_branch", branch("then", "Mul", inner)),
                Attribute.of("else_branch", branch("else", "Add", List.of()))));
    return OnnxModel.of(
        8,
        13,
        Graph.of(
            "g",
            nodes,
            List.of(
                Initializer.of("w", weight()),
                Initializer.of("b", Tensor.ofFloats(Shape.scalar(), 0.25f)),
                Initializer.of("yes", yes)),
            List.of(matrix("x")),
            List.of(matrix("y"))));
  }

  /** The weight is packed, and what the branches read comes from a node of ours. */
  private OnnxModel packed(OnnxModel input) {
    OnnxModel packed = new PackWeights(false).apply(input, context).model();
    GraphEditor editor = new GraphEditor(packed.graph());
    editor.replaceUses("sum", "sum_of_some_length");
    Node own = Node.of("Neg", "sum_negated", List.of("sum"), List.of("sum_of_some_length"));
    editor.add(own);
    Graph built = editor.build();
    return packed.withGraph(built.withValueInfos(List.of(matrix("sum"), matrix(own.output(0)))));
  }

  private static float[] run(OnnxModel model) {
    Random random = new Random(3);
    float[] values = new float[2 * WIDTH];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(1))) {
      TensorBuffer x = TensorBuffer.of(Shape.of(2, WIDTH), values);
      return Objects.requireNonNull(session.run(Map.of("x", x)).get("y")).toFloats();
    }
  }

  private static Set<String> values(OnnxModel model) {
    Set<String> values = new HashSet<>();
    Names.visit(model.graph(), values::add, n -> {});
    return values;
  }

  @Test
  void subgraphsSeeTheSameValues() {
    OnnxModel input = input();
    OnnxModel packed = packed(input);
    ShortNames names = ShortNames.of(packed, input);
    OnnxModel stored = names.model();
    GraphValidator.check(stored);
    assertThat(run(stored)).isEqualTo(run(packed));
    assertThat(OnnxWriter.toBytes(stored).length).isLessThan(OnnxWriter.toBytes(packed).length);
    assertThat(values(stored)).hasSameSizeAs(values(packed)).containsAll(values(input));
    assertThat(values(stored))
        .filteredOn(v -> !values(input).contains(v))
        .allMatch(v -> v.length() == 1);
    assertThat(stored.graph().nodes())
        .extracting(Node::name)
        .contains("product", "choice")
        .doesNotContain("sum_negated");
    Node own = stored.graph().nodes().stream().filter(n -> n.is("Neg")).findFirst().orElseThrow();
    assertThat(names.label("sum_negated")).isEqualTo(own.label());
    assertThat(names.before(own.output(0))).isEqualTo("sum_of_some_length");
    assertThat(names.label("product")).isEqualTo("product");
    assertThat(stored.graph().valueInfos())
        .extracting(ValueInfo::name)
        .containsExactly("sum", own.output(0));
  }

  @Test
  void unpacksToTheSameBits() {
    OnnxModel input = input();
    OnnxModel stored = ShortNames.of(packed(input), input).model();
    OnnxModel dense = new UnpackWeights(true).apply(stored, context).model();
    Tensor back =
        dense.graph().initializers().stream()
            .filter(i -> i.name().equals("w"))
            .findFirst()
            .orElseThrow()
            .tensor();
    assertThat(back.toFloats()).isEqualTo(weight().toFloats());
    assertThat(run(dense)).isEqualTo(run(stored));
  }

  @Test
  void shortenedOnceIsShort() {
    OnnxModel input = input();
    OnnxModel once = ShortNames.of(packed(input), input).model();
    assertThat(OnnxWriter.toBytes(ShortNames.of(once, input).model()))
        .isEqualTo(OnnxWriter.toBytes(once));
    assertThat(OnnxWriter.toBytes(ShortNames.of(once, once).model()))
        .isEqualTo(OnnxWriter.toBytes(once));
  }

  /** With more values than there are names of two characters, none is longer than it was. */
  @Test
  void noNameGrows() {
    List<Node> nodes = new ArrayList<>();
    String last = "x";
    for (int i = 0; i < 5000; i++) {
      String next = i == 4999 ? "y" : i % 4 == 0 ? Integer.toString(i, 36) : "long_" + i;
      nodes.add(Node.of("Neg", "", List.of(last), List.of(next)));
      last = next;
    }
    OnnxModel model =
        OnnxModel.of(
            8, 13, Graph.of("g", nodes, List.of(), List.of(matrix("x")), List.of(matrix("y"))));
    OnnxModel input =
        model.withGraph(
            Graph.of(
                "g",
                List.of(Node.of("Neg", "", List.of("x"), List.of("y"))),
                List.of(),
                model.graph().inputs(),
                model.graph().outputs()));
    OnnxModel stored = ShortNames.of(model, input).model();
    GraphValidator.check(stored);
    for (int i = 0; i < nodes.size(); i++) {
      assertThat(stored.graph().nodes().get(i).output(0).length())
          .isLessThanOrEqualTo(nodes.get(i).output(0).length());
    }
    assertThat(values(stored)).hasSameSizeAs(values(model));
    assertThat(OnnxWriter.toBytes(stored).length).isLessThan(OnnxWriter.toBytes(model).length);
  }
}
