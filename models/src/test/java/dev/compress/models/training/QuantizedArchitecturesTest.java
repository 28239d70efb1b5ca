package dev.compress.models.training;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.compress.Compress;
import dev.compress.calibrate.DatasetSamples;
import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.graph.OnnxModel;
import dev.compress.models.architecture.Architecture;
import dev.compress.models.architecture.BuildSettings;
import dev.compress.models.architecture.ImageSize;
import dev.compress.models.random.SplitMix64;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.onnx.WriteSettings;
import dev.compress.progress.Progress;
import dev.compress.recipe.RecipeBuilder;
import dev.compress.report.TransformReport;
import dev.compress.search.ModelScore;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import dev.compress.train.OptimizerSettings;
import dev.compress.train.TrainingSummary;
import dev.compress.train.TuningData;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Quantization-aware training from a float model to a written file, of networks that bound what
 * they compute (Clip) and that multiply two activations (attention). Judged by ONNX Runtime.
 */
class QuantizedArchitecturesTest {
  private static final int CLASSES = 4;
  private static final int SIDE = 64;
  private static final int TOKENS = 10;
  private static final int VOCABULARY = 40;

  @TempDir Path folder;

  @BeforeEach
  void needsNatives() {
    TrainingFixtures.assumeNatives();
  }

  private static BuildSettings settings(
      OptionalDouble width, Optional<ImageSize> image, OptionalInt vocabulary) {
    return new BuildSettings(OptionalInt.of(CLASSES), width, image, vocabulary);
  }

  private static OnnxModel mobileNet() {
    return Architecture.MOBILENETV2.build(
        1,
        settings(
            OptionalDouble.of(0.25), Optional.of(ImageSize.parse("3x64x64")), OptionalInt.empty()));
  }

  private static OnnxModel transformer() {
    return Architecture.TRANSFORMER.build(
        1, settings(OptionalDouble.empty(), Optional.empty(), OptionalInt.of(VOCABULARY)));
  }

  /** Noise over a bright quarter, which is the class. */
  private static Dataset images(OnnxModel model, int count, long seed) {
    SplitMix64 random = new SplitMix64(seed);
    float[] pixels = new float[count * 3 * SIDE * SIDE];
    long[] labels = new long[count];
    for (int i = 0; i < count; i++) {
      labels[i] = random.nextInt(CLASSES);
      for (int p = 0; p < 3 * SIDE * SIDE; p++) {
        int quarter = (p / SIDE % SIDE / (SIDE / 2)) * 2 + p % SIDE / (SIDE / 2);
        pixels[i * 3 * SIDE * SIDE + p] =
            (float) (0.8 * random.nextGaussian() + (quarter == labels[i] ? 0.6 : 0));
      }
    }
    String input = model.graph().inputs().get(0).name();
    return Dataset.of(
        "quarters",
        Map.of(input, TensorBuffer.of(Shape.of(count, 3, SIDE, SIDE), pixels)),
        labels,
        DataDescriptor.NONE);
  }

  /** Which quarter of the vocabulary most words of a sentence come from. */
  private static Dataset sentences(OnnxModel model, int count, long seed) {
    SplitMix64 random = new SplitMix64(seed);
    long[] ids = new long[count * TOKENS];
    long[] mask = new long[count * TOKENS];
    long[] labels = new long[count];
    int words = VOCABULARY / CLASSES;
    for (int i = 0; i < count; i++) {
      labels[i] = random.nextInt(CLASSES);
      for (int t = 0; t < TOKENS; t++) {
        boolean telling = random.nextInt(10) < 4;
        ids[i * TOKENS + t] =
            telling ? labels[i] * words + random.nextInt(words) : random.nextInt(VOCABULARY);
        mask[i * TOKENS + t] = 1;
      }
    }
    Shape shape = Shape.of(count, TOKENS);
    Map<String, TensorBuffer> inputs = new LinkedHashMap<>();
    inputs.put("input_ids", TensorBuffer.of(shape, ids));
    inputs.put("attention_mask", TensorBuffer.of(shape, mask));
    assertThat(model.graph().inputs()).hasSize(2);
    return Dataset.of("sentences", inputs, labels, DataDescriptor.NONE);
  }

  /** A float model that has learned, in a file. */
  private Path trained(OnnxModel model, Dataset data, int epochs) {
    OnnxModel learned =
        TrainingRun.of(
                TrainingFixtures.job(
                    model, data, TrainingFixtures.settings(epochs, OptimizerSettings.ADAMW, 2e-3)),
                Progress.NONE)
            .run()
            .model();
    Path file = folder.resolve("float.onnx");
    OnnxWriter.write(learned, file, WriteSettings.DEFAULT, Progress.NONE);
    return file;
  }

  private static RecipeBuilder recipe() {
    return new RecipeBuilder()
        .quantize("int8")
        .quantizeMode("static")
        .calibrationSamples(64)
        .fineTune(1)
        .proof("kernels")
        .pack("none")
        .seed(1L)
        .threads(1);
  }

