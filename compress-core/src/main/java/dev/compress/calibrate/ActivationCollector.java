package dev.compress.calibrate;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.TensorBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Consumer;

/** Collects {@link ActivationStatistics} over samples; each value is observed by one thread. */
public final class ActivationCollector {
  private final Map<String, MinMaxObserver> extremes = new LinkedHashMap<>();
  private final Map<String, HistogramObserver> histograms = new LinkedHashMap<>();
  private final Map<String, Integer> channelAxes = new LinkedHashMap<>();
  private final Map<String, ChannelObserver> channels = new HashMap<>();

  /** Wants the extremes of values. */
  public ActivationCollector extremesOf(Set<String> values) {
    values.forEach(v -> extremes.put(v, new MinMaxObserver()));
    return this;
  }

  /** Wants histograms of values. */
  public ActivationCollector histogramsOf(Set<String> values) {
    values.forEach(v -> histograms.put(v, new HistogramObserver()));
    return this;
  }

  /**
   * Wants statistics per channel.
   *
   * @param axisByValue the channels' axis of each value; negative counts from the end
   */
  public ActivationCollector channelsOf(Map<String, Integer> axisByValue) {
    channelAxes.putAll(axisByValue);
    return this;
  }

  /**
   * Runs the samples.
   *
   * @param reader of the model whose values these are
   * @param samples its inputs
   * @param threads for the observers
   * @throws InvalidDataException if there is no sample
   */
  public ActivationStatistics collect(ActivationReader reader, Samples samples, int threads) {
    Set<String> values = new LinkedHashSet<>(extremes.keySet());
    values.addAll(channelAxes.keySet());
    values.removeAll(histograms.keySet());
    Map<String, Integer> axes = new LinkedHashMap<>(channelAxes);
    axes.keySet().retainAll(values);
    GraphReductions reductions = reader.reductions(values, axes);
    values.addAll(histograms.keySet());
    values.removeAll(reductions.values());
    Set<String> read = new LinkedHashSet<>(reductions.outputs());
    read.addAll(values);
    read(reader.with(reductions), samples, read, threads, reductions::observe);
    read(reader, samples, reductions.special(), threads, batch -> {});
    if (samples.count() == 0) {
      throw new InvalidDataException("The calibration data holds no sample; give at least one.");
    }
    for (String value : reductions.values()) {
      if (!reductions.special().contains(value)) {
        channels.put(value, reductions.seen(value));
      }
    }
    return statistics(samples.count());
  }

  private void read(
      ActivationReader reader,
      Samples samples,
      Set<String> values,
      int threads,
      Consumer<Map<String, TensorBuffer>> also) {
    if (values.isEmpty()) {
      return;
    }
    ForkJoinPool pool = new ForkJoinPool(Math.max(1, threads));
    try {
      reader.read(
          values,
          samples,
          "calibrate",
          (batch, n) -> {
            also.accept(batch);
            channelAxes.forEach((v, axis) -> prepareChannels(v, axis, batch.get(v)));
            pool.submit(() -> batch.entrySet().parallelStream().forEach(this::observe)).join();
          });
    } finally {
      pool.shutdown();
    }
  }

  /** How many observations are asked for. */
  int observations() {
    return extremes.size() + histograms.size() + channelAxes.size();
  }

  /** A collector of what is not known yet. */
  ActivationCollector without(CalibrationCache.Learnt known) {
    ActivationCollector rest = new ActivationCollector();
    rest.extremesOf(except(extremes.keySet(), known.summaries().keySet()));
    rest.histogramsOf(except(histograms.keySet(), known.histograms().keySet()));
    Map<String, Integer> axes = new LinkedHashMap<>(channelAxes);
    axes.entrySet().removeIf(e -> known.channels().containsKey(channelKey(e)));
    return rest.channelsOf(axes);
  }

  private static Set<String> except(Set<String> all, Set<String> known) {
    Set<String> rest = new LinkedHashSet<>(all);
    rest.removeAll(known);
    return rest;
  }

