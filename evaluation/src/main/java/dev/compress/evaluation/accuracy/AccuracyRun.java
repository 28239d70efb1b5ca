package dev.compress.evaluation.accuracy;

import dev.compress.data.Batch;
import dev.compress.data.Dataset;
import dev.compress.data.LabelKind;
import dev.compress.data.SampleRun;
import dev.compress.data.TruthScorer;
import dev.compress.error.CancelledException;
import dev.compress.error.InvalidDataException;
import dev.compress.metric.FidelityScorer;
import dev.compress.metric.LabelScorer;
import dev.compress.metric.Metric;
import dev.compress.metric.MetricResult;
import dev.compress.metric.PairedDifference;
import dev.compress.progress.Progress;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Scores models on one dataset, all on the same batch at the same time, so that outputs can be
 * compared without being kept. Results depend on the samples and their order only: models whose
 * arithmetic looks at the whole batch, as dynamic quantization does, run sample by sample.
 */
public final class AccuracyRun {
  private static final int USUAL_BATCH = 64;

  private final Dataset data;
  private final Optional<Metric> metric;
  private final Progress progress;
  private final List<Scored> models = new ArrayList<>();

  private AccuracyRun(Dataset data, Progress progress) {
    this.data = data;
    this.progress = progress;
    this.metric = TruthScorer.metric(data);
  }

  /** One model, its data, and what is known of it. */
  private static final class Scored {
    private final ScoredModel model;
    private final SampleRun run;
    private final List<String> results;
    private final Iterator<Batch> batches;
    private final FidelityScorer fidelity = new FidelityScorer();
    private final List<String> warnings = new ArrayList<>();
    private final @Nullable TruthScorer truth;
    private @Nullable RuntimeException failure;
    private @Nullable Batch batch;
    private List<Map<String, TensorBuffer>> steps = List.of();
    private @Nullable TensorBuffer output;
    private boolean comparable = true;

    Scored(ScoredModel model, Optional<Metric> metric, int most) {
      this.model = model;
      this.run = model.run();
      this.results = model.outputs().stream().filter(o -> !run.feedback().contains(o)).toList();
      this.batches = run.dataset().batches(run.batch(most)).iterator();
      warnings.addAll(run.dataset().notes());
      if (results.isEmpty()) {
        throw new InvalidDataException(
            model.name() + " gives nothing but its own state: there is nothing to score.");
      }
      truth = metric.map(m -> new TruthScorer(m, run.dataset())).orElse(null);
    }

    Optional<LabelScorer> labels() {
      return truth == null ? Optional.empty() : truth.labels();
    }
  }

  /**
   * Scores.
   *
   * @param models the first is the baseline
   * @param data with or without labels, not bound
   * @param progress told the samples; asked whether to stop
   * @return one score a model; what one throws ends its own score only
   * @throws InvalidDataException if the data does not fit a model, or there is none
   * @throws CancelledException if the caller stopped it
   */
  public static List<Score> measure(List<ScoredModel> models, Dataset data, Progress progress) {
    return new AccuracyRun(data, progress).measure(models);
  }

  private List<Score> measure(List<ScoredModel> scored) {
    int most = batch(scored);
    for (ScoredModel model : scored) {
      models.add(new Scored(model, metric, most));
    }
    checkData(most);
    progress.begin("score", data.sampleCount());
    while (models.stream().anyMatch(m -> m.failure == null) && next()) {
      progress.check();
      // Each in a process of its own: they may run side by side.
      models.parallelStream().filter(m -> m.failure == null).forEach(AccuracyRun::infer);
      rethrowCancellation();
      models.forEach(this::score);
      Batch told = models.get(0).batch;
      progress.advance(told == null ? 0 : told.count());
    }
    refuseDataThatFitsNone();
    return models.stream().map(this::result).toList();
  }

