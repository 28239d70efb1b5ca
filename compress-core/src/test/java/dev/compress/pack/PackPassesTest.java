package dev.compress.pack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.cluster.ClusterWeights;
import dev.compress.cluster.CodeClusters;
import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphPrinter;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.progress.Progress;
import dev.compress.prune.PruneAllocation;
import dev.compress.prune.PruneKind;
import dev.compress.prune.PruneWeights;
import dev.compress.quantize.NodeFilter;
import dev.compress.quantize.StoreFloat16;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The passes that shrink a model, one after the other, on graphs that ONNX Runtime runs. */
class PackPassesTest {
  private static final int CHANNELS = 32;

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

  /** A quantized convolution whose codes are sparse and few. */
  private static OnnxModel quantized() {
    Random random = new Random(1);
    byte[] codes = new byte[CHANNELS * CHANNELS * 9];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = random.nextInt(10) > 0 ? 0 : (byte) (10 * (1 + random.nextInt(7)));
    }
    float[] scales = new float[CHANNELS];
    float[] biasScales = new float[CHANNELS];
    int[] bias = new int[CHANNELS];
    for (int i = 0; i < CHANNELS; i++) {
      scales[i] = 0.01f + random.nextFloat() / 100;
      biasScales[i] = scales[i] * 0.02f;
      bias[i] = random.nextInt(2000) - 1000;
    }
    Shape one = Shape.of(CHANNELS);
    List<Initializer> constants =
        List.of(
            Initializer.of("s", Tensor.ofFloats(Shape.scalar(), 0.02f)),
            Initializer.of("z", Tensor.ofBytes(ElementType.UINT8, Shape.scalar(), new byte[1])),
            Initializer.of(
                "w", Tensor.ofBytes(ElementType.INT8, Shape.of(CHANNELS, CHANNELS, 3, 3), codes)),
            Initializer.of("ws", Tensor.ofFloats(one, scales)),
            Initializer.of("wz", Tensor.ofBytes(ElementType.INT8, one, new byte[CHANNELS])),
            Initializer.of("b", Tensor.ofInts(one, bias)),
            Initializer.of("bs", Tensor.ofFloats(one, biasScales)),
            Initializer.of("bz", Tensor.ofInts(one, new int[CHANNELS])));
    Attribute axis = Attribute.of("axis", 0L);
    List<Node> nodes =
        List.of(
            Node.of("QuantizeLinear", "q", List.of("x", "s", "z"), List.of("xq")),
            Node.of("DequantizeLinear", "d", List.of("xq", "s", "z"), List.of("xd")),
            Node.of("DequantizeLinear", "wd", List.of("w", "ws", "wz"), List.of("wf"), axis),
            Node.of("DequantizeLinear", "bd", List.of("b", "bs", "bz"), List.of("bf"), axis),
            Node.of("Conv", "conv", List.of("xd", "wf", "bf"), List.of("c")),
            Node.of("QuantizeLinear", "yq", List.of("c", "s", "z"), List.of("cq")),
            Node.of("DequantizeLinear", "yd", List.of("cq", "s", "z"), List.of("y")));
    return model(nodes, constants, List.of(1, CHANNELS, 8, 8));
  }

  private static OnnxModel model(
      List<Node> nodes, List<Initializer> constants, List<Integer> shape) {
    List<Dim> dims = new ArrayList<>();
    shape.forEach(d -> dims.add(Dim.of(d)));
    return OnnxModel.of(
        8,
        13,
        Graph.of(
            "g",
            nodes,
            constants,
            List.of(ValueInfo.of("x", ValueType.tensor(ElementType.FLOAT, dims))),
            List.of(ValueInfo.of("y", new ValueType.Undeclared()))));
  }

  /** A float product with a bias. */
  private static OnnxModel product(int in, int out) {
    Random random = new Random(5);
    float[] weights = new float[in * out];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) random.nextGaussian();
    }
    return product(Tensor.ofFloats(Shape.of(in, out), weights));
  }

  private static OnnxModel product(Tensor weight) {
    return model(
        List.of(Node.of("MatMul", "m", List.of("x", "w"), List.of("y"))),
        List.of(Initializer.of("w", weight)),
        List.of(3, (int) weight.shape().dim(0)));
  }

  private float[] run(OnnxModel model, int elements, Path optimized) {
    float[] values = new float[elements];
    Random random = new Random(3);
    for (int i = 0; i < elements; i++) {
      values[i] = (float) random.nextGaussian();
    }
    SessionOptions options = SessionOptions.of(1).withOptimizedModel(optimized);
    try (InferenceSession session = InferenceSession.open(model, options)) {
      ValueType.TensorType type = (ValueType.TensorType) session.inputs().get(0).type();
      long[] dims = type.shape().orElseThrow().stream().mapToLong(Dim::sizeOrUnknown).toArray();
      TensorBuffer x = TensorBuffer.of(Shape.of(dims), values);
      return Objects.requireNonNull(session.run(Map.of("x", x)).get("y")).toFloats();
    }
  }

  private static List<String> operators(Path file) {
    return OnnxReader.read(file).model().graph().nodes().stream().map(Node::opType).toList();
  }

  @Test
  void packedModelRunsTheSameIntegerKernelsToTheSameBits() {
    OnnxModel dense = quantized();
    PassResult trimmed = new TrimQuantization().apply(dense, context);
    PassResult packed = new PackWeights(true).apply(trimmed.model(), context);
    assertThat(packed.changes()).extracting(PassResult.Change::what).anyMatch(t -> t.contains("w"));
    Path before = folder.resolve("before.onnx");
    Path after = folder.resolve("after.onnx");
    int elements = CHANNELS * 64;
    assertThat(run(packed.model(), elements, after)).isEqualTo(run(dense, elements, before));
    assertThat(operators(after)).isEqualTo(operators(before)).contains("QLinearConv");
    WeightInventory.Stored weight =
        WeightInventory.of(packed.model(), context).weights().stream()
            .filter(w -> w.name().equals("w"))
            .findFirst()
            .orElseThrow();
    assertThat(weight.elements()).isEqualTo(CHANNELS * CHANNELS * 9L);
    assertThat(weight.distinct()).hasValue(8);
    assertThat(weight.bytes()).isLessThan(weight.elements() / 3);
  }

  /** Its weight needs a zero point, or the runtime computes in float. */
  @ParameterizedTest(name = "{0} outputs")
  @ValueSource(ints = {16, 200})
  void packedGemmRunsInIntegersToTheSameBits(int outputs) {
    OnnxModel dense = quantizedGemm(outputs);
    OnnxModel trimmed = new TrimQuantization().apply(dense, context).model();
    assertThat(new TrimQuantization().apply(trimmed, context).model()).isSameAs(trimmed);
    OnnxModel packed = new PackWeights(true).apply(trimmed, context).model();
    assertThat(OnnxWriter.toBytes(trimmed).length).isLessThan(OnnxWriter.toBytes(dense).length);
    assertThat(GraphPrinter.print(packed.graph())).contains("CumSum");
    Path before = folder.resolve("before.onnx");
    Path after = folder.resolve("after.onnx");
    int elements = 4 * 256;
    assertThat(run(packed, elements, after)).isEqualTo(run(dense, elements, before));
    assertThat(operators(before)).contains("QGemm");
    assertThat(operators(after)).isEqualTo(operators(before));
  }

  private static OnnxModel quantizedGemm(int outputs) {
    Random random = new Random(2);
    byte[] codes = new byte[256 * outputs];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = random.nextInt(10) > 0 ? 0 : (byte) (10 * (1 + random.nextInt(7)));
    }
    float[] scales = new float[outputs];
    float[] biasScales = new float[outputs];
    for (int i = 0; i < outputs; i++) {
      scales[i] = 0.01f + random.nextFloat() / 100;
      biasScales[i] = scales[i] * 0.02f;
    }
    Shape one = Shape.of(outputs);
    List<Initializer> constants =
        List.of(
            Initializer.of("s", Tensor.ofFloats(Shape.scalar(), 0.02f)),
            Initializer.of("z", Tensor.ofBytes(ElementType.UINT8, Shape.scalar(), new byte[1])),
            Initializer.of("w", Tensor.ofBytes(ElementType.INT8, Shape.of(256, outputs), codes)),
            Initializer.of("ws", Tensor.ofFloats(one, scales)),
            Initializer.of("wz", Tensor.ofBytes(ElementType.INT8, one, new byte[outputs])),
            Initializer.of("b", Tensor.ofInts(one, random.ints(outputs, -999, 999).toArray())),
            Initializer.of("bs", Tensor.ofFloats(one, biasScales)),
            Initializer.of("bz", Tensor.ofInts(one, new int[outputs])));
    List<Node> nodes =
        List.of(
            Node.of("QuantizeLinear", "q", List.of("x", "s", "z"), List.of("xq")),
            Node.of("DequantizeLinear", "d", List.of("xq", "s", "z"), List.of("xd")),
            Node.of(
                "DequantizeLinear",
                "dw",
                List.of("w", "ws", "wz"),
                List.of("wd"),
                Attribute.of("axis", 1L)),
            Node.of(
                "DequantizeLinear",
                "db",
                List.of("b", "bs", "bz"),
                List.of("bd"),
                Attribute.of("axis", 0L)),
            Node.of("Gemm", "gemm", List.of("xd", "wd", "bd"), List.of("y")));
    return OnnxModel.of(
        8,
        13,
        Graph.of(
            "gemm",
            nodes,
            constants,
            List.of(ValueInfo.of("x", ValueType.tensor(ElementType.FLOAT, dims(4, 256)))),
            List.of(ValueInfo.of("y", ValueType.tensor(ElementType.FLOAT, dims(4, outputs))))));
  }

  private static List<Dim> dims(long... sizes) {
    return java.util.Arrays.stream(sizes).mapToObj(Dim::of).toList();
  }

  @Test
  void whatIsPackedIsNotPackedAgainAndComesBack() {
    OnnxModel dense = quantized();
    OnnxModel packed = new PackWeights(false).apply(dense, context).model();
    assertThat(new PackWeights(false).apply(packed, context).model()).isSameAs(packed);
    assertThat(GraphPrinter.print(packed.graph())).contains("ScatterElements").contains("CumSum");
    OnnxModel back = new UnpackWeights(false).apply(packed, context).model();
    assertThat(back.graph().nodes()).isEqualTo(dense.graph().nodes());
    for (Initializer initializer : dense.graph().initializers()) {
      Tensor found =
          back.graph().initializers().stream()
              .filter(i -> i.name().equals(initializer.name()))
              .findFirst()
              .orElseThrow()
              .tensor();
      assertThat(found.data().toByteArray()).isEqualTo(initializer.tensor().data().toByteArray());
      assertThat(found.shape()).isEqualTo(initializer.tensor().shape());
    }
    assertThat(new UnpackWeights(false).notApplicableTo(back)).isPresent();
    assertThat(new UnpackWeights(false).apply(back, context).model()).isSameAs(back);
  }

  @Test
  void trimsOnceAndOnlyWhatFollows() {
    PassResult once = new TrimQuantization().apply(quantized(), context);
    assertThat(once.changes()).hasSize(2);
    assertThat(GraphPrinter.print(once.model().graph())).contains("Mul").doesNotContain("bz");
    assertThat(new TrimQuantization().apply(once.model(), context).model()).isSameAs(once.model());
    GraphEditor editor = new GraphEditor(quantized().graph());
    editor.setInitializer("bs", Tensor.ofFloats(Shape.of(CHANNELS), new float[CHANNELS]));
    OnnxModel other = quantized().withGraph(editor.build());
    assertThat(GraphPrinter.print(new TrimQuantization().apply(other, context).model().graph()))
        .doesNotContain("Mul");
    assertThat(new TrimQuantization().notApplicableTo(product(8, 8))).isPresent();
  }

  @Test
  void foreignPackingIsUnpackedToo() {
    // Nibbles by division and remainder, as nobody here writes them.
    byte[] bytes = new byte[128];
    new Random(2).nextBytes(bytes);
    int[] packed = new int[128];
    for (int i = 0; i < packed.length; i++) {
      packed[i] = bytes[i] & 0xFF;
    }
    float[] values = new float[16];
    for (int i = 0; i < 16; i++) {
      values[i] = i / 8f - 1;
    }
    List<Node> nodes =
        List.of(
            Node.of("Div", "", List.of("p", "f"), List.of("a")),
            Node.of("Mod", "", List.of("a", "n"), List.of("i")),
            Node.of("Gather", "", List.of("v", "i"), List.of("g")),
            Node.of("Reshape", "", List.of("g", "shape"), List.of("w")),
            Node.of("MatMul", "m", List.of("x", "w"), List.of("y")));
    OnnxModel foreign =
        model(
            nodes,
            List.of(
                Initializer.of("p", Tensor.ofInts(Shape.of(128, 1), packed)),
                Initializer.of("f", Tensor.ofInts(Shape.of(2), 1, 16)),
                Initializer.of("n", Tensor.ofInts(Shape.scalar(), 16)),
                Initializer.of("v", Tensor.ofFloats(Shape.of(16), values)),
                Initializer.of("shape", Tensor.ofLongs(Shape.of(2), 16, 16))),
            List.of(3, 16));
    OnnxModel dense = new UnpackWeights(false).apply(foreign, context).model();
    assertThat(dense.graph().nodes()).hasSize(1);
    float[] weight = dense.graph().initializers().get(0).tensor().toFloats();
    for (int i = 0; i < weight.length; i++) {
      assertThat(weight[i]).isEqualTo(values[(packed[i / 2] >> (4 * (i % 2))) & 15]);
    }
  }

  @Test
  void pruningIsExactAndIsKeptByWhatFollows() {
    OnnxModel model = product(64, 128);
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
    assertThat(run(packed, 192, file)).isEqualTo(run(clustered, 192, file));
  }

  @ParameterizedTest(name = "{0} values")
  @ValueSource(ints = {4, 8, 16, 32})
  void theFewerTheValuesTheFartherABytesReaches(int values) {
    OnnxModel model = product(256, 512);
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
    assertThat(run(packed, 768, file)).isEqualTo(run(clustered, 768, file));
  }

  /** A codebook has no room for a zero besides. */
  @Test
  void asManyValuesAsACodebookHoldsAreCodes() throws Exception {
    Random random = new Random(3);
    float[] values = new float[256 * 64];
    for (int i = 0; i < values.length; i++) {
      values[i] = 1 + (i < 256 ? i : random.nextInt(256));
    }
    OnnxModel model = product(Tensor.ofFloats(Shape.of(256, 64), values));
    OnnxModel packed = new PackWeights(true).apply(model, context).model();
    WeightInventory.Stored stored = WeightInventory.of(packed, context).weights().get(0);
    assertThat(stored.form()).isEqualTo("codes");
    assertThat(stored.distinct()).hasValue(256);
    Path file = folder.resolve("o.onnx");
    assertThat(run(packed, 768, file)).isEqualTo(run(model, 768, file));
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
    OnnxModel model = product(Tensor.ofFloats(Shape.of(256, 128), weights));
    OnnxModel halves = new StoreFloat16(NodeFilter.ALL).apply(model, context).model();
    OnnxModel packed = new PackWeights(true).apply(halves, context).model();
    WeightInventory.Stored stored = WeightInventory.of(packed, context).weights().get(0);
    assertThat(8.0 * stored.bytes() / stored.elements()).isLessThan(mostBits);
    Path file = folder.resolve("h.onnx");
    assertThat(run(packed, 768, file)).isEqualTo(run(model, 768, file));
    assertThat(operators(file)).as("folded at load").containsExactly("MatMul");
    OnnxModel back = new UnpackWeights(false).apply(packed, context).model();
    assertThat(run(back, 768, file)).isEqualTo(run(model, 768, file));
  }

  /** 128 values in all would be a byte each; 16 a group are 4 bits, a table and offsets. */
  @ParameterizedTest(name = "{0} groups")
  @ValueSource(ints = {2, 5, 8})
  void clustersOfGroupsOfChannelsTakeTheBitsOfOneGroup(int groups) {
    OnnxModel model = product(256, 512);
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
              .apply(product(columns(before, first, end)), context)
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
    assertThat(run(packed, 768, file)).isEqualTo(run(clustered, 768, file));
    assertThat(new UnpackWeights(true).apply(packed, context).model().graph().initializers())
        .hasSize(1)
        .allMatch(i -> same(i.tensor(), after));
  }

  @Test
  void zerosAreAValueOfEachGroup() {
    OnnxModel pruned = prune(0.9, PruneKind.UNSTRUCTURED).apply(product(256, 512), context).model();
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
    assertThat(run(packed, 768, file)).isEqualTo(run(clustered, 768, file));
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
    assertThat(prune(0.5, PruneKind.UNSTRUCTURED).notApplicableTo(product(4, 4))).isPresent();
    PassResult pairs = prune(0.5, PruneKind.TWO_OF_FOUR).apply(product(66, 64), context);
    assertThat(pairs.changes()).isEmpty();
    assertThat(pairs.skipped().get(0).reason()).contains("do not divide into fours");
    assertThat(
            prune(0.5, PruneKind.UNSTRUCTURED)
                .apply(quantized(), context)
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
