package dev.compress.train;

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
}
