package dev.compress.models;

import dev.compress.progress.Progress;
import java.nio.file.Path;

/**
 * Port: how an embedded sample is made. Filled by the training package and found by {@link
 * java.util.ServiceLoader}; callers go through {@link Sample#rebuild}.
 */
public interface SampleRecipe {
  /** The name of the sample that it makes. */
  String sample();

  /**
   * Makes model and data and writes them.
   *
   * @param folder an existing folder; files of the same names are replaced
   * @param progress told the steps; asked whether to stop
   */
  void rebuild(Path folder, Progress progress);
}
