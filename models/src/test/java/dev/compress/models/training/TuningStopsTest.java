package dev.compress.models.training;

import static dev.compress.models.training.TrainingFixtures.data;
import static dev.compress.models.training.TrainingFixtures.network;
import static dev.compress.models.training.TrainingFixtures.weights;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.Compress;
import dev.compress.data.Dataset;
import dev.compress.error.CancelledException;
import dev.compress.error.InvalidDataException;
import dev.compress.graph.OnnxModel;
import dev.compress.models.SampleCatalog;
import dev.compress.models.SampleFiles;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.onnx.WriteSettings;
import dev.compress.progress.Progress;
import dev.compress.recipe.Recipe;
import dev.compress.recipe.RecipeBuilder;
import dev.compress.report.TransformReport;
import dev.compress.train.TrainingFiles;
import dev.compress.train.TrainingSummary.Reason;
import dev.compress.train.TuningData;
import dev.compress.train.TuningJob;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A tuning that is stopped: what is kept of it, and that it goes on to the same bytes. */
class TuningStopsTest {
  private static final int EPOCHS = 5;
  private static final int SAMPLES = 1000; // 900 of them are learned from
  private static final int EPOCH_SAMPLES = 900;

  @TempDir Path folder;
  private Path model = Path.of("");
  private Path output = Path.of("");
  private Path checkpoint = Path.of("");

  @BeforeEach
  void makeFiles() {
    TrainingFixtures.assumeNatives();
    model = folder.resolve("model.onnx");
    output = folder.resolve("out.onnx");
    checkpoint = folder.resolve("out.onnx.checkpoint");
    OnnxWriter.write(network(32, 1), model, WriteSettings.DEFAULT, Progress.NONE);
  }

  /** Stops a training, counted from 1, once it has seen so many samples, and goes on wishing it. */
  private static Progress stopping(int training, long samples) {
    return new Progress() {
      private int begun;
      private long seen;

      @Override
      public void begin(String stage, long total) {
        if (stage.equals("train")) {
          begun++;
          seen = 0;
        }
      }

      @Override
      public void advance(long steps) {
        seen += steps;
      }

      @Override
      public boolean cancelled() {
        return begun > training || (begun == training && seen >= samples);
      }
    };
  }

  private static RecipeBuilder recipe(String schedule) {
    return new RecipeBuilder()
        .prune(0.6)
        .pruneSchedule(schedule)
        .cluster(4)
        .fineTune(EPOCHS)
        .proof("none")
        .pack("none")
        .seed(1L)
        .threads(1);
  }

  private TransformReport run(Recipe recipe, Progress progress, boolean resume) {
    return run(recipe, data(SAMPLES, 2), progress, resume);
  }

  private TransformReport run(Recipe recipe, Dataset data, Progress progress, boolean resume) {
    TrainingFiles files = new TrainingFiles(Optional.of(checkpoint), resume, Optional.empty());
    return Compress.with(recipe)
        .calibratingOn(data)
        .tuningBy(new TuningJob(new TuningData(data, Optional.empty()), files))
        .reportingTo(progress)
        .run(model, output, true);
  }

  private OnnxModel whole(Recipe recipe) {
    run(recipe, Progress.NONE, false);
    OnnxModel whole = OnnxReader.read(output).model();
    output.toFile().delete();
    return whole;
  }

  private static double zeros(OnnxModel of) {
    double zeros = 0;
    double all = 0;
    for (String name : new String[] {"w1", "w2"}) {
      for (float weight : weights(of, name)) {
        zeros += weight == 0 ? 1 : 0;
        all++;
      }
    }
    return zeros / all;
  }

  /** Before an epoch is over, while it is pruned, after that, and while clusters are tuned. */
  @ParameterizedTest
  @CsvSource({
    "once, 1, 128, false",
    "once, 1, 2048, true",
    "agp, 1, 2048, false",
    "agp, 1, 4200, true",
    "agp, 2, 64, true",
    "once, 2, 1920, true"
  })
  void keepsTheBestAndGoesOnToTheSameBytes(
      String schedule, int training, long samples, boolean written) {
    Recipe recipe = recipe(schedule).build();
    OnnxModel whole = whole(recipe);
    if (written) {
      TransformReport report = run(recipe, stopping(training, samples), false);
      assertThat(report.trainings()).hasSize(training);
      assertThat(report.trainings().get(training - 1).summary().stopped().reason())
          .isEqualTo(Reason.INTERRUPTED);
      assertThat(report.warnings()).anyMatch(w -> w.startsWith("Interrupted while it was tuned"));
      assertThat(zeros(OnnxReader.read(output).model())).isCloseTo(0.6, within(0.02));
    } else {
      assertThatThrownBy(() -> run(recipe, stopping(training, samples), false))
          .isInstanceOf(CancelledException.class);
      assertThat(output).doesNotExist();
    }
    assertThat(checkpoint).exists();
    TransformReport resumed = run(recipe, Progress.NONE, true);
    assertThat(resumed.trainings()).hasSize(2);
    assertThat(resumed.trainings().get(0).summary().notes())
        .anyMatch(n -> n.startsWith("Went on from step"));
    OnnxModel end = OnnxReader.read(output).model();
    for (String name : new String[] {"w1", "b1", "w2", "b2"}) {
      assertThat(weights(end, name)).containsExactly(weights(whole, name));
    }
  }

  /** Three trainings: of zeros, of clusters, and through the quantization. */
  @Test
  void goesOnInQuantizationAwareTraining() {
    SampleFiles glyphs = SampleCatalog.find("glyphs").orElseThrow().extract(folder.resolve("in"));
    model = glyphs.model();
    Recipe recipe = recipe("agp").fineTune(2).quantize("int8").quantizeMode("static").build();
    try (Dataset images = Dataset.open(glyphs.calibrationData())) {
      Dataset few = images.take(200);
      TransformReport full = run(recipe, few, Progress.NONE, false);
      assertThat(full.trainings())
          .extracting(TransformReport.Training::name)
          .containsExactly("fine-tune", "fine-tune", "quantization-aware-training");
      String bytes = sha256(full);
      TransformReport stopped = run(recipe, few, stopping(3, 192), false);
      assertThat(stopped.trainings().get(2).summary().stopped().reason())
          .isEqualTo(Reason.INTERRUPTED);
      assertThat(sha256(run(recipe, few, Progress.NONE, true))).isEqualTo(bytes);
      assertThat(folder.resolve("out.onnx.checkpoint.3")).exists();
      Recipe other = recipe.toBuilder().prune(0.7).build();
      assertThatThrownBy(() -> run(other, few, Progress.NONE, true))
          .isInstanceOf(InvalidDataException.class)
          .hasMessageContaining("checkpoint of another training");
    }
    new TrainingFiles(Optional.of(checkpoint), false, Optional.empty()).removeCheckpoints();
    assertThat(folder.toFile().list()).containsExactlyInAnyOrder("model.onnx", "out.onnx", "in");
  }

  private static String sha256(TransformReport report) {
    return java.util.Objects.requireNonNull(report.output()).sha256();
  }

  /** A limit cannot be judged of a model that is not finished. */
  @Test
  void whereALimitHasToHoldNothingIsWritten() {
    Recipe recipe = recipe("once").strict(true).build();
    assertThatThrownBy(() -> run(recipe, stopping(1, 2 * EPOCH_SAMPLES + 100), false))
        .isInstanceOf(CancelledException.class);
    assertThat(output).doesNotExist();
    assertThat(Files.exists(checkpoint)).isTrue();
  }
}
