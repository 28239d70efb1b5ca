package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.metric.ErrorScorer;
import dev.compress.metric.LabelScorer;
import dev.compress.metric.Metric;
import dev.compress.metric.MetricResult;
import dev.compress.metric.PairedDifference;
import dev.compress.tensor.TensorBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Scores a model's outputs against what a dataset holds for true, class labels or target values,
 * batch by batch. Not thread-safe.
 */
public final class TruthScorer {
  private final @Nullable LabelScorer labels;
  private final @Nullable ErrorScorer errors;

  /**
   * A scorer that has seen nothing.
   *
   * @param metric one that compares with another model's outputs scores nothing here
   * @param data whose threshold tells two classes apart
   */
  public TruthScorer(Metric metric, Dataset data) {
    this.labels =
        metric.needs() == Metric.Needs.CLASS_LABELS
            ? new LabelScorer(metric, data.threshold())
            : null;
    this.errors = metric.needs() == Metric.Needs.TARGET_VALUES ? new ErrorScorer(metric) : null;
  }

  /** What the dataset asks for, or what its labels suggest; empty without labels. */
  public static Optional<Metric> metric(Dataset data) {
    if (data.metric().isPresent()) {
      return data.metric();
    }
    return switch (data.labelKind()) {
      case CLASS -> Optional.of(Metric.TOP1);
      case NONE -> Optional.empty();
      default -> Optional.of(Metric.MSE);
    };
  }

  /**
   * Adds a batch.
   *
   * @param output what the model gave for it
   * @param batch with its labels or targets
   * @throws InvalidDataException if they do not fit the output
   */
  public void add(TensorBuffer output, Batch batch) {
    if (labels != null) {
      labels.add(output, batch.labels());
    }
    if (errors != null) {
      errors.add(output, batch.rows(), batch.targets(), batch.count());
    }
  }

  /** What was found so far; empty where there is nothing true to compare with. */
  public Optional<MetricResult> result() {
    if (labels != null) {
      return Optional.of(labels.result());
    }
    return Optional.ofNullable(errors).map(ErrorScorer::result);
  }

  /**
   * This model in comparison with another on the same samples.
   *
   * @param first by the same metric
   * @return its paired difference; empty where there is nothing true to compare with
   */
  public Optional<PairedDifference> differenceFrom(TruthScorer first) {
    if (labels != null && first.labels != null) {
      return Optional.of(labels.differenceFrom(first.labels));
    }
    if (errors != null && first.errors != null) {
      return Optional.of(PairedDifference.ofValues(errors.perSample(), first.errors.perSample()));
    }
    return Optional.empty();
  }

  /** The scores by class; empty where the metric has none. */
  public Optional<LabelScorer> labels() {
    return Optional.ofNullable(labels);
  }
}
