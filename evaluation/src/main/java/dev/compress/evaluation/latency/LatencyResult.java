package dev.compress.evaluation.latency;

import dev.compress.metric.Interval;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What was measured of one subject.
 *
 * @param distribution of all runs after warm-up, or null if there was none
 * @param medianLogHalfWidth of the median: half the 95% interval of its logarithm, by the medians
 *     of the windows; empty with fewer than two
 * @param ratio its time over the baseline's; empty for the baseline, or if one of them failed
 * @param ratioCi95 the ratio's 95% confidence interval
 * @param rounds turns that it had
 * @param failure why it ended early; empty if it did not
 * @param doubt what is to be said of the ratio; empty where it is known well
 * @param warnings what else a reader should know
 */
public record LatencyResult(
    @Nullable LatencyDistribution distribution,
    Optional<Double> medianLogHalfWidth,
    Optional<Double> ratio,
    Optional<Interval> ratioCi95,
    int rounds,
    Optional<RuntimeException> failure,
    Optional<String> doubt,
    List<String> warnings) {
  public LatencyResult {
    warnings = List.copyOf(warnings);
  }

  /** The same where the baseline is missing. */
  public LatencyResult alone() {
    return new LatencyResult(
        distribution,
        medianLogHalfWidth,
        Optional.empty(),
        Optional.empty(),
        rounds,
        failure,
        Optional.empty(),
        warnings);
  }

  /**
   * The same with the ratio of the times a sample.
   *
   * @param samples a run of this one
   * @param baselineSamples a run of the baseline
   */
  public LatencyResult perSample(int samples, int baselineSamples) {
    double factor = (double) baselineSamples / samples;
    return new LatencyResult(
        distribution,
        medianLogHalfWidth,
        ratio.map(r -> r * factor),
        ratioCi95.map(ci -> new Interval(ci.low() * factor, ci.high() * factor)),
        rounds,
        failure,
        doubt,
        warnings);
  }

  /** All that a reader should know. */
  public List<String> remarks() {
    List<String> all = new ArrayList<>(warnings);
    doubt.ifPresent(all::add);
    return all;
  }
}
