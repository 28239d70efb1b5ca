package dev.compress.search;

import dev.compress.data.Batch;
import dev.compress.data.Dataset;
import dev.compress.data.LabelKind;
import dev.compress.data.SampleRun;
import dev.compress.data.TruthScorer;
import dev.compress.error.InvalidDataException;
import dev.compress.graph.OnnxModel;
import dev.compress.metric.Metric;
import dev.compress.metric.MetricResult;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Scores a model on labelled data by its first numeric output. */
public final class ModelScore {
  private static final int BATCH = 64;

  private final SampleRun run;
  private final Dataset data;
  private final Metric metric;
  private final int threads;
  private final Progress progress;

  /**
   * A scorer.
   *
   * @param run the data bound to the model, with labels or targets
   * @param threads for the runtime
   * @param progress told one step a sample
   * @throws InvalidDataException if there are no labels, or not those that the metric needs
   */
  public ModelScore(SampleRun run, int threads, Progress progress) {
    this.run = run;
    this.data = run.dataset();
    this.threads = threads;
    this.progress = progress;
    this.metric = metricOf(data);
  }

  private static Metric metricOf(Dataset data) {
    if (data.labelKind() == LabelKind.NONE) {
      throw new InvalidDataException(
          data.name()
              + " has no labels, so no accuracy can be measured on it. Name the labels in a"
              + " descriptor (labels: {column: ..., file: ...}), or leave --data away.");
    }
    boolean classes = data.labelKind() == LabelKind.CLASS;
    Metric metric = TruthScorer.metric(data).orElseThrow();
    Metric.Needs needs = classes ? Metric.Needs.CLASS_LABELS : Metric.Needs.TARGET_VALUES;
    if (metric.needs() != needs) {
      throw new InvalidDataException(
          data.name()
              + " asks for the metric "
              + metric
              + ", which its "
              + (classes ? "class labels" : "target values")
              + " do not give. Set "
              + (classes ? "metric: top1, top5, f1 or accuracy" : "metric: mse or mae")
              + " in its descriptor.");
    }
    return metric;
  }

  /** What it scores on. */
  public Dataset data() {
    return data;
  }

  /** The metric. */
  public Metric metric() {
    return metric;
  }

  /** Runs the model on all samples. */
  public MetricResult score(OnnxModel model) {
    progress.begin("score", data.sampleCount());
    try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(threads))) {
      String output =
          session.tensorOutputs().stream()
              .filter(name -> !run.feedback().contains(name))
              .findFirst()
              .orElseThrow(
                  () -> new InvalidDataException("The model gives nothing but its own state."));
      TruthScorer scorer = new TruthScorer(metric, data);
      for (Batch batch : data.batches(run.batch(BATCH))) {
        scorer.add(run(session, batch, output), batch);
        progress.advance(batch.count());
        progress.check();
      }
      return scorer.result().orElseThrow();
    }
  }

  private TensorBuffer run(InferenceSession session, Batch batch, String output) {
    List<TensorBuffer> steps = new ArrayList<>();
    run.run(
        batch,
        session::run,
        List.of(output),
        (step, inputs, outputs) -> steps.add(Objects.requireNonNull(outputs.get(output))));
    return run.scored(steps);
  }
}
