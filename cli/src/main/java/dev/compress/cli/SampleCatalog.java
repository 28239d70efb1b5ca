package dev.compress.cli;

import dev.compress.data.Dataset;
import java.nio.file.Path;
import java.util.List;

/** The embedded models and datasets, and what arguments mean that may name one. */
interface SampleCatalog {
  /** All embedded models. */
  List<SampleModel> list();

  /**
   * The file of a model.
   *
   * @param argument a path, or sample:NAME
   * @throws UsageException if there is no such sample
   */
  Path modelFile(String argument);

  /**
   * The embedded data to calibrate on.
   *
   * @param argument sample:NAME
   * @throws UsageException if there is no such sample
   */
  Dataset calibrationData(String argument);

  /**
   * Data to learn from, drawn when it is asked for; disjoint from the other two.
   *
   * @param argument sample:NAME
   * @throws UsageException if there is no such sample
   */
  Dataset trainingData(String argument);

  /**
   * The embedded data to score on, disjoint from calibration.
   *
   * @param argument sample:NAME
   * @throws UsageException if there is no such sample
   */
  Dataset testData(String argument);
}