  /** One size for all, if there is one, so that outputs can be compared. */
  private static int batch(List<ScoredModel> models) {
    if (models.stream().anyMatch(ScoredModel::sampleBySample)) {
      return 1;
    }
    List<Integer> fixed =
        models.stream()
            .map(m -> m.run().batch(USUAL_BATCH))
            .filter(size -> size != USUAL_BATCH)
            .distinct()
            .toList();
    return fixed.size() == 1 ? fixed.get(0) : USUAL_BATCH;
  }

  /** A variant that the labels do not fit ends its own row; if they fit none, the data is wrong. */
  private void refuseDataThatFitsNone() {
    if (models.stream().allMatch(m -> m.failure instanceof InvalidLabelsException)) {
      throw new InvalidDataException(
          String.valueOf(Objects.requireNonNull(models.get(0).failure).getMessage()));
    }
  }

  /** Labels or targets do not fit a model's output. */
  private static final class InvalidLabelsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    InvalidLabelsException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  private void checkData(int most) {
    if (data.sampleCount() == 0) {
      throw new InvalidDataException(data.name() + " holds no sample. Give at least one.");
    }
    boolean wantsLabels = metric.filter(m -> m.needs() == Metric.Needs.CLASS_LABELS).isPresent();
    boolean wantsTargets = metric.filter(m -> m.needs() == Metric.Needs.TARGET_VALUES).isPresent();
    if ((wantsLabels && data.labelKind() != LabelKind.CLASS)
        || (wantsTargets && data.labelKind() == LabelKind.NONE)) {
      throw new InvalidDataException(
          data.name()
              + " has no labels for the metric "
              + metric.map(Metric::key).orElse("")
              + ". Name them in its descriptor (labels: {file: ..., column: ...}), or leave the"
              + " metric out to compare outputs only.");
    }
    Scored first = models.get(0);
    for (Scored other : models) {
      if (other.run.batch(most) != first.run.batch(most)) {
        other.comparable = false;
        other.warnings.add(
            other.model.name()
                + " fixes its batch at "
                + other.run.dataset().fixedBatch()
                + " and the baseline at "
                + first.run.dataset().fixedBatch()
                + " (0 is free): their outputs were not compared.");
      }
    }
  }

  /** Moves every model to its next batch; false when none has one left. */
  private boolean next() {
    boolean any = false;
    for (Scored scored : models) {
      scored.batch = scored.batches.hasNext() ? scored.batches.next() : null;
      any |= scored.batch != null && scored.failure == null;
    }
    return any;
  }

  private static void infer(Scored scored) {
    Batch batch = scored.batch;
    if (batch == null) {
      return;
    }
    try {
      List<Map<String, TensorBuffer>> steps = new ArrayList<>();
      scored.run.run(
          batch,
          (inputs, wanted) -> scored.model.inference().run(inputs),
          scored.model.outputs(),
          (step, inputs, outputs) -> steps.add(outputs));
      scored.steps = steps;
    } catch (RuntimeException e) {
      scored.failure = e;
    }
  }

  private void rethrowCancellation() {
    for (Scored scored : models) {
      if (scored.failure instanceof CancelledException cancelled) {
        throw cancelled;
      }
    }
  }

  private void score(Scored scored) {
    Batch batch = scored.batch;
    if (scored.failure != null || batch == null) {
      return;
    }
    String first = scored.results.get(0);
    List<TensorBuffer> all = new ArrayList<>();
    scored.steps.stream().map(s -> s.get(first)).filter(Objects::nonNull).forEach(all::add);
    if (all.size() < scored.steps.size()) {
      scored.failure =
          new InvalidDataException(
              "Output "
                  + first
                  + " of "
                  + scored.model.name()
                  + " is no"
                  + " numeric tensor: it cannot be scored.");
      return;
    }
    TensorBuffer output = scored.run.scored(all);
    scored.output = output;
    try {
      if (scored.truth != null) {
        scored.truth.add(output, batch);
      }
    } catch (InvalidDataException e) {
      scored.failure =
          new InvalidLabelsException(scored.run.dataset().name() + ": " + e.getMessage(), e);
      return;
    }
    Scored baseline = models.get(0);
    if (scored.comparable && baseline.failure == null && baseline.batch != null) {
      compare(baseline, scored, batch);
    }
  }

