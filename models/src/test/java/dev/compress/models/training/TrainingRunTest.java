package dev.compress.models.training;

import static dev.compress.models.training.TrainingFixtures.data;
import static dev.compress.models.training.TrainingFixtures.job;
import static dev.compress.models.training.TrainingFixtures.network;
import static dev.compress.models.training.TrainingFixtures.settings;
import static dev.compress.models.training.TrainingFixtures.weights;
import static dev.compress.models.training.TrainingFixtures.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import dev.compress.calibrate.DatasetSamples;
import dev.compress.error.InvalidDataException;
import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.progress.Progress;
import dev.compress.search.ModelScore;
import dev.compress.tensor.Tensor;
import dev.compress.train.LearningRate;
import dev.compress.train.Objective;
import dev.compress.train.OptimizerSettings;
import dev.compress.train.Structure;
import dev.compress.train.Task;
import dev.compress.train.TrainingFiles;
import dev.compress.train.TrainingJob;
import dev.compress.train.TrainingResult;
import dev.compress.train.TrainingSettings;
import dev.compress.train.TrainingSummary.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingRunTest {
  private static final int EPOCHS = 4;
  private static final long STEPS_AN_EPOCH = 16; // 270 of 300 samples, by 16; what is over is left
  private static final TrainingSettings ADAMW = settings(EPOCHS, OptimizerSettings.ADAMW, 0.02);
  @TempDir Path folder;

  @BeforeAll
  static void nativesAreThere() {
    TrainingFixtures.assumeNatives();
  }

  private static TrainingJob usual() {
    return job(network(8, 1), data(300, 2), ADAMW);
  }

  private static TrainingResult train(TrainingJob job) {
    return TrainingRun.of(job, Progress.NONE).run();
  }

  /** Cancels, or counts, at a step. */
  private static Progress at(int step, boolean cancel, IntConsumer seen) {
    return new Progress() {
      private int steps = -1; // the first advance says where a training begins

      @Override
      public void begin(String stage, long total) {}

      @Override
      public void advance(long samples) {
        seen.accept(++steps);
      }

      @Override
      public boolean cancelled() {
        return cancel && steps >= step;
      }
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"ADAMW", "SGD"})
  void learnsAndTheModelScoresWhatItSays(String rule) {
    TrainingSettings how =
        rule.equals("SGD") ? settings(EPOCHS, OptimizerSettings.SGD, 0.1) : ADAMW;
    TrainingJob job = job(network(8, 1), data(300, 2), how);
    TrainingResult result = train(job);
    assertThat(result.summary().stopped().reason()).isEqualTo(Reason.FINISHED);
    assertThat(result.summary().epochs()).hasSize(EPOCHS);
    assertThat(result.summary().speed().steps()).isEqualTo(EPOCHS * STEPS_AN_EPOCH);
    ModelScore score =
        new ModelScore(
            DatasetSamples.runOf(job.data().selection(), job.model().graph()), 1, Progress.NONE);
    double after = score.score(result.model()).value(); // by ONNX Runtime
    assertThat(after).isEqualTo(result.summary().best()).isGreaterThan(0.8);
    assertThat(score.score(job.model()).value()).isLessThan(0.7);
  }

  @Test
  void theSameSeedGivesTheSameModelAndAnotherOneAnother() {
    float[] one = weights(train(usual()).model(), "w1");
    assertThat(weights(train(usual()).model(), "w1")).containsExactly(one);
    TrainingSettings other =
        new TrainingSettings(
            EPOCHS,
            16,
            OptimizerSettings.ADAMW,
            ADAMW.learningRate(),
            ADAMW.augmentation(),
            new TrainingSettings.RunSettings(4, 1, 0));
    float[] another = weights(train(job(network(8, 1), data(300, 2), other)).model(), "w1");
    assertThat(another).isNotEqualTo(one);
  }

  /** In the middle of an epoch, at its end, and before the first step is over. */
  @ParameterizedTest(name = "stopped at step {0}")
  @ValueSource(ints = {1, 16, 21, 60})
  void aResumedTrainingIsTheOneThatWasNotStopped(int step) throws IOException {
    TrainingResult whole = train(usual());
    Path file = folder.resolve("state.checkpoint");
    Path log = folder.resolve("log.csv");
    TrainingFiles files = new TrainingFiles(Optional.of(file), true, Optional.of(log));
    TrainingResult stopped = TrainingRun.of(with(usual(), files), at(step, true, s -> {})).run();
    assertThat(stopped.summary().stopped().reason()).isEqualTo(Reason.INTERRUPTED);
    assertThat(stopped.summary().speed().steps()).isLessThan(EPOCHS * STEPS_AN_EPOCH);
    TrainingResult resumed = train(with(usual(), files));
    for (String name : List.of("w1", "b1", "w2", "b2")) {
      assertThat(weights(resumed.model(), name)).containsExactly(weights(whole.model(), name));
    }
    assertThat(resumed.summary().best()).isEqualTo(whole.summary().best());
    assertThat(resumed.summary().bestEpoch()).isEqualTo(whole.summary().bestEpoch());
    assertThat(resumed.summary().notes()).anyMatch(note -> note.startsWith("Went on from step"));
    assertThat(Files.readAllLines(log)).hasSize(1 + EPOCHS);
    assertThat(Files.readAllLines(log).get(0)).isEqualTo("epoch,loss,top1,learning_rate,seconds");
  }

  /** A kill comes between two checkpoints: what was done since is done again. */
  @Test
  void aKilledTrainingGoesOnFromItsLastCheckpoint() {
    float[] whole = weights(train(usual()).model(), "w1");
    Path file = folder.resolve("state.checkpoint");
    TrainingFiles files = new TrainingFiles(Optional.of(file), true, Optional.empty());
    Progress kill =
        at(
            37,
            false,
            step -> {
              if (step == 37) {
                throw new IllegalStateException("killed");
              }
            });
    assertThatThrownBy(() -> TrainingRun.of(with(usual(), files), kill, 0).run())
        .hasMessage("killed");
    assertThat(file).exists();
    assertThat(weights(train(with(usual(), files)).model(), "w1")).containsExactly(whole);
  }

  @Test
  void anotherTrainingsCheckpointIsRefused() throws IOException {
    Path file = folder.resolve("state.checkpoint");
    TrainingFiles files = new TrainingFiles(Optional.of(file), true, Optional.empty());
    train(with(usual(), files));
    TrainingJob other = with(job(network(8, 1), data(300, 99), ADAMW), files);
    assertThatThrownBy(() -> train(other))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("another training");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length - 4));
    assertThatThrownBy(() -> train(with(usual(), files)))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("damaged");
    Files.writeString(
        file, "something else entirely, and long enough to be read as a header".repeat(3));
    assertThatThrownBy(() -> train(with(usual(), files)))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("no checkpoint");
  }

  /** From the second epoch on the rate is absurd. */
  @Test
  void aLossThatIsNoNumberStopsWithTheLastGoodModel() {
    TrainingSettings wild =
        new TrainingSettings(
            6,
            16,
            OptimizerSettings.SGD.withWeightDecay(0),
            new LearningRate(1e30, LearningRate.Schedule.CONSTANT, 0),
            ADAMW.augmentation(),
            ADAMW.run());
    TrainingResult result = train(job(network(8, 1), data(300, 2), wild));
    assertThat(result.summary().stopped().reason()).isEqualTo(Reason.DIVERGED);
    assertThat(result.summary().stopped().step()).isBetween(2L, 10L);
    assertThat(weights(result.model(), "w1")).containsExactly(weights(network(8, 1), "w1"));
  }

  @Test
  void endsEarlyWhereNothingGetsBetter() {
    TrainingSettings patient =
        new TrainingSettings(
            50,
            16,
            OptimizerSettings.ADAMW,
            LearningRate.cosine(1e-9), // nothing moves
            ADAMW.augmentation(),
            new TrainingSettings.RunSettings(3, 1, 2));
    TrainingResult result = train(job(network(8, 1), data(300, 2), patient));
    assertThat(result.summary().stopped().reason()).isEqualTo(Reason.EARLY_STOP);
    assertThat(result.summary().epochs()).hasSize(2);
    assertThat(result.summary().bestEpoch()).isZero();
  }

  /** Arrays of the engine that are alive; a leak of one a step would show as 50. */
  @Test
  void memoryDoesNotGrow() {
    NDManager own = OfflineEngine.withThreads(1).newBaseManager();
    NDManager system = own.getParentManager(); // of all managers
    Map<Integer, Integer> alive = new HashMap<>();
    Progress counting = at(0, false, step -> alive.put(step, system.getManagedArrays().size()));
    Structure structure = Structure.of(shared(network(8, 1)));
    TrainingRun.of(with(job(shared(network(8, 1)), data(300, 2), ADAMW), structure), counting)
        .run();
    own.close();
    assertThat(alive.get(60)).isEqualTo(alive.get(10)).isGreaterThan(10);
  }

  private static OnnxModel shared(OnnxModel model) {
    List<Initializer> all = new ArrayList<>();
    for (Initializer initializer : model.graph().initializers()) {
      float[] values = initializer.tensor().toFloats();
      boolean first = initializer.name().equals("w1");
      boolean weight = initializer.tensor().shape().rank() == 2;
      for (int i = 0; i < values.length && weight; i++) {
        if (first) {
          values[i] = i % 2 == 0 ? 0 : values[i];
        } else {
          values[i] = i % 4 * 0.25f - 0.25f; // four values, of which one is 0
        }
      }
      all.add(
          Initializer.of(
              initializer.name(), Tensor.ofFloats(initializer.tensor().shape(), values)));
    }
    return model.withGraph(model.graph().withInitializers(all));
  }

  @Test
  void zerosStayZeroAndSharedValuesStayShared() {
    OnnxModel before = shared(network(8, 1));
    Structure structure = Structure.of(before);
    assertThat(structure.rules())
        .isEqualTo(Map.of("w1", Structure.Rule.ZEROS, "w2", Structure.Rule.SHARED));
    for (OptimizerSettings rule : List.of(OptimizerSettings.ADAMW, OptimizerSettings.SGD)) {
      OnnxModel after =
          train(with(job(before, data(300, 2), settings(EPOCHS, rule, 0.02)), structure)).model();
      float[] pruned = weights(after, "w1");
      for (int i = 0; i < pruned.length; i++) {
        assertThat(pruned[i] == 0).isEqualTo(i % 2 == 0);
      }
      float[] old = weights(before, "w2");
      float[] now = weights(after, "w2");
      Map<Float, Set<Float>> became = new HashMap<>();
      for (int i = 0; i < old.length; i++) {
        became.computeIfAbsent(old[i], v -> new HashSet<>()).add(now[i]);
      }
      assertThat(became).hasSize(4);
      assertThat(became.values()).allMatch(values -> values.size() == 1);
      assertThat(became.get(0f)).containsExactly(0f);
      assertThat(became.get(0.25f)).doesNotContain(0.25f); // it did learn
    }
  }

  @Test
  void labelsThatAreNoClassesAreRefused() {
    float[] values = new float[80];
    long[] labels = new long[20];
    labels[3] = 1;
    labels[7] = CLASSES;
    TrainingJob job = job(network(8, 1), TrainingFixtures.dataset(values, labels), ADAMW);
    assertThatThrownBy(() -> train(job))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("Label 3")
        .hasMessageContaining("3 classes");
  }

  private static final int CLASSES = TrainingFixtures.CLASSES;

  @Test
  void oneClassAloneIsRefused() {
    TrainingJob job =
        job(network(8, 1), TrainingFixtures.dataset(new float[80], new long[20]), ADAMW);
    assertThatThrownBy(() -> train(job))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("one class");
  }

  @Test
  void classWeightsMoveWhatIsLearned() {
    TrainingJob usual = usual();
    Objective onlyLast =
        new Objective(Task.CLASSIFICATION, Optional.empty(), true, List.of(0.0, 0.0, 1.0));
    TrainingJob weighted =
        new TrainingJob(
            usual.model(),
            usual.data(),
            onlyLast,
            usual.settings(),
            Structure.NONE,
            TrainingFiles.NONE);
    double loss = train(weighted).summary().epochs().get(EPOCHS - 1).loss();
    assertThat(loss).isCloseTo(0, within(0.05)); // always the last class
    Objective two = new Objective(Task.CLASSIFICATION, Optional.empty(), true, List.of(1.0, 1.0));
    TrainingJob misfit =
        new TrainingJob(
            usual.model(), usual.data(), two, usual.settings(), Structure.NONE, TrainingFiles.NONE);
    assertThatThrownBy(() -> train(misfit)).hasMessageContaining("--class-weights has 2 numbers");
  }

  @Test
  void clippingLimitsTheStep() {
    TrainingSettings clipped =
        settings(1, OptimizerSettings.SGD.withWeightDecay(0).withClipNorm(1e-6), 0.1);
    TrainingJob job = job(network(8, 1), data(300, 2), clipped);
    TrainingResult result = train(job);
    float[] before = weights(job.model(), "w1");
    float[] after = weights(result.model(), "w1");
    // 16 steps of a rate of at most 0.1, a norm of 1e-6, and a momentum that sums to at most 10
    for (int i = 0; i < before.length; i++) {
      assertThat(after[i]).isCloseTo(before[i], within(1.7e-5f));
    }
  }
}
