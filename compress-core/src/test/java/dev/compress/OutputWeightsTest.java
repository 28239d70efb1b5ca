package dev.compress;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.graph.Graph;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueType;
import dev.compress.inspect.ParameterTotals;
import dev.compress.onnx.OnnxReader;
import dev.compress.pack.WeightInventory;
import dev.compress.pack.WeightInventory.Stored;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.WeightClaim;
import dev.compress.pass.Pipeline.PassReport;
import dev.compress.progress.Progress;
import dev.compress.recipe.Passes;
import dev.compress.recipe.Recipe;
import dev.compress.report.TransformReport;
import dev.compress.report.TransformReport.StoredWeight;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import dev.compress.testing.SharedData;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What passes claim of weights is compared with the file that was written. */
class OutputWeightsTest {
  private static Stored stored(String name, long zeros, int distinct) {
    OptionalInt values = distinct > 256 ? OptionalInt.empty() : OptionalInt.of(distinct);
    return new Stored(
        name, ElementType.INT8, 2, 1000, zeros, values, OptionalInt.empty(), "dense", 1000, 900, 0);
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
  void valuesOfGroupsAreCountedByGroup() {
    Stored good =
        new Stored(
            "a",
            ElementType.INT8,
            2,
            1000,
            0,
            OptionalInt.of(128),
            OptionalInt.of(16),
            "dense",
            1000,
            900,
            0);
    assertThat(holding(good).contradictions(List.of(WeightClaim.ofDistinct("a", 16, 8)))).isEmpty();
    assertThat(holding(good).contradictions(List.of(WeightClaim.ofDistinct("a", 15, 8))))
        .containsExactly(
            "weight a has 16 distinct values in one of its 8 groups of channels and not 15 at"
                + " most");
    assertThat(holding(good).contradictions(List.of(WeightClaim.ofDistinct("a", 16)))).hasSize(1);
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

  /** Four groups of 16 codes: over 16 in all, in 4 bits, and nothing else is another. */
  @Test
  void groupsOfChannelsHaveCodesOfTheirOwnInTheFile(@TempDir Path folder) {
    Optional<Path> shared = SharedData.root().map(r -> r.resolve("data/models/kws-dscnn"));
    assumeTrue(shared.isPresent(), "the shared data is not there");
    Path model = shared.orElseThrow().resolve("model.onnx");
    Recipe whole = Recipe.EMPTY.withQuantize("int8").withCluster(16);
    Recipe grouped = whole.toBuilder().clusterGroups(4).build();
    TransformReport one = Compress.with(whole).run(model, folder.resolve("1.onnx"), false);
    TransformReport four = Compress.with(grouped).run(model, folder.resolve("4.onnx"), false);
    TransformReport dense =
        Compress.with(grouped.withPack("none")).run(model, folder.resolve("d.onnx"), false);
    // Names in the file are shorter; the report says what they are of.
    assertThat(four.weights())
        .extracting(StoredWeight::name)
        .containsExactlyInAnyOrderElementsOf(
            dense.weights().stream().map(StoredWeight::name).toList());
    assertThat(four.kernels()).isEqualTo(dense.kernels());
    int more = 0;
    for (StoredWeight weight : four.weights()) {
      if (weight.type().equals("int8")) {
        assertThat(weight.distinctInGroup()).as(weight.name()).isBetween(2, 16);
        if (requireNonNull(weight.distinct()) > 16 && weight.elements() >= 4096) {
          more++;
          assertThat(weight.form()).isEqualTo("packed codes, tables by group");
          assertThat(weight.bytes()).isLessThan(weight.elements() / 2 + 64 + 16 + 400);
        }
      }
    }
    assertThat(more).isGreaterThanOrEqualTo(4);
    assertThat(one.weights()).allMatch(weight -> weight.distinctInGroup() == null);
    assertThat(bytes(four)).isLessThan((long) (1.15 * bytes(one)));
    assertThat(bytes(four)).isLessThan((long) (0.85 * bytes(dense)));
    Path again = folder.resolve("u.onnx");
    Compress.unpack(folder.resolve("4.onnx"), again, false, Progress.NONE);
    float[] expected = outputs(folder.resolve("d.onnx"));
    assertThat(outputs(folder.resolve("4.onnx"))).as("packed").isEqualTo(expected);
    assertThat(outputs(again)).as("unpacked").isEqualTo(expected);
  }

  private static float[] outputs(Path model) {
    try (InferenceSession session =
        InferenceSession.open(OnnxReader.read(model).model(), SessionOptions.of(1))) {
      ValueType.TensorType type = (ValueType.TensorType) session.inputs().get(0).type();
      long[] dims =
          type.shape().orElseThrow().stream()
              .mapToLong(d -> Math.max(1, d.sizeOrUnknown()))
              .toArray();
      Shape shape = Shape.of(dims);
      float[] values = new float[(int) shape.elementCount()];
      Random random = new Random(4);
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (10 * random.nextGaussian());
      }
      TensorBuffer x = TensorBuffer.of(shape, values);
      return session
          .run(Map.of(session.inputs().get(0).name(), x))
          .values()
          .iterator()
          .next()
          .toTensor()
          .toFloats();
    }
  }

  private static long bytes(TransformReport report) {
    return requireNonNull(report.output()).bytes();
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
      if (weight.type().equals("int8")) {
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
