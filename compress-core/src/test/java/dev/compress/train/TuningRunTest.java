package dev.compress.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.CancelledException;
import dev.compress.progress.HeedingProgress;
import dev.compress.progress.Progress;
import dev.compress.train.TrainingSummary.Epoch;
import dev.compress.train.TrainingSummary.Reason;
import dev.compress.train.TrainingSummary.Speed;
import dev.compress.train.TrainingSummary.Stop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TuningRunTest {
  private final AtomicInteger heeded = new AtomicInteger();

  /** Of somebody who wants an end all the time. */
  private final HeedingProgress progress =
      new HeedingProgress(
          new Progress() {
            @Override
            public void begin(String stage, long total) {}

            @Override
            public void advance(long steps) {}

            @Override
            public void heeded() {
              heeded.incrementAndGet();
            }

            @Override
            public boolean cancelled() {
              return true;
            }
          });

  private TuningRun run(boolean mayEndEarly, TrainingFiles files) {
    TuningData data = new TuningData(Networks.data(6, 1), Optional.empty());
    return new TuningRun(new TuningJob(data, files), Augmentation.NONE, mayEndEarly, progress);
  }

  private static TrainingSummary summary(
      Reason reason, int epochs, int bestEpoch, @Nullable Double best) {
    List<Epoch> all = new ArrayList<>();
    for (int i = 1; i <= epochs; i++) {
      all.add(new Epoch(i, 1, 0.5, 1e-3, 1));
    }
    return new TrainingSummary(
        "top1",
        all,
        bestEpoch,
        best,
        null,
        new Speed(1, null, 1),
        new Stop(reason, null),
        List.of());
  }

  private void assertKept(TrainingSummary stopped) {
    TuningRun run = run(true, TrainingFiles.NONE);
    run.over("fine-tune", stopped);
    assertThat(run.stopped()).isTrue();
    assertThat(run.trainings()).hasSize(1);
    assertThat(heeded.get()).isPositive();
    assertThat(progress.cancelled()).as("what is left to do is done").isFalse();
  }

  @Test
  void whatWasLearnedIsKept() {
    assertThat(progress.cancelled()).isTrue();
    assertKept(summary(Reason.INTERRUPTED, 2, 1, 0.8));
  }

  @Test
  void aModelThatNoEpochBetteredIsTheBestSoFar() {
    assertKept(summary(Reason.INTERRUPTED, 2, 0, 0.9));
  }

  @Test
  void thereIsNothingToKeepBeforeAnEpochCounts() {
    TuningRun run = run(true, TrainingFiles.NONE);
    assertThatThrownBy(() -> run.over("t", summary(Reason.INTERRUPTED, 0, 0, 0.9)))
        .isInstanceOf(CancelledException.class);
    TrainingSummary halfPruned = summary(Reason.INTERRUPTED, 3, 0, null);
    assertThatThrownBy(() -> run.over("t", halfPruned)).isInstanceOf(CancelledException.class);
    TuningRun limited = run(false, TrainingFiles.NONE);
    TrainingSummary learned = summary(Reason.INTERRUPTED, 3, 2, 0.9);
    assertThatThrownBy(() -> limited.over("t", learned)).isInstanceOf(CancelledException.class);
    assertThat(progress.cancelled()).isTrue();
  }

  @Test
  void aLaterTrainingMayStopAtOnce() {
    TuningRun run = run(true, TrainingFiles.NONE);
    run.over("fine-tune", summary(Reason.FINISHED, 3, 2, 0.9));
    assertThat(run.stopped()).isFalse();
    run.over("fine-tune", summary(Reason.INTERRUPTED, 0, 0, 0.9));
    assertThat(run.stopped()).isTrue();
    assertThat(run.trainings()).extracting(TuningRun.Training::pass).hasSize(2);
  }

  @Test
  void eachTrainingHasACheckpointAndThoseOfAnotherRunGo(@TempDir Path folder) throws IOException {
    Path first = Files.writeString(folder.resolve("c"), "");
    Path second = Files.writeString(folder.resolve("c.2"), "");
    Path apart = Files.writeString(folder.resolve("c.4"), "");
    TuningRun resumed = run(true, new TrainingFiles(Optional.of(first), true, Optional.empty()));
    assertThat(resumed.next().checkpoint()).contains(first);
    assertThat(resumed.next().checkpoint()).contains(second);
    assertThat(first).exists();
    TuningRun anew = run(true, new TrainingFiles(Optional.of(first), false, Optional.empty()));
    assertThat(anew.next().checkpoint()).contains(first);
    assertThat(first).doesNotExist();
    assertThat(second).doesNotExist();
    assertThat(apart).exists();
    assertThat(anew.next().resume()).isFalse();
  }
}