  /** Outputs whose shape depends on the data, such as boxes that are kept, may not compare. */
  private static void compare(Scored baseline, Scored scored, Batch batch) {
    for (int step = 0; step < Math.min(baseline.steps.size(), scored.steps.size()); step++) {
      compare(baseline, baseline.steps.get(step), scored, scored.steps.get(step), batch);
    }
    // A sample has one class, however many outputs and steps there are.
    if (fit(baseline.output, scored.output, batch)) {
      scored.fidelity.addClasses(
          Objects.requireNonNull(baseline.output),
          Objects.requireNonNull(scored.output),
          batch.rows(),
          batch.count());
    }
  }

  private static boolean fit(
      @Nullable TensorBuffer expected, @Nullable TensorBuffer actual, Batch batch) {
    return expected != null
        && actual != null
        && expected.shape().equals(actual.shape())
        && expected.shape().elementCount() > 0
        && expected.shape().dim(0) % batch.rows() == 0;
  }

  private static void compare(
      Scored baseline,
      Map<String, TensorBuffer> reference,
      Scored scored,
      Map<String, TensorBuffer> outputs,
      Batch batch) {
    for (String name : baseline.results) {
      TensorBuffer expected = reference.get(name);
      TensorBuffer actual = outputs.get(name);
      if (fit(expected, actual, batch)) {
        scored.fidelity.addValues(
            Objects.requireNonNull(expected),
            Objects.requireNonNull(actual),
            batch.rows(),
            batch.count());
      }
    }
  }

  private Score result(Scored scored) {
    Optional<MetricResult> accuracy = accuracy(scored);
    long invalid = scored.labels().map(LabelScorer::invalidRows).orElse(0L);
    if (invalid > 0) {
      scored.warnings.add(
          scored.model.name() + " gave NaN for " + invalid + " samples: they count as wrong.");
    }
    if (scored.fidelity.brokenElements() > 0) {
      scored.warnings.add(
          scored.fidelity.brokenElements()
              + " output elements of "
              + scored.model.name()
              + " are NaN or infinite where the baseline's are not, or the other way round.");
    }
    return new Score(
        scored.failure == null ? accuracy : Optional.empty(),
        scored.failure == null ? drop(scored) : Optional.empty(),
        scored.labels(),
        scored.failure == null && models.get(0).failure == null && scored.fidelity.compared()
            ? Optional.of(scored.fidelity) // what was compared of a part is not told as the whole
            : Optional.empty(),
        Optional.ofNullable(scored.failure),
        scored.warnings);
  }

  private Optional<MetricResult> accuracy(Scored scored) {
    if (scored.failure != null) {
      return Optional.empty();
    }
    Optional<MetricResult> byTruth =
        scored.truth == null ? Optional.empty() : scored.truth.result();
    if (byTruth.isPresent()) {
      return byTruth;
    }
    if (!scored.fidelity.compared() || models.get(0).failure != null) {
      return Optional.empty();
    }
    return metric.filter(m -> m == Metric.SQNR).isPresent()
        ? Optional.of(scored.fidelity.sqnr())
        : scored.fidelity.agreement();
  }

  private Optional<PairedDifference> drop(Scored scored) {
    Scored baseline = models.get(0);
    if (scored == baseline || scored.failure != null || baseline.failure != null) {
      return Optional.empty();
    }
    Optional<PairedDifference> byTruth =
        scored.truth == null || baseline.truth == null
            ? Optional.empty()
            : scored.truth.differenceFrom(baseline.truth);
    if (byTruth.isPresent()) {
      return byTruth;
    }
    return metric.filter(m -> m == Metric.SQNR).isPresent()
        ? Optional.empty()
        : scored.fidelity.disagreement();
  }
}
