package dev.compress.calibrate;

import dev.compress.graph.Dim;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.OptimizationLevel;
import dev.compress.runtime.SessionOptions;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Runs samples through a model and shows inner values to observers. Values are shown in groups so
 * that the activations in memory at one time stay within a budget, whatever the number of layers
 * and samples.
 */
public final class ActivationReader {
  private static final long BUDGET_BYTES = 96L << 20;
  private static final int MAX_BATCH = 32;

  private final OnnxModel model;
  private final Shapes shapes;
  private final int threads;
  private final Progress progress;
  private final long unseenBytes;

  /**
   * A reader of one model's inner values.
   *
   * @param model the model
   * @param shapes of its values, to plan memory by
   * @param threads for the runtime and the observers
   * @param progress told one step a sample and group
   */
  public ActivationReader(OnnxModel model, Shapes shapes, int threads, Progress progress) {
    this(model, shapes, threads, progress, 0);
  }

  private ActivationReader(
      OnnxModel model, Shapes shapes, int threads, Progress progress, long unseenBytes) {
    this.model = model;
    this.shapes = shapes;
    this.threads = threads;
    this.progress = progress;
    this.unseenBytes = unseenBytes;
  }

  /** What reductions in this reader's model can see, without showing it. */
  GraphReductions reductions(
      Set<String> extremes, Map<String, Integer> channelAxes, Map<String, Integer> meanAxes) {
    return GraphReductions.in(model, shapes, extremes, channelAxes, meanAxes);
  }

  /** A reader of the model with reductions in it, whose outputs are among the values to read. */
  ActivationReader with(GraphReductions reductions) {
    long bytes = reductions.values().stream().mapToLong(this::bytesPerSample).sum();
    return new ActivationReader(reductions.model(), shapes, threads, progress, bytes);
  }

  /** Sees one batch's values. */
  @FunctionalInterface
  public interface Observer {
    /**
     * One batch.
     *
     * @param values the inner values asked for, by name; valid during the call only
     * @param samples how many samples the batch holds
     */
    void observe(Map<String, TensorBuffer> values, int samples);
  }

  /**
   * Runs all samples and shows the values, group by group.
   *
   * @param values names of float values of the main graph
   * @param samples the inputs
   * @param stage what to call it in progress
   * @param observer sees each group of values of each batch
   */
  public void read(Set<String> values, Samples samples, String stage, Observer observer) {
    int batch = batchSize(values, samples);
    List<List<String>> groups = groups(values, batch);
    progress.begin(stage, samples.count() * groups.size());
    for (List<String> group : groups) {
      readGroup(group, samples, batch, observer);
    }
  }

  private void readGroup(List<String> group, Samples samples, int batch, Observer observer) {
    Set<String> inputs =
        model.graph().inputs().stream().map(ValueInfo::name).collect(Collectors.toSet());
    List<String> inner = group.stream().filter(v -> !inputs.contains(v)).toList();
    List<String> outer = group.stream().filter(inputs::contains).toList();
    if (inner.isEmpty()) {
      samples.forEachBatch(
          batch,
          (in, n) -> {
            observer.observe(select(in, outer), n);
            return step(n);
          });
      return;
    }
    int workers = workers(group, batch);
    try (InferenceSession session =
            InferenceSession.open(
                ObservedModel.showing(model, inner), options(Math.max(1, threads / workers)));
        ConcurrentRuns runs =
            new ConcurrentRuns(
                session,
                inner,
                workers,
                (values, in, n) -> {
                  Map<String, TensorBuffer> seen = new LinkedHashMap<>(values);
                  seen.putAll(select(in, outer));
                  observer.observe(seen, n);
                  step(n);
                })) {
      samples.forEachBatch(
          batch,
          (in, n) -> {
            runs.submit(in, n);
            return true;
          });
      runs.finish();
    }
  }

  /**
   * Without the layouts that are only the runtime's own: every value that is looked at would be
   * brought back from them. Threads that wait for the next run by spinning would take the cores
   * from the observers.
   */
  private static SessionOptions options(int threads) {
    return SessionOptions.of(threads)
        .withOptimization(OptimizationLevel.EXTENDED)
        .withConfig("session.intra_op.allow_spinning", "0");
  }

  private int workers(List<String> group, int batch) {
    long bytes = Math.max(1, group.stream().mapToLong(this::bytesPerSample).sum() * batch);
    return (int) Math.max(1, Math.min(threads, 2 * BUDGET_BYTES / bytes));
  }

  private boolean step(int samples) {
    progress.advance(samples);
    progress.check();
    return true;
  }

  private static Map<String, TensorBuffer> select(
      Map<String, TensorBuffer> from, List<String> names) {
    Map<String, TensorBuffer> selected = new LinkedHashMap<>();
    names.forEach(n -> selected.put(n, Objects.requireNonNull(from.get(n), n)));
    return selected;
  }

  private int batchSize(Set<String> values, Samples samples) {
    if (!samples.batchable()) {
      return 1;
    }
    long bytes = Math.max(1, unseenBytes + values.stream().mapToLong(this::bytesPerSample).sum());
    return (int) Math.max(1, Math.min(MAX_BATCH, BUDGET_BYTES / 4 / bytes));
  }

  private List<List<String>> groups(Set<String> values, int batch) {
    List<List<String>> groups = new ArrayList<>();
    List<String> group = new ArrayList<>();
    long bytes = 0;
    for (String value : values) {
      long size = bytesPerSample(value) * batch;
      if (!group.isEmpty() && bytes + size > BUDGET_BYTES) {
        groups.add(group);
        group = new ArrayList<>();
        bytes = 0;
      }
      group.add(value);
      bytes += size;
    }
    if (!group.isEmpty()) {
      groups.add(group);
    }
    return groups;
  }

  /** From the declared shape; free dims after the batch are taken as 64. */
  private long bytesPerSample(String value) {
    List<Dim> dims = shapes.type(value).flatMap(ValueType.TensorType::shape).orElse(List.of());
    long elements = 1;
    for (int i = 1; i < dims.size(); i++) {
      long size = dims.get(i).sizeOrUnknown();
      elements = Math.multiplyExact(elements, size < 0 ? 64 : Math.max(1, size));
    }
    return elements * Float.BYTES;
  }
}
