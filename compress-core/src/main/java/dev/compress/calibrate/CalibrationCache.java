package dev.compress.calibrate;

import dev.compress.error.InvalidDataException;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.graph.GraphPrinter;
import dev.compress.graph.OnnxModel;
import dev.compress.tensor.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What calibration has learnt, kept by the content of the model and of the samples it was learnt
 * from, so that nothing is observed twice: within a run where a search quantizes the same model
 * again, and between runs in a file. Thread-safe.
 *
 * <p>Entries fit exactly or not at all: a model with other weights or a dataset with another sample
 * has another key. Observations are kept by value, so a plan that needs fewer values finds them.
 */
public final class CalibrationCache {
  /** Of models and data not asked for in this run, so many stay in the file. */
  private static final int MOST_KEPT = 16;

  /**
   * What was learnt from one model and one set of samples.
   *
   * @param summaries by value
   * @param histograms by value
   * @param channels by value and axis, as {@code axis:value}
   * @param means per channel by value and axis, likewise
   * @param choices decisions that were searched for, by a digest of the question
   */
  record Learnt(
      Map<String, ValueSummary> summaries,
      Map<String, Histogram> histograms,
      Map<String, ChannelStatistics> channels,
      Map<String, List<Double>> means,
      Map<String, Map<String, Integer>> choices) {
    Learnt() {
      this(
          new LinkedHashMap<>(),
          new LinkedHashMap<>(),
          new LinkedHashMap<>(),
          new LinkedHashMap<>(),
          new LinkedHashMap<>());
    }
  }

  private final Map<String, Learnt> byKey;
  private final @Nullable Path file;
  private @Nullable OnnxModel lastModel;
  private String lastFingerprint = "";
  private boolean changed;
  private long found;
  private long observed;

  private CalibrationCache(Map<String, Learnt> byKey, @Nullable Path file) {
    this.byKey = byKey;
    this.file = file;
  }

  /** A cache that lasts as long as it is referenced. */
  public static CalibrationCache inMemory() {
    return new CalibrationCache(new LinkedHashMap<>(), null);
  }

  /**
   * A cache in a file, which need not exist yet.
   *
   * @throws InvalidDataException if the file is there and is no calibration cache
   * @throws ReadWriteException if it cannot be read
   */
  public static CalibrationCache in(Path file) {
    if (!Files.exists(file)) {
      return new CalibrationCache(new LinkedHashMap<>(), file);
    }
    try {
      return new CalibrationCache(CalibrationFile.read(file), file);
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot read the calibration cache " + file + ": " + IoReason.of(e) + ".", e);
    }
  }

  /** How many observations and decisions were found here instead of being made. */
  public synchronized long found() {
    return found;
  }

  /** How many had to be made. */
  public synchronized long observed() {
    return observed;
  }

  /**
   * The statistics that a collector wants, from here as far as they are known.
   *
   * @param model whose values are observed
   * @param samples its inputs; without a fingerprint nothing is kept
   * @param wanted what to observe
   * @param run observes what is missing
   */
  public ActivationStatistics collect(
      OnnxModel model,
      Samples samples,
      ActivationCollector wanted,
      Function<ActivationCollector, ActivationStatistics> run) {
    Optional<Learnt> place = place(model, samples);
    if (place.isEmpty()) {
      return run.apply(wanted);
    }
    Learnt learnt = place.get();
    ActivationCollector missing = wanted.without(learnt);
    int lacking = missing.observations();
    int all = wanted.observations();
    if (lacking > 0) {
      missing.remember(run.apply(missing), learnt);
    }
    count(all - lacking, lacking);
    return wanted.recall(learnt, samples.count());
  }

  /**
   * A decision that takes a search.
   *
   * @param model the search is about
   * @param samples it uses
   * @param question all else that the decision depends on
   * @param search makes it
   */
  public Map<String, Integer> choices(
      OnnxModel model, Samples samples, String question, Supplier<Map<String, Integer>> search) {
    Optional<Learnt> place = place(model, samples);
    if (place.isEmpty()) {
      return search.get();
    }
    Map<String, Map<String, Integer>> choices = place.get().choices();
    String key = digest(question);
    Map<String, Integer> known = choices.get(key);
    if (known == null) {
      known = Map.copyOf(search.get());
      choices.put(key, known);
      count(0, 1);
    } else {
      count(1, 0);
    }
    return known;
  }

  /**
   * Writes the file, if this cache has one and learnt something.
   *
   * @throws ReadWriteException if it cannot be written; then an existing file is as it was
   */
  public synchronized void save() {
    Path target = file;
    if (target == null || !changed) {
      return;
    }
    while (byKey.size() > MOST_KEPT) {
      byKey.remove(byKey.keySet().iterator().next());
    }
    try {
      CalibrationFile.write(target, byKey);
      changed = false;
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot write the calibration cache " + target + ": " + IoReason.of(e) + ".", e);
    }
  }

  private synchronized void count(long here, long made) {
    found += here;
    observed += made;
    changed |= made > 0;
  }

  private synchronized Optional<Learnt> place(OnnxModel model, Samples samples) {
    Optional<String> data = samples.fingerprint();
    if (data.isEmpty()) {
      return Optional.empty();
    }
    if (model != lastModel) {
      lastFingerprint = GraphPrinter.fingerprint(model.withMetadata(Map.of()));
      lastModel = model;
    }
    String key = digest(lastFingerprint + "\n" + data.get());
    // The latest come last, so that the oldest go first.
    Learnt learnt = Objects.requireNonNullElseGet(byKey.remove(key), Learnt::new);
    byKey.put(key, learnt);
    return Optional.of(learnt);
  }

  private static String digest(String text) {
    return Sha256.of(text.getBytes(StandardCharsets.UTF_8));
  }
}
