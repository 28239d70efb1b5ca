package dev.compress.train;

import dev.compress.error.CancelledException;
import dev.compress.progress.HeedingProgress;
import dev.compress.train.TrainingSummary.Reason;
import java.util.ArrayList;
import java.util.List;

/**
 * The trainings of one transformation: what they have in common, and what became of them. One a
 * run; not thread-safe.
 */
public final class TuningRun {
  private final TuningJob job;
  private final Augmentation augmentation;
  private final boolean mayEndEarly;
  private final HeedingProgress progress;
  private final List<Training> trainings = new ArrayList<>();
  private int begun;
  private boolean stopped;

  /**
   * Nothing is trained yet.
   *
   * @param job on what
   * @param augmentation what is changed of images
   * @param mayEndEarly whether a model that was not tuned to its end is worth writing
   * @param progress of the transformation
   */
  public TuningRun(
      TuningJob job, Augmentation augmentation, boolean mayEndEarly, HeedingProgress progress) {
    this.job = job;
    this.augmentation = augmentation;
    this.mayEndEarly = mayEndEarly;
    this.progress = progress;
  }

  /**
   * A training.
   *
   * @param pass that trained
   * @param summary how it went
   */
  public record Training(String pass, TrainingSummary summary) {}

  /** On what. */
  public TuningData data() {
    return job.data();
  }

  /** All trainings so far. */
  public List<Training> trainings() {
    return List.copyOf(trainings);
  }

  /** Whether the user wanted it to stop: no other training is to begin. */
  public boolean stopped() {
    return stopped;
  }

  Augmentation augmentation() {
    return augmentation;
  }

  /** The files of the training that begins now. */
  TrainingFiles next() {
    if (begun == 0 && !job.files().resume()) {
      job.files().removeCheckpoints(); // of a run before, which this one has nothing to do with
    }
    begun++;
    return job.files().ofTraining(begun);
  }

  /**
   * A training is over.
   *
   * @throws CancelledException if the user stopped it and there is nothing worth writing
   */
  void over(String pass, TrainingSummary summary) {
    if (summary.stopped().reason() == Reason.INTERRUPTED) {
      boolean judged = !summary.epochs().isEmpty() && summary.best() != null;
      boolean learned = judged || !trainings.isEmpty();
      if (!learned || !mayEndEarly) {
        throw new CancelledException("Interrupted while it was tuned; nothing was written.");
      }
      stopped = true;
      progress.heed();
    }
    trainings.add(new Training(pass, summary));
  }
}
