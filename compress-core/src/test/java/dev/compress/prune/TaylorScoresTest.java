package dev.compress.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.compress.calibrate.Samples;
import dev.compress.gradient.Differentiated;
import dev.compress.gradient.GradientEngine;
import dev.compress.gradient.GradientJob;
import dev.compress.gradient.SampleGradients;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.ModelWeights.Weight;
import dev.compress.pass.PassContext;
import dev.compress.progress.Progress;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Scores from made-up gradients. */
class TaylorScoresTest {
  private static final float[] VALUES = {4, -1, 0.5f, -3, 2, 0};

  /** Two samples: the last three elements have no gradient in either. */
  private static final class Invented implements GradientEngine {
    @Override
    public Optional<String> missing() {
      return Optional.empty();
    }

    @Override
    public void requireDifferentiable(OnnxModel model) {}

    @Override
    public Differentiated differentiate(
        GradientJob job, Progress progress, SampleGradients reader) {
      assertThat(job.weights()).containsExactlyInAnyOrder("w", "unreached");
      assertThat(job.seed()).isEqualTo(9);
      reader.read("w", new float[] {0.1f, 3, -6, 0, 0, 0});
      reader.sampleOver();
      reader.read("w", new float[] {-0.1f, 4, 8, 0, 0, 0});
      reader.sampleOver();
      return new Differentiated(2, "nothing");
    }
  }

  private static Weight weight(String name) {
    return new Weight(Initializer.of(name, Tensor.ofFloats(Shape.of(2, 3), VALUES)), List.of());
  }

  private static final Samples SAMPLES =
      new Samples() {
        @Override
        public long count() {
          return 2;
        }

        @Override
        public boolean batchable() {
          return true;
        }

        @Override
        public void forEachBatch(int batchSize, BatchReader reader) {}
      };

  @Test
  void aScoreIsTheRootOfTheMeanSquareAndTiesGoByMagnitude() {
    OnnxModel model =
        OnnxModel.of(8, 17, Graph.of("g", List.of(), List.of(), List.of(), List.of()));
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      PassContext context = new PassContext(scratch, Progress.NONE, 1, 9, Optional.of(SAMPLES));
      TaylorScores.Found found =
          TaylorScores.of(
              new Invented(), model, List.of(weight("w"), weight("unreached")), context);
      assertThat(found.byWeight()).containsOnlyKeys("w");
      assertThat(found.of().note())
          .isEqualTo("What matters was told by gradients of nothing on 2 samples.");
      int[] bits = new int[VALUES.length];
      Objects.requireNonNull(found.byWeight().get("w")).of(0, VALUES, bits, VALUES.length);
      double[] expected = {4 * 0.1, Math.sqrt((9 + 16) / 2.0), 0.5 * Math.sqrt(50)};
      for (int i = 0; i < 3; i++) {
        assertThat((double) Float.intBitsToFloat(bits[i])).isCloseTo(expected[i], within(1e-4));
      }
      assertThat(bits[3]).as("of no gradient, magnitude 3 before 2").isGreaterThan(bits[4]);
      assertThat(bits[4]).isGreaterThan(bits[5]).isLessThan(bits[0]);
      assertThat(bits[3]).isLessThan(bits[0]);
    }
  }
}
