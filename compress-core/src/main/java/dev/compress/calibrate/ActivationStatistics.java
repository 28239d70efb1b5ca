package dev.compress.calibrate;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What calibration saw of a model's inner values.
 *
 * @param summaries count and extremes by value
 * @param histograms by value, where histograms were asked for
 * @param channels statistics per channel by value, where asked for
 * @param means per channel by value, where asked for
 * @param samples how many samples were run
 */
public record ActivationStatistics(
    Map<String, ValueSummary> summaries,
    Map<String, Histogram> histograms,
    Map<String, ChannelStatistics> channels,
    Map<String, List<Double>> means,
    long samples) {
  public ActivationStatistics {
    summaries = Map.copyOf(summaries);
    histograms = Map.copyOf(histograms);
    channels = Map.copyOf(channels);
    means = Map.copyOf(means);
  }

  /** The statistics per channel of a value, if they were asked for. */
  public Optional<ChannelStatistics> channelsOf(String value) {
    return Optional.ofNullable(channels.get(value));
  }

  /** The means per channel of a value, if they were asked for. */
  public Optional<double[]> meansOf(String value) {
    return Optional.ofNullable(means.get(value))
        .map(m -> m.stream().mapToDouble(Double::doubleValue).toArray());
  }
}
