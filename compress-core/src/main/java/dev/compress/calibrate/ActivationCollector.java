package dev.compress.calibrate;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.TensorBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ForkJoinPool;
import java.util.function.BiConsumer;

/** Collects {@link ActivationStatistics} over samples; each value is observed by one thread. */
public final class ActivationCollector {
  private final Map<String, MinMaxObserver> extremes = new LinkedHashMap<>();
  private final Map<String, HistogramObserver> histograms = new LinkedHashMap<>();
  private final Map<String, Integer> channelAxes = new LinkedHashMap<>();
  private final Map<String, Integer> meanAxes = new LinkedHashMap<>();
  private final Map<String, ChannelObserver> channels = new ConcurrentHashMap<>();

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
   * Wants the means per channel and nothing else of them, which takes less time.
   *
   * @param axisByValue the channels' axis of each value; negative counts from the end
   */
  public ActivationCollector meansOf(Map<String, Integer> axisByValue) {
    meanAxes.putAll(axisByValue);
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
    Set<String> direct = new LinkedHashSet<>(channelAxes.keySet());
    direct.addAll(meanAxes.keySet());
    direct.addAll(except(extremes.keySet(), histograms.keySet()));
    GraphReductions reductions =
        reader.reductions(except(extremes.keySet(), histograms.keySet()), channelAxes, meanAxes);
    Set<String> values = new LinkedHashSet<>(reductions.outputs());
    direct.removeAll(reductions.values());
    values.addAll(direct);
    values.addAll(histograms.keySet());
    ForkJoinPool pool = new ForkJoinPool(Math.max(1, threads));
    try {
      read(
          reader.with(reductions),
          samples,
          values,
          (batch, n) -> {
            reductions.observe(batch);
            each(pool, batch, histograms.keySet(), this::count);
            each(pool, batch, direct, this::observe);
          });
      Set<String> special = reductions.special();
      read(reader, samples, special, (batch, n) -> each(pool, batch, special, this::observe));
    } finally {
      pool.shutdown();
    }
    if (samples.count() == 0) {
      throw new InvalidDataException("The calibration data holds no sample; give at least one.");
    }
    for (String value : except(reductions.values(), reductions.special())) {
      channels.put(value, reductions.seen(value));
    }
    return statistics(samples.count());
  }

  private static void read(
      ActivationReader reader,
      Samples samples,
      Set<String> values,
      ActivationReader.Observer observer) {
    if (!values.isEmpty()) {
      reader.read(values, samples, "calibrate", observer);
    }
  }

  private static void each(
      ForkJoinPool pool,
      Map<String, TensorBuffer> batch,
      Set<String> values,
      BiConsumer<String, TensorBuffer> observer) {
    List<String> here = values.stream().filter(batch::containsKey).toList();
    if (here.isEmpty()) {
      return;
    }
    pool.submit(
            () ->
                here.parallelStream()
                    .forEach(
                        v -> observer.accept(v, floats(v, Objects.requireNonNull(batch.get(v))))))
        .join();
  }

  private static TensorBuffer floats(String value, TensorBuffer tensor) {
    if (!tensor.type().equals(ElementType.FLOAT)) {
      throw new IllegalArgumentException("Value " + value + " is " + tensor.type() + ", not float");
    }
    return tensor;
  }

  /** How many observations are asked for. */
  int observations() {
    return extremes.size() + histograms.size() + channelAxes.size() + meanAxes.size();
  }

  /** A collector of what is not known yet. */
  ActivationCollector without(CalibrationCache.Learnt known) {
    ActivationCollector rest = new ActivationCollector();
    rest.extremesOf(except(extremes.keySet(), known.summaries().keySet()));
    rest.histogramsOf(except(histograms.keySet(), known.histograms().keySet()));
    Map<String, Integer> axes = new LinkedHashMap<>(channelAxes);
    axes.entrySet().removeIf(e -> known.channels().containsKey(channelKey(e)));
    Map<String, Integer> means = new LinkedHashMap<>(meanAxes);
    means.entrySet().removeIf(e -> known.means().containsKey(channelKey(e)));
    return rest.channelsOf(axes).meansOf(means);
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
    meanAxes
        .entrySet()
        .forEach(
            e ->
                Optional.ofNullable(seen.means().get(e.getKey()))
                    .ifPresent(m -> learnt.means().put(channelKey(e), m)));
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
    Map<String, List<Double>> means = new HashMap<>();
    meanAxes
        .entrySet()
        .forEach(
            e -> {
              List<Double> mean = known.means().get(channelKey(e));
              if (mean != null) {
                means.put(e.getKey(), mean);
              }
            });
    return new ActivationStatistics(summaries, counted, perChannel, means, samples);
  }

  private static String channelKey(Map.Entry<String, Integer> valueAndAxis) {
    return valueAndAxis.getValue() + ":" + valueAndAxis.getKey();
  }

  private void count(String value, TensorBuffer tensor) {
    Objects.requireNonNull(histograms.get(value)).observe(tensor.floats());
  }

  private void observe(String value, TensorBuffer tensor) {
    Integer axis = channelAxes.getOrDefault(value, meanAxes.get(value));
    if (axis == null) {
      Objects.requireNonNull(extremes.get(value)).observe(tensor.floats());
    } else if (tensor.shape().elementCount() > 0) {
      int size = (int) tensor.shape().dim(axis);
      observeChannels(
          channels.computeIfAbsent(value, v -> new ChannelObserver(size)), tensor, axis);
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
    Map<String, List<Double>> means = new HashMap<>();
    channels.forEach(
        (v, o) -> {
          if (channelAxes.containsKey(v)) {
            perChannel.put(v, o.statistics());
          }
          if (meanAxes.containsKey(v)) {
            means.put(v, Arrays.stream(o.statistics().mean()).boxed().toList());
          }
        });
    return new ActivationStatistics(summaries, counted, perChannel, means, samples);
  }
}
