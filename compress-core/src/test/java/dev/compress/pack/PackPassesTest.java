package dev.compress.pack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.cluster.ClusterWeights;
import dev.compress.cluster.CodeClusters;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxWriter;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.progress.Progress;
import dev.compress.prune.PruneAllocation;
import dev.compress.prune.PruneKind;
import dev.compress.prune.PruneWeights;
import dev.compress.quantize.NodeFilter;
import dev.compress.quantize.StoreFloat16;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Pruning, clustering and packing of float weights, one after the other, on graphs that ONNX
 * Runtime runs.
 */
class PackPassesTest {
  @TempDir private Path folder;
  private Scratch scratch = Scratch.inTemporaryFolder();
  private PassContext context = new PassContext(scratch, Progress.NONE, 2, 0);

  @BeforeEach
  void open() {
    scratch = new Scratch(folder);
    context = new PassContext(scratch, Progress.NONE, 2, 0);
  }

  @AfterEach
  void close() {
    scratch.close();
  }

  @Test
  void pruningIsExactAndIsKeptByWhatFollows() {
    OnnxModel model = PackModels.product(64, 128);
    PruneWeights prune = prune(0.9, PruneKind.UNSTRUCTURED);
    OnnxModel pruned = prune.apply(model, context).model();
    int zeros = (int) Math.round(0.9 * 64 * 128);
    assertThat(zeros(pruned)).isEqualTo(zeros);
    assertThat(prune.apply(pruned, context).changes()).hasSize(1);
    assertThat(zeros(prune.apply(pruned, context).model())).isEqualTo(zeros);
    ClusterWeights cluster = new ClusterWeights(16, 1, false, NodeFilter.ALL);
    OnnxModel clustered = cluster.apply(pruned, context).model();
    assertThat(zeros(clustered)).isEqualTo(zeros);
    assertThat(cluster.apply(clustered, context).model()).isSameAs(clustered);
    OnnxModel packed = new PackWeights(true).apply(clustered, context).model();
    WeightInventory.Stored stored = WeightInventory.of(packed, context).weights().get(0);
    assertThat(stored.zeros()).isEqualTo(zeros);
    assertThat(stored.distinct()).hasValue(16);
    assertThat(stored.form()).isEqualTo("gaps + codes");
    Path file = folder.resolve("o.onnx");
    assertThat(PackModels.run(packed, 192, file)).isEqualTo(PackModels.run(clustered, 192, file));
  }

  @ParameterizedTest(name = "{0} values")
  @ValueSource(ints = {4, 8, 16, 32})
  void theFewerTheValuesTheFartherABytesReaches(int values) {
    OnnxModel model = PackModels.product(256, 512);
    OnnxModel pruned = prune(0.97, PruneKind.UNSTRUCTURED).apply(model, context).model();
    ClusterWeights cluster = new ClusterWeights(values, 1, false, NodeFilter.ALL);
    OnnxModel clustered = cluster.apply(pruned, context).model();
    OnnxModel packed = new PackWeights(false).apply(clustered, context).model();
    WeightInventory.Stored stored = WeightInventory.of(packed, context).weights().get(0);
    assertThat(stored.form()).isEqualTo("symbols");
    assertThat(stored.distinct()).hasValue(values);
    // a byte a non-zero, and one more where the next is farther than a byte reaches
    int bits = 32 - Integer.numberOfLeadingZeros(values - 1);
    double bytes = 0.03 * 256 * 512 * (1 + 1.3 * Math.pow(0.97, 1 << (8 - bits)));
    assertThat((double) OnnxWriter.toBytes(packed).length).isLessThan(bytes + 1800);
    Path file = folder.resolve("o.onnx");
    assertThat(PackModels.run(packed, 768, file)).isEqualTo(PackModels.run(clustered, 768, file));
  }

  /** A codebook has no room for a zero besides. */
  @Test
  void asManyValuesAsACodebookHoldsAreCodes() throws Exception {
    Random random = new Random(3);
    float[] values = new float[256 * 64];
    for (int i = 0; i < values.length; i++) {
      values[i] = 1 + (i < 256 ? i : random.nextInt(256));
    }
    OnnxModel model = PackModels.product(Tensor.ofFloats(Shape.of(256, 64), values));
    OnnxModel packed = new PackWeights(true).apply(model, context).model();
    WeightInventory.Stored stored = WeightInventory.of(packed, context).weights().get(0);
    assertThat(stored.form()).isEqualTo("codes");
    assertThat(stored.distinct()).hasValue(256);
    Path file = folder.resolve("o.onnx");
    assertThat(PackModels.run(packed, 768, file)).isEqualTo(PackModels.run(model, 768, file));
  }

