package dev.compress.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassContext;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.MacCounter;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import dev.compress.train.Structure.Rule;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StudentRecipeTest {
  private final OnnxModel teacher = Networks.residual();

  private OnnxModel make(String recipe, long seed) {
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      PassContext context = new PassContext(scratch, Progress.NONE, 1, seed);
      return StudentRecipe.parse(recipe).of(teacher, context);
    }
  }

  private static void assertRuns(OnnxModel model) {
    try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(1))) {
      TensorBuffer x = TensorBuffer.of(Shape.of(2, 1, 6, 6), new float[72]);
      assertThat(session.run(Map.of("x", x)).values().iterator().next().shape().toArray())
          .containsExactly(2, 3);
    }
  }

  private static Set<Float> values(OnnxModel model, String weight) {
    Set<Float> values = new HashSet<>();
    for (Initializer initializer : model.graph().initializers()) {
      if (initializer.name().equals(weight)) {
        for (float value : initializer.tensor().toFloats()) {
          values.add(value);
        }
      }
    }
    return values;
  }

  @Test
  void halfTheChannelsAreAQuarterOfTheMultiplications() {
    for (String recipe : List.of("prune=0.5", "width=0.5")) {
      OnnxModel student = make(recipe, 0);
      assertRuns(student);
      double share =
          (double) MacCounter.count(student, 1, 1).total()
              / MacCounter.count(teacher, 1, 1).total();
      assertThat(share).as(recipe).isCloseTo(0.25, within(0.02)); // the first layer's are halved
    }
  }

  @Test
  void pruningKeepsWeightsAndWidthDrawsNewOnesBySeed() {
    Set<Float> before = values(teacher, "first/a.w");
    assertThat(before).containsAll(values(make("prune=0.5", 0), "first/a.w"));
    Set<Float> fresh = values(make("width=0.5", 0), "first/a.w");
    assertThat(fresh).hasSizeGreaterThan(500).doesNotContainAnyElementsOf(before);
    assertThat(values(make("width=0.5", 0), "first/a.w")).isEqualTo(fresh);
    assertThat(values(make("width=0.5", 1), "first/a.w")).doesNotContainAnyElementsOf(fresh);
    double squares = fresh.stream().mapToDouble(v -> v * v).average().orElse(0);
    assertThat(squares).isCloseTo(2.0 / (8 * 9), within(0.004)); // He: 2 / fan-in
  }

  @Test
  void depthLeavesBlocksOut() {
    OnnxModel student = make("depth=1", 0);
    assertRuns(student);
    assertThat(student.graph().nodes().stream().filter(n -> n.is("Add"))).hasSize(1);
    assertThat(student.graph().nodes().stream().filter(n -> n.is("Conv"))).hasSize(3);
    OnnxModel none = make("depth=0", 0);
    assertRuns(none);
    assertThat(none.graph().nodes().stream().map(Node::opType))
        .containsExactly("Conv", "Relu", "GlobalAveragePool", "Flatten", "Gemm");
    assertThatThrownBy(() -> make("depth=2", 0))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("2 residual blocks");
  }

  @Test
  void findsTheStructureThatTrainingMustKeep() {
    OnnxModel model =
        with(
            with(teacher, "first/a.w", i -> i % 3 == 0 ? 0 : i), // zeros, all else distinct
            "first/b.w",
            i -> i % 3 == 0 ? -0.0f : i % 7); // seven values
    assertThat(Structure.of(model).rules())
        .isEqualTo(Map.of("first/a.w", Rule.ZEROS, "first/b.w", Rule.SHARED));
    assertThat(Structure.of(teacher).rules()).isEmpty();
  }

  private interface Filler {
    float at(int index);
  }

  private static OnnxModel with(OnnxModel model, String name, Filler filler) {
    List<Initializer> all = new ArrayList<>();
    for (Initializer old : model.graph().initializers()) {
      float[] values = new float[(int) old.tensor().elementCount()];
      for (int i = 0; i < values.length; i++) {
        values[i] = filler.at(i);
      }
      boolean wanted = old.name().equals(name);
      all.add(wanted ? Initializer.of(name, Tensor.ofFloats(old.tensor().shape(), values)) : old);
    }
    return model.withGraph(model.graph().withInitializers(all));
  }
}
