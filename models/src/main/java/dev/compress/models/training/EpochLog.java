package dev.compress.models.training;

import dev.compress.tensor.NewFile;
import dev.compress.train.TrainingSummary.Epoch;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** The course of a training as comma-separated values, a line an epoch. */
final class EpochLog {
  private EpochLog() {}

  /** Writes all epochs so far; the file is replaced at once. */
  static void write(Path file, String metric, List<Epoch> epochs) {
    StringBuilder text = new StringBuilder();
    text.append("epoch,loss,").append(metric).append(",learning_rate,seconds\n");
    for (Epoch epoch : epochs) {
      text.append(
          String.format(
              Locale.ROOT,
              "%d,%.6g,%.6g,%.6g,%.3f%n",
              epoch.epoch(),
              epoch.loss(),
              epoch.value(),
              epoch.learningRate(),
              epoch.seconds()));
    }
    NewFile.replace(file, text.toString().replace("\r\n", "\n").getBytes(StandardCharsets.UTF_8));
  }
}
