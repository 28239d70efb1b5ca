package dev.compress.prepare;

import static dev.compress.prepare.UpgradeCases.caseOf;
import static dev.compress.prepare.UpgradeCases.ints;
import static dev.compress.prepare.UpgradeCases.node;
import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.Attribute;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassResult;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Compared with what ONNX Runtime makes of the model as it was. */
class UpgradeOpsetTest {
  private static final long[] TARGETS = {13, 18, 21, 24};

  /** Before opset 13 a Softmax runs over all axes from its own on; mostly that is one axis. */
  @ParameterizedTest
  @CsvSource({
    "1, 2x5, -1",
    "2, 2x3x5, -1",
    "1, 2x5x1x1, 1",
    "1, 2x1x1x5, 3",
    "1, 2x1x5x1, 2",
    "0, 1x7x1, 1",
    "-2, 2x1x5, 2",
    "1, 2x3x1x5, none"
  })
  void keepsASoftmaxThatRunsOverOneAxis(long axis, String shape, String kept) {
    long[] dims = Stream.of(shape.split("x")).mapToLong(Long::parseLong).toArray();
    for (String op : List.of("Softmax", "LogSoftmax", "Hardmax")) {
      OnnxModel model = caseOf(op, 11, node(op, Attribute.of("axis", axis)), dims).model();
      OnnxModel raised = Check.apply(new UpgradeOpset(13), model, 1e-6).model();
      if (kept.equals("none")) {
        assertThat(Check.operators(raised)).contains("Flatten", op, "Reshape");
      } else {
        assertThat(Check.operators(raised)).containsExactly(op);
        assertThat(raised.graph().nodes().get(0).intAttribute("axis", 99))
            .isEqualTo(Long.parseLong(kept));
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.compress.prepare.UpgradeCases#cases")
  void computesTheSame(UpgradeCases.Case c) {
    OnnxModel model = c.model();
    for (long target : TARGETS) {
      // ONNX Runtime 1.29 has no kernel of RoiAlign 22.
      if (target <= c.opset() || (target > 21 && c.name().equals("regions"))) {
        continue;
      }
      PassResult result = Check.apply(new UpgradeOpset(target), model, 1e-6);
      assertThat(result.model().opset()).isEqualTo(target);
      assertThat(result.model().irVersion()).isGreaterThanOrEqualTo(IrVersions.forOpset(target));
      assertThat(result.warnings()).isEmpty();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.compress.prepare.UpgradeCases#cases")
  void computesTheSameInSteps(UpgradeCases.Case c) {
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
}