  /** Adds what this collector saw. */
  void remember(ActivationStatistics seen, CalibrationCache.Learnt learnt) {
    learnt.summaries().putAll(seen.summaries());
    learnt.histograms().putAll(seen.histograms());
    channelAxes
        .entrySet()
        .forEach(
            e ->
                seen.channelsOf(e.getKey())
                    .ifPresent(c -> learnt.channels().put(channelKey(e), c)));
  }

  /** What this collector would see, all of it being known. */
  ActivationStatistics recall(CalibrationCache.Learnt known, long samples) {
    Set<String> values = new LinkedHashSet<>(extremes.keySet());
    values.addAll(histograms.keySet());
    Map<String, ValueSummary> summaries = new HashMap<>(known.summaries());
    summaries.keySet().retainAll(values);
    Map<String, Histogram> counted = new HashMap<>(known.histograms());
    counted.keySet().retainAll(histograms.keySet());
    Map<String, ChannelStatistics> perChannel = new HashMap<>();
    channelAxes
        .entrySet()
        .forEach(
            e -> {
              ChannelStatistics statistics = known.channels().get(channelKey(e));
              if (statistics != null) {
                perChannel.put(e.getKey(), statistics);
              }
            });
    return new ActivationStatistics(summaries, counted, perChannel, samples);
  }

  private static String channelKey(Map.Entry<String, Integer> valueAndAxis) {
    return valueAndAxis.getValue() + ":" + valueAndAxis.getKey();
  }

  private void prepareChannels(
      String value, int axis, @org.jspecify.annotations.Nullable TensorBuffer tensor) {
    if (tensor != null && !channels.containsKey(value)) {
      channels.put(value, new ChannelObserver((int) tensor.shape().dim(axis)));
    }
  }

  private void observe(Map.Entry<String, TensorBuffer> entry) {
    String value = entry.getKey();
    TensorBuffer tensor = entry.getValue();
    if (!tensor.type().equals(ElementType.FLOAT)) {
      throw new IllegalArgumentException("Value " + value + " is " + tensor.type() + ", not float");
    }
    MinMaxObserver minMax = extremes.get(value);
    HistogramObserver histogram = histograms.get(value);
    ChannelObserver channel = channels.get(value);
    if (minMax != null && channel == null) {
      minMax.observe(tensor.floats());
    }
    if (histogram != null) {
      histogram.observe(tensor.floats());
    }
    if (channel != null && tensor.shape().elementCount() > 0) {
      observeChannels(channel, tensor, channelAxes.getOrDefault(value, 1));
    }
  }

  private static void observeChannels(ChannelObserver observer, TensorBuffer tensor, int axis) {
    int rank = tensor.shape().rank();
    int from = axis < 0 ? axis + rank : axis;
    int inner = 1;
    for (int i = from + 1; i < rank; i++) {
      inner = Math.multiplyExact(inner, (int) tensor.shape().dim(i));
    }
    int slice = Math.multiplyExact(inner, (int) tensor.shape().dim(from));
    float[] piece = new float[slice];
    java.nio.FloatBuffer all = tensor.floats();
    while (all.hasRemaining()) {
      all.get(piece);
      observer.observe(piece, 0, slice, inner);
    }
  }

  private ActivationStatistics statistics(long samples) {
    Map<String, ValueSummary> summaries = new HashMap<>();
    Map<String, Histogram> counted = new HashMap<>();
    Map<String, ChannelStatistics> perChannel = new HashMap<>();
    extremes.forEach(
        (v, o) -> {
          ChannelObserver channel = channels.get(v);
          summaries.put(v, channel == null ? o.summary() : channel.summary());
        });
    histograms.forEach(
        (v, o) -> {
          counted.put(v, o.histogram());
          summaries.put(v, o.summary());
        });
    channelAxes.keySet().stream()
        .filter(channels::containsKey)
        .forEach(v -> perChannel.put(v, Objects.requireNonNull(channels.get(v)).statistics()));
    return new ActivationStatistics(summaries, counted, perChannel, samples);
  }
}
