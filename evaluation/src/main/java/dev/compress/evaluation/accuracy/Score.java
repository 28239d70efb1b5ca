package dev.compress.evaluation.accuracy;

import dev.compress.metric.FidelityScorer;
import dev.compress.metric.LabelScorer;
import dev.compress.metric.Metric;
import dev.compress.metric.MetricResult;
import dev.compress.metric.PairedDifference;
import java.util.List;
import java.util.Optional;

/**
 * What was scored of one model.
 *
 * @param accuracy by the dataset's metric; empty if the model failed, or there is no label
 * @param drop the baseline's value minus this one's (for errors the other way round), on the same
 *     samples, with its interval; in the metric's own unit. Empty for the baseline
 * @param labels what it predicted of every sample; empty where there are no class labels
 * @param fidelity to the baseline's outputs; empty if nothing could be compared
 * @param failure why it ended early
 * @param warnings what a reader should know
 */
public record Score(
    Optional<MetricResult> accuracy,
    Optional<PairedDifference> drop,
    Optional<LabelScorer> labels,
    Optional<FidelityScorer> fidelity,
    Optional<RuntimeException> failure,
    List<String> warnings) {
  public Score {
    warnings = List.copyOf(warnings);
  }

  /**
   * The same where the baseline is missing, so that nothing was compared with it.
   *
   * @param metric of the accuracy; one that compares with the baseline is left out
   */
  public Score alone(Optional<Metric> metric) {
    boolean own = metric.filter(m -> m.needs() != Metric.Needs.REFERENCE_OUTPUTS).isPresent();
    return new Score(
        own ? accuracy : Optional.empty(),
        Optional.empty(),
        labels,
        Optional.empty(),
        failure,
        warnings);
  }
}
