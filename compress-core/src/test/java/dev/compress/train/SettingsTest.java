package dev.compress.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.train.LearningRate.Schedule;
import dev.compress.train.TrainingSettings.RunSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {
  /** 4 epochs of 10 steps, the first of which warms up: 30 steps of schedule. */
  @ParameterizedTest(name = "{0} at step {1}")
  @CsvSource({
    "COSINE, 0, 0.01",
    "COSINE, 9, 0.1",
    "COSINE, 10, 0.1",
    "COSINE, 25, 0.05",
    "COSINE, 40, 0",
    "COSINE, 99, 0",
    "STEP, 24, 0.1",
    "STEP, 25, 0.01",
    "STEP, 33, 0.001",
    "CONSTANT, 39, 0.1"
  })
  void theLearningRateRisesAndFalls(Schedule schedule, long step, double rate) {
    LearningRate all = new LearningRate(0.1, schedule, 1);
    assertThat(all.at(step, 10, 4)).isCloseTo(rate, within(1e-12));
  }

  /** arXiv 1710.01878, of 100 steps in the first 60 of which it prunes. */
  @ParameterizedTest(name = "step {0}")
  @CsvSource({"0, 0", "30, 0.7875", "60, 0.9", "99, 0.9"})
  void gradualPruningFollowsACube(long step, double share) {
    GradualPruning pruning = new GradualPruning(0.9, "magnitude", (model, s) -> model);
    assertThat(pruning.at(step, 100)).isCloseTo(share, within(1e-12));
    assertThat(pruning.isOver(step, 100)).isEqualTo(step >= 60);
  }

  @Test
  void augmentationsAreReadAndPrinted() {
    assertThat(Augmentation.parse("shift,flip,cutout")).isEqualTo(new Augmentation(2, true, 8));
    assertThat(Augmentation.parse("cutout=4, shift=1")).isEqualTo(new Augmentation(1, false, 4));
    assertThat(Augmentation.parse("none").any()).isFalse();
    Augmentation all = new Augmentation(3, true, 5);
    assertThat(Augmentation.parse(all.toString())).isEqualTo(all);
  }

  @ParameterizedTest
  @ValueSource(strings = {"spin", "shift=0", "flip=2", "shift=x", ""})
  void otherAugmentationsAreRefused(String text) {
    assertThatThrownBy(() -> Augmentation.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("shift, flip and cutout");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"prune", "prune=1", "width=0", "depth=1.5", "depth=-1", "depth=1e400", "height=2"})
  void otherStudentsAreRefused(String text) {
    assertThatThrownBy(() -> StudentRecipe.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("prune=0.5, width=0.5 or depth=2");
  }

  @Test
  void studentsAreReadAndPrinted() {
    assertThat(StudentRecipe.parse("width=0.25").toString()).isEqualTo("width=0.25");
    assertThat(StudentRecipe.parse("depth=0").toString()).isEqualTo("depth=0");
  }

  @Test
  void numbersThatMakeNoSenseAreRefused() {
    assertThatThrownBy(() -> new RunSettings(0, -1, 0)).hasMessageContaining("--threads");
    assertThatThrownBy(() -> LearningRate.cosine(0)).hasMessageContaining("--lr");
    assertThatThrownBy(() -> LearningRate.cosine(Double.NaN)).hasMessageContaining("--lr");
    assertThatThrownBy(() -> OptimizerSettings.SGD.withWeightDecay(1))
        .hasMessageContaining("--weight-decay");
    TrainingSettings usual = TrainingSettings.DEFAULT;
    assertThatThrownBy(
            () ->
                new TrainingSettings(
                    0,
                    1,
                    usual.optimizer(),
                    usual.learningRate(),
                    usual.augmentation(),
                    usual.run()))
        .hasMessageContaining("--epochs");
  }
}
