package dev.compress.models.training;

import static dev.compress.models.training.TrainingFixtures.data;
import static dev.compress.models.training.TrainingFixtures.job;
import static dev.compress.models.training.TrainingFixtures.network;
import static dev.compress.models.training.TrainingFixtures.settings;
import static dev.compress.models.training.TrainingFixtures.weights;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.Compress;
import dev.compress.calibrate.DatasetSamples;
import dev.compress.data.Dataset;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.onnx.WriteSettings;
import dev.compress.progress.Progress;
import dev.compress.recipe.Recipe;
import dev.compress.recipe.RecipeBuilder;
import dev.compress.report.TransformReport;
import dev.compress.search.ModelScore;
import dev.compress.train.OptimizerSettings;
import dev.compress.train.TuningData;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole way: prune, tune, write; what the file holds, and how well it does by ONNX Runtime. */
class FineTuneTest {
  private static final int HIDDEN = 32;
  @TempDir static Path folder;
  private static Path model = Path.of("");

  @BeforeAll
  static void trainOne() {
    TrainingFixtures.assumeNatives();
    model = folder.resolve("model.onnx");
    OnnxModel trained =
        TrainingRun.of(
                job(network(HIDDEN, 1), data(600, 2), settings(8, OptimizerSettings.ADAMW, 0.01)),
                Progress.NONE)
            .run()
            .model();
    OnnxWriter.write(trained, model, WriteSettings.DEFAULT, Progress.NONE);
  }

  private static RecipeBuilder recipe() {
    return new RecipeBuilder().proof("none").pack("none").seed(1L).threads(1);
  }

  private static OnnxModel run(Recipe recipe, Dataset data) {
    Path output = folder.resolve("out.onnx");
    TransformReport report =
        Compress.with(recipe)
            .tuningOn(new TuningData(data, Optional.empty()))
            .run(model, output, true);
    assertThat(report.data())
        .extracting(TransformReport.DataUse::step)
        .contains("training", "validation");
    assertThat(report.data().stream().mapToLong(TransformReport.DataUse::samples).sum())
        .isEqualTo(data.sampleCount());
    return OnnxReader.read(output).model();
  }

  private static double accuracy(OnnxModel of) {
    return new ModelScore(DatasetSamples.runOf(data(900, 77), of.graph()), 1, Progress.NONE)
        .score(of)
        .value();
  }

  private static double zeros(OnnxModel of, String... names) {
    long zeros = 0;
    long all = 0;
    for (String name : names) {
      for (float weight : weights(of, name)) {
        zeros += weight == 0 ? 1 : 0;
        all++;
      }
    }
    return (double) zeros / all;
  }

  @ParameterizedTest
  @ValueSource(strings = {"once", "agp"})
  void aPrunedModelIsTunedAndKeepsItsZeros(String schedule) {
    Recipe pruned = recipe().prune(0.6).build();
    OnnxModel once = run(recipe().prune(0.6).fineTune(1).build(), data(600, 2));
    double untuned = accuracy(transformed(pruned));
    OnnxModel tuned =
        run(recipe().prune(0.6).fineTune(8).pruneSchedule(schedule).build(), data(6000, 2));
    assertThat(zeros(tuned, "w1", "w2")).isCloseTo(0.6, within(0.01));
    assertThat(zeros(once, "w1", "w2")).isCloseTo(0.6, within(0.01));
    assertThat(accuracy(tuned)).isGreaterThan(untuned + 0.02);
    assertThat(accuracy(tuned)).isGreaterThan(accuracy(OnnxReader.read(model).model()) - 0.06);
  }

  private static OnnxModel transformed(Recipe recipe) {
    Path output = folder.resolve("plain.onnx");
    Compress.with(recipe).run(model, output, true);
    return OnnxReader.read(output).model();
  }

