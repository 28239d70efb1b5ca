package dev.compress.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.energy.EnergyReading;
import dev.compress.evaluation.report.LadderCells;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.progress.Progress;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** How many values a model's weights have is not told by its smallest weight. */
class UsualValuesTest {
  /** A chain of products, each weight with so many values. */
  private static EvaluationReport.Weights of(int[]... rowsAndValues) {
    List<Node> nodes = new ArrayList<>();
    List<Initializer> weights = new ArrayList<>();
    for (int i = 0; i < rowsAndValues.length; i++) {
      float[] values = new float[rowsAndValues[i][0] * 20];
      for (int k = 0; k < values.length; k++) {
        values[k] = 1 + k % rowsAndValues[i][1];
      }
      weights.add(
          Initializer.of("w" + i, Tensor.ofFloats(Shape.of(rowsAndValues[i][0], 20), values)));
      nodes.add(Node.of("MatMul", "m" + i, List.of("x", "w" + i), List.of("y" + i)));
    }
    ValueType any = ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("n"), Dim.of("m")));
    Graph graph =
        Graph.of(
            "g", nodes, weights, List.of(ValueInfo.of("x", any)), List.of(ValueInfo.of("y0", any)));
    OnnxModel model = OnnxModel.of(8, 13, graph);
    return Objects.requireNonNull(FileWeights.of(model, Progress.NONE));
  }

  @Test
  void aSmallWeightThatWasLeftAloneIsAnException() {
    EvaluationReport.Weights found =
        of(new int[] {50, 16}, new int[] {30, 14}, new int[] {15, 300}, new int[] {5, 20});
    assertThat(found.distinct()).isNull();
    assertThat(found.usual()).isEqualTo(new UsualValues(16, 4, 2, 1, 0.2));
  }

  @Test
  void whatHoldsForAllOrForTheLargestIsToldOfAll() {
    EvaluationReport.Weights few = of(new int[] {50, 16}, new int[] {34, 3});
    assertThat(few.distinct()).isEqualTo(16);
    assertThat(few.usual()).isEqualTo(new UsualValues(16, 2, 0, 0, 0));
    assertThat(of(new int[] {10, 16}, new int[] {40, 800}).usual())
        .isEqualTo(new UsualValues(null, 2, 0, 0, 0));
  }

  @Test
  void tablesNameTheException() {
    EvaluationReport.Row row =
        SavedReports.of("pi", EnergyReading.Kind.UNAVAILABLE).variants().get(1);
    assertThat(LadderCells.of(row)).contains("16, 1 of 10 tensors (0.1%) over 256");
  }
}
