package dev.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.graph.Graph;
import dev.compress.graph.OnnxModel;
import dev.compress.inspect.ParameterTotals;
import dev.compress.onnx.OnnxReader;
import dev.compress.pack.WeightInventory;
import dev.compress.pack.WeightInventory.Stored;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.WeightClaim;
import dev.compress.pass.Pipeline.PassReport;
import dev.compress.recipe.Passes;
import dev.compress.recipe.Recipe;
import dev.compress.report.TransformReport;
import dev.compress.report.TransformReport.StoredWeight;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.testing.SharedData;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What passes claim of weights is compared with the file that was written. */
class OutputWeightsTest {
  private static Stored stored(String name, long zeros, int distinct) {
    OptionalInt values = distinct > 256 ? OptionalInt.empty() : OptionalInt.of(distinct);
    return new Stored(name, ElementType.INT8, 2, 1000, zeros, values, "dense", 1000, 900, 0);
  }

  private static OutputWeights holding(Stored... weights) {
    return new OutputWeights(
        1L, new ParameterTotals(1000, 1000), new WeightInventory(List.of(weights), 0));
  }

  @Test
  void whatHoldsIsSilent() {
    OutputWeights file = holding(stored("a_q", 510, 16), stored("b_2d_q", 100, 300));
    assertThat(
            file.contradictions(
                List.of(
                    WeightClaim.ofZeros("a", 500),
                    WeightClaim.ofZeros("b", 100),
                    WeightClaim.ofDistinct("a_q", 16))))
        .isEmpty();
  }

  @Test
  void whatDoesNotHoldIsNamed() {
    OutputWeights file = holding(stored("a_q", 499, 17), stored("b", 700, 300));
    assertThat(file.contradictions(List.of(WeightClaim.ofZeros("a", 500))))
        .containsExactly("weight a has 499 zeros and not the 500 that were made");
    assertThat(file.contradictions(List.of(WeightClaim.ofDistinct("a_q", 16))))
        .containsExactly("weight a_q has 17 distinct values and not 16 at most");
    assertThat(file.contradictions(List.of(WeightClaim.ofDistinct("b", 256))))
        .containsExactly("weight b has over 256 distinct values and not 256 at most");
    // A weight that is not there under any name leaves the sum.
    assertThat(file.contradictions(List.of(WeightClaim.ofZeros("c", 1200))))
        .containsExactly("its weights have 1199 zeros and not the 1200 that were made");
  }

  @Test
  void aMismatchIsABug() {
    ReportBuilder report =
        new ReportBuilder(Passes.of(Recipe.EMPTY.withQuantize("int8"), Compress.thisMachine()));
    PassResult result =
        PassResult.unchanged(
                OnnxModel.of(8, 13, Graph.of("g", List.of(), List.of(), List.of(), List.of())))
            .claiming(List.of(WeightClaim.ofZeros("a", 500)));
    report.passes(List.of(new PassReport("prune-weights", 0, result, Optional.empty())));
    report.weights(holding(stored("a", 500, 16)));
    assertThatThrownBy(() -> report.weights(holding(stored("a", 400, 16))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("weight a has 400 zeros");
  }

  @Test
  void prunedClusteredQuantizedAndPackedWeightsAreWhatWasClaimed(@TempDir Path folder) {
    Optional<Path> model =
        SharedData.root().map(r -> r.resolve("data/models/kws-dscnn/model.onnx"));
    assumeTrue(model.isPresent(), "the shared data is not there");
    Path output = folder.resolve("out.onnx");
    TransformReport report =
        Compress.with(Recipe.EMPTY.withQuantize("int8").withPrune(0.6).withCluster(16))
            .run(model.orElseThrow(), output, false);
    double zeros = 0;
    for (StoredWeight weight : report.weights()) {
      if (weight.type().equals("INT8")) {
        assertThat(weight.distinct()).as(weight.name()).isNotNull().isLessThanOrEqualTo(16);
      }
      zeros += weight.sparsity() * weight.elements();
    }
    // Its convolutions and its last layer, as its description has them.
    long prunable = 64 * 40 + 4 * 64 * 9 + 4 * 64 * 64 + 64 * 12;
    assertThat(Math.rint(zeros)).isGreaterThanOrEqualTo(Math.rint(0.6 * prunable));
    try (InferenceSession session =
        InferenceSession.open(OnnxReader.read(output).model(), SessionOptions.of(1))) {
      assertThat(session).isNotNull();
    }
  }
}
