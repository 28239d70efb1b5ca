package dev.compress.train;

import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The files of a training.
 *
 * @param checkpoint kept up to date while it trains, and replaced at once; empty: none
 * @param resume whether to go on from there, if it exists
 * @param log comma-separated values, a line an epoch; empty: none
 */
public record TrainingFiles(Optional<Path> checkpoint, boolean resume, Optional<Path> log) {
  /** No files. */
  public static final TrainingFiles NONE =
      new TrainingFiles(Optional.empty(), false, Optional.empty());

  /**
   * Checks.
   *
   * @throws IllegalArgumentException if there is nothing to resume from
   */
  public TrainingFiles {
    if (resume && checkpoint.isEmpty()) {
      throw new IllegalArgumentException("--resume needs the file of --checkpoint FILE.");
    }
  }

  /**
   * The files of one training of several.
   *
   * @param number counted from 1; the first has the checkpoint's own name
   */
  public TrainingFiles ofTraining(int number) {
    return new TrainingFiles(checkpoint.map(file -> numbered(file, number)), resume, log);
  }

  /**
   * Removes the checkpoints of all trainings.
   *
   * @throws ReadWriteException if one cannot be removed
   */
  public void removeCheckpoints() {
    if (checkpoint.isEmpty()) {
      return;
    }
    Path file = checkpoint.get();
    try {
      for (int number = 1; Files.deleteIfExists(file); number++) {
        file = numbered(checkpoint.get(), number + 1);
      }
    } catch (IOException e) {
      throw new ReadWriteException("Cannot remove " + file + ": " + IoReason.of(e) + ".", e);
    }
  }

  private static Path numbered(Path file, int number) {
    return number == 1 ? file : file.resolveSibling(file.getFileName() + "." + number);
  }
}
