package dev.compress.cli;

import dev.compress.error.GateFailedException;
import dev.compress.evaluation.energy.EnergyChoice;
import dev.compress.progress.Progress;
import dev.compress.recipe.Recipe;
import dev.compress.report.TransformReport;
import dev.compress.train.TrainingFiles;
import java.nio.file.Path;
import java.util.Optional;

/** The library as the main command sees it. */
interface TransformEngine {
  /**
   * One job.
   *
   * @param recipe the settings
   * @param model a file, or sample:NAME
   * @param calibrationCache where ranges are kept
   * @param energy where the run's own energy is taken from
   * @param tuning where a tuning keeps how far it is
   */
  record Request(
      Recipe recipe,
      String model,
      Optional<Path> calibrationCache,
      EnergyChoice energy,
      TrainingFiles tuning) {}

  /**
   * What came of a job.
   *
   * @param report of what was done
   * @param gate the limit that does not hold, if one does not; then nothing was written
   */
  record Outcome(TransformReport report, Optional<GateFailedException> gate) {}

  /**
   * Says what a job would do.
   *
   * @param request the job
   * @param progress told how far it has come
   * @throws UsageException if a setting is wrong
   */
  TransformReport plan(Request request, Progress progress);

  /**
   * Does a job.
   *
   * @param request the job
   * @param output the file to write
   * @param overwrite whether an existing one is replaced
   * @param progress told how far it has come, and asked whether to stop
   * @throws UsageException if a setting is wrong
   */
  Outcome run(Request request, Path output, boolean overwrite, Progress progress);
}