  private static double accuracy(OnnxModel of, Dataset data) {
    return new ModelScore(DatasetSamples.runOf(data, of.graph()), 1, Progress.NONE)
        .score(of)
        .value();
  }

  private static TrainingSummary learned(TransformReport report) {
    TransformReport.Training last = report.trainings().get(report.trainings().size() - 1);
    assertThat(last.name()).isEqualTo("quantization-aware-training");
    return last.summary();
  }

  private static Map<String, TensorBuffer> inputs(OnnxModel model, Dataset data, int count) {
    return data.bind(DatasetSamples.inputsOf(model.graph()))
        .take(count)
        .batches(count)
        .iterator()
        .next()
        .copy()
        .inputs();
  }

  private static OnnxModel written(TransformReport report) {
    return OnnxReader.read(Path.of(requireNonNull(report.output()).path())).model();
  }

  /** What the trainer says of the model that it kept is what ONNX Runtime says of the file. */
  private static OnnxModel assertWrittenAsLearned(
      TransformReport report, Dataset selection, int shallow, double decibels) {
    OnnxModel written = written(report);
    assertThat(requireNonNull(report.kernels()).unplannedFloat()).isEmpty();
    TrainingSummary summary = learned(report);
    assertThat(summary.epochs()).isNotEmpty();
    assertThat(accuracy(written, selection))
        .isCloseTo(requireNonNull(summary.best()), within(2.5 / selection.sampleCount()));
    QuantizedForward.Closeness close =
        QuantizedForward.assertSameCodes(written, inputs(written, selection, 16), shallow);
    assertThat(close.exact()).isGreaterThan(decibels);
    assertThat(close.integer()).isGreaterThan(20);
    return written;
  }

  /** Too few steps to be good at it: what counts is that file and trainer agree. */
  @Test
  void mobileNetLearnsThroughItsClips() {
    OnnxModel model = mobileNet();
    Dataset training = images(model, 96, 2);
    Dataset selection = images(model, 64, 3);
    Path file = trained(model, training, 1);
    RecipeBuilder recipe = recipe().calibrationSamples(32);
    Compress door = Compress.with(recipe.fineTune(null).build()).calibratingOn(training);
    OnnxModel plain = written(door.run(file, folder.resolve("plain.onnx"), true));
    TransformReport report =
        Compress.with(recipe.fineTune(2).build())
            .calibratingOn(training)
            .tuningOn(new TuningData(training, Optional.of(selection)))
            .run(file, folder.resolve("int8.onnx"), true);
    OnnxModel written = assertWrittenAsLearned(report, selection, 10, 25);
    long clips = written.graph().nodes().stream().filter(n -> n.is("Clip")).count();
    int convs =
        requireNonNull(report.kernels()).integer().getOrDefault("Conv", 0)
            + requireNonNull(report.kernels()).integer().getOrDefault("Gemm", 0);
    assertThat(clips).isGreaterThan(20);
    assertThat(convs).isGreaterThan(20);
    assertThat(written.graph().nodes().toString()).isEqualTo(plain.graph().nodes().toString());
    assertThat(learned(report).epochs().get(1).loss())
        .isLessThan(learned(report).epochs().get(0).loss());
  }

  @Test
  void aTransformerLearnsThroughItsQuantization() {
    OnnxModel model = transformer();
    Dataset training = sentences(model, 1200, 2);
    Dataset selection = sentences(model, 200, 3);
    Path file = trained(model, training, 2);
    TransformReport report =
        Compress.with(recipe().build())
            .calibratingOn(training)
            .tuningOn(new TuningData(training, Optional.of(selection)))
            .run(file, folder.resolve("int8.onnx"), true);
    OnnxModel written = assertWrittenAsLearned(report, selection, Integer.MAX_VALUE, 35);
    double before = accuracy(OnnxReader.read(file).model(), sentences(model, 400, 4));
    assertThat(before).isGreaterThan(0.6);
    assertThat(accuracy(written, sentences(model, 400, 4))).isGreaterThan(before - 0.05);
  }

  /** What was learned is what the limit is held of, and the report's drop is that of the file. */
  @Test
  void aLimitHoldsOfWhatWasLearned() {
    OnnxModel model = transformer();
    Dataset training = sentences(model, 600, 2);
    Dataset limit = sentences(model, 300, 5);
    Path file = trained(model, training, 2);
    TransformReport report =
        Compress.with(recipe().maxDrop(0.5).build())
            .calibratingOn(training)
            .tuningOn(new TuningData(training, Optional.empty()))
            .holdingAccuracyOn(limit)
            .run(file, folder.resolve("int8.onnx"), true);
    TransformReport.Accuracy said = requireNonNull(report.accuracy());
    assertThat(said.drop()).isLessThanOrEqualTo(0.5);
    assertThat(accuracy(written(report), limit)).isCloseTo(said.output(), within(1e-9));
    assertThat(accuracy(OnnxReader.read(file).model(), limit))
        .isCloseTo(said.input(), within(1e-9));
    assertThat(learned(report).epochs()).isNotEmpty();
    assertThat(report.data())
        .extracting(TransformReport.DataUse::step)
        .contains("training", "selection");
  }
}