  @Test
  void clustersAreTunedAsSharedValues() {
    OnnxModel plain = transformed(recipe().prune(0.5).cluster(4).build());
    OnnxModel tuned = run(recipe().prune(0.5).cluster(4).fineTune(4).build(), data(600, 2));
    for (String name : new String[] {"w1", "w2"}) {
      Set<Float> values = new HashSet<>();
      for (float weight : weights(tuned, name)) {
        values.add(weight);
      }
      assertThat(values).hasSizeBetween(2, 5); // four and the zeros
    }
    assertThat(zeros(tuned, "w1", "w2")).isGreaterThanOrEqualTo(0.49);
    assertThat(weights(tuned, "w1")).isNotEqualTo(weights(plain, "w1"));
  }

  @Test
  void tunedClustersAreCodesOfOneScaleInInt8() {
    Path wide = folder.resolve("wide.onnx");
    OnnxWriter.write(network(512, 3), wide, WriteSettings.DEFAULT, Progress.NONE);
    Path output = folder.resolve("wide.int8.onnx");
    Recipe recipe =
        recipe().prune(0.5).cluster(4).fineTune(2).quantize("int8").quantizeMode("weights").build();
    TransformReport report =
        Compress.with(recipe)
            .tuningOn(new TuningData(data(600, 2), Optional.empty()))
            .run(wide, output, true);
    assertThat(report.passes())
        .extracting(TransformReport.Pass::name)
        .containsSubsequence("fine-tune", "cluster-weights", "fine-tune", "quantize-int8");
    OnnxModel stored = OnnxReader.read(output).model();
    assertThat(weights(stored, "w2_s")).hasSize(1); // not one of each of the three columns
    long[] first = codes(stored, "w1_q");
    long[] second = codes(stored, "w2_q");
    assertThat(Arrays.stream(second).distinct().count()).isBetween(3L, 4L);
    double zeros =
        LongStream.concat(Arrays.stream(first), Arrays.stream(second)).filter(c -> c == 0).count();
    assertThat(zeros / (first.length + second.length)).isCloseTo(0.5, within(0.01));
  }

  @Test
  void whereNothingWasTakenAwayOnlyTheClustersAreTuned() {
    TransformReport report =
        Compress.with(recipe().cluster(4).fineTune(2).build())
            .tuningOn(new TuningData(data(600, 2), Optional.empty()))
            .run(model, folder.resolve("clustered.onnx"), true);
    assertThat(report.passes())
        .extracting(TransformReport.Pass::name)
        .filteredOn(name -> name.equals("fine-tune") || name.equals("cluster-weights"))
        .containsExactly("cluster-weights", "fine-tune");
  }

  private static long[] codes(OnnxModel of, String name) {
    return of.graph().initializers().stream()
        .filter(i -> i.name().equals(name))
        .findFirst()
        .orElseThrow()
        .tensor()
        .toLongs();
  }

  /** Labels are not needed: the input is the teacher. */
  @Test
  void removedChannelsStayRemovedAndDataNeedsNoLabels() {
    Dataset unlabelled =
        TrainingFixtures.dataset(
            Arrays.copyOf(data(600, 2).batches(600).iterator().next().input("x").toFloats(), 2400),
            new long[0]);
    OnnxModel tuned =
        run(
            recipe().prune(0.5).pruneKind("channels").channelRound(4).fineTune(4).build(),
            unlabelled);
    assertThat(weights(tuned, "w1")).hasSize(4 * HIDDEN / 2);
    assertThat(accuracy(tuned)).isGreaterThan(0.75);
  }

  @Test
  void wrongSettingsAreRefused() {
    assertThatThrownBy(() -> Compress.with(recipe().prune(0.5).pruneSchedule("agp").build()))
        .hasMessageContaining("--fine-tune EPOCHS");
    assertThatThrownBy(() -> Compress.with(recipe().fineTune(1).pruneSchedule("agp").build()))
        .hasMessageContaining("--prune SHARE");
    assertThatThrownBy(() -> Compress.with(recipe().prune(0.5).pruneSchedule("often").build()))
        .hasMessageContaining("once, agp");
    assertThatThrownBy(() -> Compress.with(recipe().prune(0.5).augment("flip").build()))
        .hasMessageContaining("Add --fine-tune EPOCHS");
    assertThatThrownBy(() -> Compress.with(recipe().fineTune(1).augment("spin").build()))
        .hasMessageContaining("shift, flip and cutout");
  }
}
