package dev.compress.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.cluster.ClusterWeights;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.pass.PassContext;
import dev.compress.progress.Progress;
import dev.compress.quantize.NodeFilter;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a model was clustered with is told from its weights. */
class SharedValuesTest {
  private static OnnxModel model() {
    Random random = new Random(1);
    float[] first = new float[128 * 512];
    float[] second = new float[96 * 128];
    for (float[] weight : List.of(first, second)) {
      for (int i = 0; i < weight.length; i++) {
        weight[i] = (float) random.nextGaussian();
      }
    }
    ValueInfo x =
        ValueInfo.of("x", ValueType.tensor(ElementType.FLOAT, List.of(Dim.of(1), Dim.of(96))));
    ValueInfo y = ValueInfo.of("y", new ValueType.Undeclared());
    return OnnxModel.of(
        8,
        13,
        Graph.of(
            "g",
            List.of(
                Node.of("MatMul", "a", List.of("x", "v"), List.of("h")),
                Node.of("MatMul", "b", List.of("h", "w"), List.of("y"))),
            List.of(
                Initializer.of("v", Tensor.ofFloats(Shape.of(96, 128), second)),
                Initializer.of("w", Tensor.ofFloats(Shape.of(128, 512), first))),
            List.of(x),
            List.of(y)));
  }

  @ParameterizedTest(name = "{0} values in each of {1} groups")
  @CsvSource({"16, 1", "16, 5", "16, 8", "32, 16", "4, 3", "256, 1", "2, 7"})
  void asManyAsItWasClusteredWith(int values, int groups) {
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      OnnxModel clustered =
          new ClusterWeights(values, groups, false, NodeFilter.ALL)
              .apply(model(), new PassContext(scratch, Progress.NONE, 1, 0))
              .model();
      assertThat(SharedValues.of(clustered)).isEqualTo(new SharedValues(values, groups));
    }
  }

  @Test
  void noneWhereNoneAreShared() {
    assertThat(SharedValues.of(model())).isEqualTo(SharedValues.NONE);
  }
}