  /** Few values or many zeros of float16, which a Cast brings back: no 16 bits either. */
  @ParameterizedTest(name = "{0} values, a share of {1} zeros")
  @CsvSource({"4, 0, 3", "16, 0, 5", "1000, 0.9, 5", "16, 0.9, 2"})
  void halvesOfFewValuesTakeTheirBits(int values, double zeros, int mostBits) {
    Random random = new Random(4);
    float[] weights = new float[256 * 128];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = random.nextDouble() < zeros ? 0 : (1 + random.nextInt(values)) / 1024f;
    }
    OnnxModel model = PackModels.product(Tensor.ofFloats(Shape.of(256, 128), weights));
    OnnxModel halves = new StoreFloat16(NodeFilter.ALL).apply(model, context).model();
    OnnxModel packed = new PackWeights(true).apply(halves, context).model();
    WeightInventory.Stored stored = WeightInventory.of(packed, context).weights().get(0);
    assertThat(8.0 * stored.bytes() / stored.elements()).isLessThan(mostBits);
    Path file = folder.resolve("h.onnx");
    assertThat(PackModels.run(packed, 768, file)).isEqualTo(PackModels.run(model, 768, file));
    assertThat(PackModels.operators(file)).as("folded at load").containsExactly("MatMul");
    OnnxModel back = new UnpackWeights(false).apply(packed, context).model();
    assertThat(PackModels.run(back, 768, file)).isEqualTo(PackModels.run(model, 768, file));
  }

  /** 128 values in all would be a byte each; 16 a group are 4 bits, a table and offsets. */
  @ParameterizedTest(name = "{0} groups")
  @ValueSource(ints = {2, 5, 8})
  void clustersOfGroupsOfChannelsTakeTheBitsOfOneGroup(int groups) {
    OnnxModel model = PackModels.product(256, 512);
    PassResult result = new ClusterWeights(16, groups, false, NodeFilter.ALL).apply(model, context);
    OnnxModel clustered = result.model();
    Tensor before = model.graph().initializers().get(0).tensor();
    Tensor after = clustered.graph().initializers().get(0).tensor();
    for (int group = 0; group < groups; group++) {
      // the same columns alone
      int first = group * 512 / groups;
      int end = (group + 1) * 512 / groups;
      Tensor alone =
          new ClusterWeights(16, 1, false, NodeFilter.ALL)
              .apply(PackModels.product(columns(before, first, end)), context)
              .model()
              .graph()
              .initializers()
              .get(0)
              .tensor();
      assertThat(columns(after, first, end).toFloats()).isEqualTo(alone.toFloats());
    }
    OnnxModel packed = new PackWeights(true).apply(clustered, context).model();
    WeightInventory.Stored stored =
        WeightInventory.of(packed, context, Map.of("w", groups), n -> n).weights().get(0);
    assertThat(stored.distinctInGroup()).hasValue(16);
    assertThat(stored.distinct()).hasValue(16 * groups);
    assertThat(stored.form()).isEqualTo("packed codes, tables by group");
    int offsets = groups == 5 ? 512 : 4 * groups; // a byte a column, where those do not divide
    int payload = 256 * 512 / 2 + groups * 16 * 4 + offsets;
    assertThat(OnnxWriter.toBytes(packed).length).isBetween(payload, payload + 700);
    Path file = folder.resolve("o.onnx");
    assertThat(PackModels.run(packed, 768, file)).isEqualTo(PackModels.run(clustered, 768, file));
    assertThat(new UnpackWeights(true).apply(packed, context).model().graph().initializers())
        .hasSize(1)
        .allMatch(i -> same(i.tensor(), after));
  }

  @Test
  void zerosAreAValueOfEachGroup() {
    OnnxModel pruned =
        prune(0.9, PruneKind.UNSTRUCTURED).apply(PackModels.product(256, 512), context).model();
    ClusterWeights cluster = new ClusterWeights(16, 8, true, NodeFilter.ALL);
    OnnxModel clustered = cluster.apply(pruned, context).model();
    assertThat(zeros(clustered)).isEqualTo(zeros(pruned));
    assertThat(cluster.apply(clustered, context).model()).isSameAs(clustered);
    OnnxModel packed = new PackWeights(false).apply(clustered, context).model();
    WeightInventory.Stored stored =
        WeightInventory.of(packed, context, Map.of("w", 8), n -> n).weights().get(0);
    assertThat(stored.distinctInGroup()).hasValue(16);
    assertThat(stored.distinct()).hasValue(8 * 15 + 1);
    assertThat(stored.form()).endsWith(", tables by group");
    // 4 bits for the gap and 4 for the code of each of the 10% that are left, some of them skips
    assertThat((double) OnnxWriter.toBytes(packed).length)
        .isLessThan(0.1 * 256 * 512 * 1.27 + 1900);
    Path file = folder.resolve("o.onnx");
    assertThat(PackModels.run(packed, 768, file)).isEqualTo(PackModels.run(clustered, 768, file));
  }

  @Test
  void groupsThatSaveNothingAreStoredAsTheyWere() {
    // 32 channels of 9 weights: the tables would be as long as the weight
    Random random = new Random(3);
    float[] values = new float[32 * 9];
    for (int i = 0; i < values.length; i++) {
      int group = i / 72;
      values[i] = group + random.nextInt(60) / 64f;
    }
    WeightSurvey survey = WeightSurvey.of(Tensor.ofFloats(Shape.of(32, 9), values));
    StorageForm chosen =
        LoadBudget.choose(
                List.of(
                    new LoadBudget.Choice(survey, StorageForm.holding(survey, PackWeights.OPSET))),
                false)
            .get(0);
    assertThat(chosen.grouped()).isFalse();
  }

  private static boolean same(Tensor a, Tensor b) {
    return Arrays.equals(a.toFloats(), b.toFloats());
  }

  private static Tensor columns(Tensor matrix, int first, int end) {
    int rows = (int) matrix.shape().dim(0);
    int all = (int) matrix.shape().dim(1);
    float[] values = matrix.toFloats();
    float[] some = new float[rows * (end - first)];
    for (int r = 0; r < rows; r++) {
      System.arraycopy(values, r * all + first, some, r * (end - first), end - first);
    }
    return Tensor.ofFloats(Shape.of(rows, end - first), some);
  }

  @Test
  void aTableForAFewBytesIsNotMade() {
    WeightSurvey few = WeightSurvey.of(sparse(2000, 100, 3));
    WeightSurvey many = WeightSurvey.of(sparse(96_000, 6000, 15));
    List<LoadBudget.Choice> left =
        SharedTables.worthwhile(
            List.of(
                new LoadBudget.Choice(few, StorageForm.holding(few, PackWeights.OPSET)),
                new LoadBudget.Choice(many, StorageForm.holding(many, PackWeights.OPSET))));
    assertThat(left.get(0).forms())
        .extracting(form -> form.places().symbolBits())
        .contains(4)
        .doesNotContain(2, 3, 5);
  }

  /** So many elements, of which so many are one of some values. */
  private static Tensor sparse(int elements, int nonZeros, int values) {
    float[] weights = new float[elements];
    for (int i = 0; i < nonZeros; i++) {
      weights[i * (elements / nonZeros)] = 1 + i % values;
    }
    return Tensor.ofFloats(Shape.of(elements), weights);
  }

  @Test
  void pruningSkipsWithReasonsWhereItCannot() {
    assertThat(prune(0.5, PruneKind.UNSTRUCTURED).notApplicableTo(PackModels.product(4, 4)))
        .isPresent();
    PassResult pairs = prune(0.5, PruneKind.TWO_OF_FOUR).apply(PackModels.product(66, 64), context);
    assertThat(pairs.changes()).isEmpty();
    assertThat(pairs.skipped().get(0).reason()).contains("do not divide into fours");
    assertThat(
            prune(0.5, PruneKind.UNSTRUCTURED)
                .apply(PackModels.quantizedConv(), context)
                .skipped()
                .get(0)
                .reason())
        .contains("quantized already");
  }

  @Test
  void codesAreMappedBeforeTheyAreWritten() {
    // The port is asked with what occurs, and what it says is done: see also the maths' own test.
    long[] counts = new long[256];
    double[] masses = new double[256];
    for (int i = 0; i < 256; i += 3) {
      counts[i] = 5;
      masses[i] = 1;
    }
    byte[] map =
        new CodeClusters(4, 1, false).maps(new long[][] {counts}, new double[][] {masses})[0];
    assertThat(java.util.stream.IntStream.range(0, 86).map(i -> map[3 * i]).distinct().count())
        .isEqualTo(4);
  }

  private static PruneWeights prune(double share, PruneKind kind) {
    return new PruneWeights(share, kind, Optional.empty(), PruneAllocation.GLOBAL, NodeFilter.ALL);
  }

  private static int zeros(OnnxModel model) {
    int zeros = 0;
    for (float value : model.graph().initializers().get(0).tensor().toFloats()) {
      zeros += value == 0 ? 1 : 0;
    }
    return zeros;
  }
}
