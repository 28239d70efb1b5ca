package dev.compress.models.training;

import dev.compress.train.TrainingJob;
import dev.compress.train.TrainingSummary.Epoch;
import java.util.Locale;

/** What is to be seen while a training runs. */
final class ProgressText {
  private ProgressText() {}

  /** Epoch, loss, metric, speed and the time that is left. */
  static String of(Position at, TrainingJob job, SelectionScore score, double loss) {
    double speed = at.samplesSeen / Math.max(1e-9, at.trainingSeconds);
    Epoch last = at.epochs.isEmpty() ? null : at.epochs.get(at.epochs.size() - 1);
    Double value = last == null ? at.best : (Double) last.value();
    long samples = job.data().training().sampleCount();
    int epochs = job.settings().epochs();
    double left = (samples * (epochs - at.epoch) - at.samples) / Math.max(1e-9, speed);
    return String.format(
        Locale.ROOT,
        "epoch %d/%d  loss %.3f  %s  %.0f/s  %d:%02d left",
        at.epoch + 1,
        epochs,
        loss,
        value == null ? "" : metric(score, value),
        speed,
        (long) left / 60,
        (long) left % 60);
  }

  private static String metric(SelectionScore score, double value) {
    return score.isRate()
        ? String.format(Locale.ROOT, "%s %.1f%%", score.name(), 100 * value)
        : String.format(Locale.ROOT, "%s %.4g", score.name(), value);
  }
}
