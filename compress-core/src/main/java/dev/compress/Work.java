package dev.compress;

import dev.compress.calibrate.DatasetSamples;
import dev.compress.calibrate.Samples;
import dev.compress.data.Dataset;
import dev.compress.graph.OnnxModel;
import dev.compress.metric.Metric;
import dev.compress.progress.Progress;
import dev.compress.recipe.Passes;
import dev.compress.search.ModelScore;
import dev.compress.train.TuningRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a run works with.
 *
 * @param passes the recipe with every text checked
 * @param calibration data to learn ranges from
 * @param selection labelled data that the recipe's limit is held on
 * @param tuning the trainings, if the recipe tunes
 * @param cacheFile where to keep what calibration learns
 * @param progress told how far the work has come; asked whether to stop
 * @param report gathers what is done
 */
record Work(
    Passes passes,
    Optional<Dataset> calibration,
    Optional<Dataset> selection,
    Optional<TuningRun> tuning,
    Optional<Path> cacheFile,
    Progress progress,
    ReportBuilder report) {
  private static final int DEFAULT_SAMPLES = 300;

  /** The calibration samples for a model, as many as the recipe wants. */
  Samples samplesOf(Dataset data, OnnxModel model) {
    Integer wanted = passes.recipe().calibrationSamples();
    return DatasetSamples.of(
        data, model, wanted == null ? DEFAULT_SAMPLES : wanted, report.threads());
  }

  /** Warns of settings of a calibration where there is none. */
  List<String> withoutEffect() {
    List<String> settings = new ArrayList<>();
    String method = passes.recipe().calibrationMethod();
    if (method != null && !method.equals("auto")) {
      settings.add("--calibration-method " + method);
    }
    if (passes.recipe().calibrationSamples() != null) {
      settings.add("--calibration-samples " + passes.recipe().calibrationSamples());
    }
    return calibration.isPresent() || settings.isEmpty()
        ? List.of()
        : List.of(
            String.join(" and ", settings)
                + " had no effect: nothing is calibrated without data. Give --calibration-data.");
  }

  /** Scores models on labelled data. */
  ModelScore scoreOn(Dataset data, OnnxModel model) {
    return new ModelScore(DatasetSamples.runOf(data, model.graph()), report.threads(), progress);
  }

  /** Whether the user wanted it to stop, and what is done so far is to be kept. */
  boolean stopped() {
    return tuning.filter(TuningRun::stopped).isPresent();
  }

  /** What to say where the limit does not hold. */
  static String dropFailure(ModelScore score, double drop, double limit) {
    Metric metric = score.metric();
    return String.format(
        java.util.Locale.ROOT,
        "%s %s by %.2f%s on %s; --max-drop allows %.2f. Nothing was written: allow more, give more"
            + " calibration data, or try --rounding adaptive.",
        metric,
        metric.higherIsBetter() ? "fell" : "rose",
        drop,
        metric.isRate() ? " points" : "%",
        score.data().name(),
        limit);
  }
}
