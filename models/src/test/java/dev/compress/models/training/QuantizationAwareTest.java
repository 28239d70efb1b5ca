package dev.compress.models.training;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.Compress;
import dev.compress.DistillJob;
import dev.compress.Distillation;
import dev.compress.calibrate.DatasetSamples;
import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.error.InvalidDataException;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.models.SampleCatalog;
import dev.compress.models.SampleFiles;
import dev.compress.models.random.SplitMix64;
import dev.compress.models.sample.GlyphDataset;
import dev.compress.models.sample.GlyphDataset.Split;
import dev.compress.onnx.OnnxReader;
import dev.compress.progress.Progress;
import dev.compress.recipe.Recipe;
import dev.compress.recipe.RecipeBuilder;
import dev.compress.report.DistillReport;
import dev.compress.report.TransformReport;
import dev.compress.search.ModelScore;
import dev.compress.tensor.ChannelGroups;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import dev.compress.train.OptimizerSettings;
import dev.compress.train.QuantizedTraining;
import dev.compress.train.StudentRecipe;
import dev.compress.train.TrainingFiles;
import dev.compress.train.TrainingJob;
import dev.compress.train.TrainingResult;
import dev.compress.train.TrainingSettings;
import dev.compress.train.TuningData;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The embedded network, quantized and trained through that; judged by ONNX Runtime. */
class QuantizationAwareTest {
  @TempDir static Path folder;
  private static Path model = Path.of("");
  private static Dataset training = TrainingFixtures.data(9, 1);
  private static Dataset validation = training;
  private static Dataset test = training;
  private static OnnxModel plain = TrainingFixtures.network(4, 1);

  @BeforeAll
  static void quantizeOnce() {
    TrainingFixtures.assumeNatives();
    SampleFiles files = SampleCatalog.find("glyphs").orElseThrow().extract(folder);
    model = files.model();
    validation = glyphs(500, Split.VALIDATION);
    test = glyphs(1000, Split.TEST);
    training = glyphs(800, Split.TRAINING);
    plain = read(run(recipe().fineTune(null).build(), "plain.onnx"));
  }

