package dev.compress.prepare;

import static dev.compress.prepare.UpgradeCases.ints;
import static dev.compress.prepare.UpgradeCases.node;
import static dev.compress.prepare.UpgradeCases.two;
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
import dev.compress.pass.PassResult;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What cannot be said in a newer operator set stays as it is, with the reason. */
class UpgradeRefusalsTest {
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