  /** In noise that the network was not trained in: there is something to learn. */
  private static Dataset glyphs(int count, Split split) {
    GlyphDataset drawn = GlyphDataset.generate(split, count, 7);
    SplitMix64 random = new SplitMix64(3);
    float[] pixels = new float[drawn.images().length];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) ((drawn.images()[i] & 0xff) / 255.0 + 0.4 * random.nextGaussian());
    }
    long[] labels = new long[count];
    for (int i = 0; i < count; i++) {
      labels[i] = drawn.labels()[i];
    }
    Shape shape = Shape.of(count, 1, GlyphDataset.SIDE, GlyphDataset.SIDE);
    return Dataset.of(
        "glyphs", Map.of("image", TensorBuffer.of(shape, pixels)), labels, DataDescriptor.NONE);
  }

  private static RecipeBuilder recipe() {
    return new RecipeBuilder()
        .quantize("int8")
        .calibrationSamples(64)
        .fineTune(1)
        .proof("kernels")
        .pack("none")
        .seed(1L)
        .threads(1);
  }

  private static TransformReport run(Recipe recipe, String output) {
    return Compress.with(recipe)
        .calibratingOn(training)
        .tuningOn(new TuningData(training, Optional.of(validation)))
        .run(model, folder.resolve(output), true);
  }

  private static OnnxModel read(TransformReport report) {
    return OnnxReader.read(Path.of(requireNonNull(report.output()).path())).model();
  }

  private static double accuracy(OnnxModel of) {
    return new ModelScore(DatasetSamples.runOf(test, of.graph()), 1, Progress.NONE)
        .score(of)
        .value();
  }

  private static Map<String, TensorBuffer> images(int count) {
    return training
        .bind(DatasetSamples.inputsOf(plain.graph()))
        .take(count)
        .batches(count)
        .iterator()
        .next()
        .inputs();
  }

  /**
   * What is trained computes what ONNX Runtime computes of the file: with the graph as it stands,
   * and with its integer kernels, which may round a value half a code away to the other side.
   */
  @Test
  void theForwardPassIsTheQuantizedModel() {
    QuantizedForward.Closeness close =
        QuantizedForward.assertSameCodes(plain, images(16), Integer.MAX_VALUE);
    assertThat(close.exact()).isGreaterThan(45);
    assertThat(close.integer()).isGreaterThan(30);
  }

  /** Nothing but constants differs, all layers learned, and the same seed gives the same file. */
  @Test
  void theGraphStaysAndItsConstantsAreLearned() throws java.io.IOException {
    TransformReport report = run(recipe().build(), "aware.onnx");
    OnnxModel aware = read(report);
    assertThat(nodes(aware)).isEqualTo(nodes(plain));
    assertThat(requireNonNull(report.kernels()).unplannedFloat()).isEmpty();
    assertThat(report.notes()).anyMatch(n -> n.contains("learned through quantization for 1"));
    int changed = 0;
    for (Initializer one : plain.graph().initializers()) {
      if (one.tensor().type().equals(ElementType.INT8) && one.tensor().elementCount() > 100) {
        changed++;
        assertThat(bytes(aware, one.name())).isNotEqualTo(one.tensor().data().toByteArray());
      }
    }
    assertThat(changed).isGreaterThan(2);
    assertBiasesHaveTheScaleOfTheirProducts(aware);
    assertThat(accuracy(aware)).isGreaterThan(accuracy(plain) + 0.02);
    byte[] once = Files.readAllBytes(folder.resolve("aware.onnx"));
    run(recipe().build(), "again.onnx");
    assertThat(Files.readAllBytes(folder.resolve("again.onnx"))).isEqualTo(once);
  }

  private static List<String> nodes(OnnxModel of) {
    return of.graph().nodes().stream().map(Node::toString).toList();
  }

  private static byte[] bytes(OnnxModel of, String name) {
    return new GraphIndex(of.graph()).constant(name).orElseThrow().data().toByteArray();
  }

  private static void assertBiasesHaveTheScaleOfTheirProducts(OnnxModel of) {
    GraphIndex index = new GraphIndex(of.graph());
    int seen = 0;
    for (Node conv : of.graph().nodes()) {
      Optional<Node> bias = index.producer(conv.input(2), "DequantizeLinear");
      if (conv.is("Conv") && bias.isPresent()) {
        seen++;
        float input = scales(index, conv.input(0))[0];
        float[] weight = scales(index, conv.input(1));
        float[] product = scales(index, conv.input(2));
        for (int c = 0; c < product.length; c++) {
          assertThat(product[c]).isEqualTo(input * weight[c]);
        }
      }
    }
    assertThat(seen).isGreaterThan(2);
  }

  private static float[] scales(GraphIndex index, String dequantized) {
    Node node = index.producer(dequantized, "DequantizeLinear").orElseThrow();
    return index.constant(node.input(1)).orElseThrow().toFloats();
  }

  /** Zeros of a mask stay, and so do shared codes: counted in the file. */
  @Test
  void theCollaborativeSchemeKeepsZerosAndSharedCodes() {
    RecipeBuilder both = recipe().prune(0.3).pruneCriterion("magnitude").cluster(16).fineTune(2);
    OnnxModel untrained = read(run(both.quantizationAware(false).build(), "untrained.onnx"));
    TransformReport report = run(both.quantizationAware(null).build(), "trained.onnx");
    assertThat(report.notes()).anyMatch(n -> n.contains("learned through quantization for 2"));
    OnnxModel trained = read(report);
    int differ = 0;
    for (Initializer one : untrained.graph().initializers()) {
      if (!one.tensor().type().equals(ElementType.INT8) || one.tensor().shape().rank() < 2) {
        continue;
      }
      byte[] before = one.tensor().data().toByteArray();
      byte[] after = bytes(trained, one.name());
      Map<Byte, Byte> became = new HashMap<>();
      Set<Byte> codes = new HashSet<>();
      for (int i = 0; i < before.length; i++) {
        codes.add(after[i]);
        if (before[i] == 0) {
          assertThat(after[i]).isZero();
        }
        Byte known = became.putIfAbsent(before[i], after[i]);
        assertThat(known == null || known == after[i]).as(one.name()).isTrue();
      }
      assertThat(codes.size()).as(one.name()).isBetween(2, 16);
      differ += java.util.Arrays.equals(before, after) ? 0 : 1;
    }
    assertThat(differ).isGreaterThan(1);
    // The other one's clusters were tuned as well, before they became codes: nothing may be lost.
    assertThat(accuracy(trained)).isGreaterThan(accuracy(untrained) - 0.02);
  }

  /** Codes are shared within a group of channels; equal codes of two groups go their own ways. */
  @Test
  void codesOfGroupsStaySharedInEach() {
    int groups = 4;
    Recipe recipe = recipe().fineTune(null).cluster(8).clusterGroups(groups).build();
    OnnxModel clustered = read(run(recipe, "groups.onnx"));
    QuantizedTraining ready =
        QuantizedTraining.of(
            clustered, clustered, 127, new QuantizedTraining.SharedCodes(8, groups));
    TrainingSettings settings = TrainingFixtures.settings(2, OptimizerSettings.ADAMW, 3e-4);
    TrainingJob job = TrainingFixtures.job(ready.model(), training, settings);
    TrainingResult result =
        TrainingRun.of(TrainingFixtures.with(job, ready.structure()), Progress.NONE).run();
    assertThat(result.summary().bestEpoch()).as(result.summary().toString()).isPositive();
    OnnxModel learned = ready.write(result);
    int checked = 0;
    int apart = 0;
    for (Initializer one : clustered.graph().initializers()) {
      if (!one.tensor().type().equals(ElementType.INT8) || one.tensor().shape().rank() < 4) {
        continue;
      }
      checked++;
      ChannelGroups cut = requireNonNull(cutOf(ready, clustered, one.name()));
      assertThat(cut.groups()).isEqualTo(groups);
      byte[] before = one.tensor().data().toByteArray();
      byte[] after = bytes(learned, one.name());
      Map<List<Integer>, Byte> became = new HashMap<>();
      Map<Byte, Set<Byte>> ofCode = new HashMap<>();
      for (int i = 0; i < before.length; i++) {
        Byte known = became.putIfAbsent(List.of(cut.groupAt(i), (int) before[i]), after[i]);
        assertThat(known == null || known == after[i]).as(one.name()).isTrue();
        ofCode.computeIfAbsent(before[i], c -> new HashSet<>()).add(after[i]);
      }
      assertThat(became.size()).as(one.name()).isBetween(groups + 1, 8 * groups);
      apart += ofCode.values().stream().anyMatch(codes -> codes.size() > 1) ? 1 : 0;
    }
    assertThat(checked).isGreaterThan(2);
    assertThat(apart).isGreaterThan(0);
  }

  private static @Nullable ChannelGroups cutOf(
      QuantizedTraining ready, OnnxModel quantized, String codes) {
    Node reader = new GraphIndex(quantized.graph()).uses(codes).get(0).node();
    return ready.structure().groups().get(reader.output(0));
  }

  /** Weights of three steps a side: three bits, in the codes of eight. */
  @Test
  void whatRoundingRuinsIsLearnedAgain() {
    int limit = 3;
    OnnxModel coarse = coarse(plain, limit);
    QuantizedTraining ready = QuantizedTraining.of(coarse, coarse, limit, 0);
    TrainingSettings settings = TrainingFixtures.settings(2, OptimizerSettings.ADAMW, 1e-3);
    TrainingJob job = TrainingFixtures.job(ready.model(), training, settings);
    TrainingResult result =
        TrainingRun.of(TrainingFixtures.with(job, ready.structure()), Progress.NONE).run();
    OnnxModel learned = ready.write(result);
    double ruined = accuracy(coarse);
    double repaired = accuracy(learned);
    assertThat(repaired).isGreaterThan(ruined + 0.1 * (1 - ruined));
    for (Initializer one : learned.graph().initializers()) {
      if (one.tensor().type().equals(ElementType.INT8) && one.tensor().shape().rank() > 1) {
        for (byte code : one.tensor().data().toByteArray()) {
          assertThat(Math.abs(code)).isLessThanOrEqualTo(limit);
        }
      }
    }
  }

  private static OnnxModel coarse(OnnxModel of, int limit) {
    Graph graph = of.graph();
    GraphIndex index = new GraphIndex(graph);
    Map<String, Tensor> changed = new HashMap<>();
    for (Node node : graph.nodes()) {
      Optional<Tensor> codes = index.constant(node.input(0));
      if (node.is("DequantizeLinear")
          && codes.filter(c -> c.type().equals(ElementType.INT8)).isPresent()) {
        byte[] coarse = codes.get().data().toByteArray().clone();
        for (int i = 0; i < coarse.length; i++) {
          coarse[i] = (byte) Math.rint(coarse[i] * (limit / 127.0));
        }
        Tensor scale = index.constant(node.input(1)).orElseThrow();
        float[] steps = scale.toFloats();
        for (int i = 0; i < steps.length; i++) {
          steps[i] *= 127f / limit;
        }
        changed.put(node.input(0), Tensor.ofBytes(ElementType.INT8, codes.get().shape(), coarse));
        changed.put(node.input(1), Tensor.ofFloats(scale.shape(), steps));
      }
    }
    return of.withGraph(
        graph.withInitializers(
            graph.initializers().stream()
                .map(
                    i ->
                        changed.containsKey(i.name())
                            ? Initializer.of(i.name(), changed.get(i.name()))
                            : i)
                .toList()));
  }

  private static DistillReport distill(DistillJob.Models models, Path output) {
    DistillJob.Lessons usual = DistillJob.Lessons.DEFAULT;
    DistillJob.Lessons lessons =
        new DistillJob.Lessons(
            usual.temperature(),
            usual.alpha(),
            List.of(),
            usual.classes(),
            Optional.empty(),
            true,
            true);
    return Distillation.run(
        new DistillJob(
            models,
            new DistillJob.Data(training, Optional.of(validation), Optional.of(test)),
            lessons,
            TrainingFixtures.settings(1, OptimizerSettings.ADAMW, 1e-4),
            new DistillJob.Files(output, true, folder, TrainingFiles.NONE),
            Optional::empty),
        Progress.NONE);
  }

  /** {@code distill --quantization-aware}. */
  @Test
  void aStudentLearnsThroughItsQuantization() {
    Path output = folder.resolve("student.onnx");
    DistillReport report =
        distill(
            new DistillJob.Models(Optional.empty(), Optional.of(model), Optional.empty()), output);
    OnnxModel student = OnnxReader.read(output).model();
    assertThat(nodes(student)).anyMatch(n -> n.contains("QuantizeLinear"));
    assertThat(report.notes()).anyMatch(n -> n.contains("compute in integers"));
    assertThat(report.training().before()).isNotNull();
    DistillReport.Accuracy measured = requireNonNull(report.accuracy());
    assertThat(accuracy(student)).isEqualTo(measured.output(), within(1e-9));
    assertThat(measured.output()).isGreaterThan(accuracy(plain));
    Optional<StudentRecipe> narrow = Optional.of(StudentRecipe.parse("width=0.5"));
    assertThatThrownBy(
            () ->
                distill(
                    new DistillJob.Models(Optional.of(model), Optional.empty(), narrow), output))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("begins with new weights");
  }

  /** A student that was clustered in groups of channels has codes of its own in each. */
  @Test
  void aStudentsGroupsKeepTheirCodes() {
    int groups = 4;
    Recipe recipe =
        new RecipeBuilder()
            .cluster(8)
            .clusterGroups(groups)
            .pack("none")
            .proof("none")
            .threads(1)
            .build();
    Path clustered = folder.resolve("clustered.onnx");
    Compress.with(recipe).run(model, clustered, true);
    Path output = folder.resolve("student-groups.onnx");
    DistillReport report =
        distill(
            new DistillJob.Models(Optional.empty(), Optional.of(clustered), Optional.empty()),
            output);
    assertThat(report.notes())
        .anyMatch(n -> n.contains("at most 8 codes in each of 4 groups of channels"));
    int checked = 0;
    int apart = 0;
    for (Initializer one : OnnxReader.read(output).model().graph().initializers()) {
      Tensor codes = one.tensor();
      if (!codes.type().equals(ElementType.INT8) || codes.shape().rank() < 4) {
        continue;
      }
      checked++;
      ChannelGroups cut = ChannelGroups.of(codes.shape(), 0, groups);
      byte[] bytes = codes.data().toByteArray();
      Map<Integer, Set<Byte>> ofGroup = new HashMap<>();
      Set<Byte> all = new HashSet<>();
      for (int i = 0; i < bytes.length; i++) {
        ofGroup.computeIfAbsent(cut.groupAt(i), g -> new HashSet<>()).add(bytes[i]);
        all.add(bytes[i]);
      }
      assertThat(ofGroup.values()).as(one.name()).allMatch(set -> set.size() <= 8);
      apart += all.size() > 16 ? 1 : 0;
    }
    assertThat(checked).isGreaterThan(2);
    assertThat(apart).isGreaterThan(0);
  }

  @Test
  void wrongSettingsAreRefused() {
    assertThatThrownBy(() -> with(recipe().quantizationAware(true).quantizeMode("dynamic")))
        .hasMessageContaining("--quantize-mode dynamic");
    assertThatThrownBy(() -> with(recipe().quantizationAware(true).fineTune(null)))
        .hasMessageContaining("--fine-tune EPOCHS");
    assertThatThrownBy(() -> with(recipe().quantizationAware(true).quantize("fp16")))
        .hasMessageContaining("--quantize int8");
    assertThatThrownBy(() -> with(recipe().quantizationAware(true).target("cuda")))
        .hasMessageContaining("cuda");
    Path out = folder.resolve("never.onnx");
    assertThatThrownBy(() -> Compress.with(recipe().build()).run(model, out, true))
        .hasMessageContaining("--train-data");
    Dataset unfit = TrainingFixtures.data(30, 1);
    assertThatThrownBy(
            () ->
                Compress.with(recipe().build())
                    .tuningOn(new TuningData(unfit, Optional.empty()))
                    .run(model, out, true))
        .isInstanceOf(InvalidDataException.class);
    assertThat(out).doesNotExist();
  }

  private static Compress with(RecipeBuilder recipe) {
    return Compress.with(recipe.build());
  }
}
