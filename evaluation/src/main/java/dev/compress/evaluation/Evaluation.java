package dev.compress.evaluation;

import dev.compress.calibrate.DatasetSamples;
import dev.compress.data.Batch;
import dev.compress.data.Dataset;
import dev.compress.energy.DisturbanceWatch;
import dev.compress.energy.EnergyJson;
import dev.compress.energy.EnergyMeter;
import dev.compress.energy.EnergyMeterProvider;
import dev.compress.energy.EnergyReading;
import dev.compress.energy.TimeSource;
import dev.compress.energy.Unavailable;
import dev.compress.error.CancelledException;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.error.InvalidDataException;
import dev.compress.evaluation.accuracy.AccuracyRun;
import dev.compress.evaluation.accuracy.Score;
import dev.compress.evaluation.accuracy.ScoredModel;
import dev.compress.evaluation.energy.CpuTimeEstimate;
import dev.compress.evaluation.energy.EnergyChoice;
import dev.compress.evaluation.energy.EnergyComparison;
import dev.compress.evaluation.energy.EnergyPlan;
import dev.compress.evaluation.energy.EnergyProtocol;
import dev.compress.evaluation.energy.EnergyResult;
import dev.compress.evaluation.energy.EnergySources;
import dev.compress.evaluation.energy.Footprint;
import dev.compress.evaluation.energy.WindowListener;
import dev.compress.evaluation.energy.Workload;
import dev.compress.evaluation.latency.LatencyResult;
import dev.compress.evaluation.latency.LatencyRun;
import dev.compress.evaluation.latency.LatencySettings;
import dev.compress.evaluation.latency.LatencySubject;
import dev.compress.evaluation.worker.VariantDied;
import dev.compress.evaluation.worker.VariantWorker;
import dev.compress.graph.GraphValidator;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.LoadedModel;
import dev.compress.onnx.ModelHash;
import dev.compress.onnx.OnnxReader;
import dev.compress.progress.Progress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The door for programs that embed the library: variants and a dataset in, a comparison out.
 *
 * <pre>{@code
 * EvaluationReport report =
 *     Evaluation.of(List.of(new Variant("float", a), new Variant("int8", b)), dataset)
 *         .holding(new Gates(0.3, 1.0, null))
 *         .run();
 * }</pre>
 *
 * <p>Each variant runs in a process of its own: first all side by side for accuracy, then, anew and
 * one at a time in turns, for latency. A variant that crashes the runtime ends its own row; the
 * others go on. Immutable and thread-safe, but two runs at one time disturb each other's times.
 */
public final class Evaluation {
  private final List<Variant> variants;
  private final Dataset data;
  private final EvaluationSettings settings;
  private final Gates gates;
  private final EnergyPlan energy;
  private final Progress progress;

  private Evaluation(
      List<Variant> variants,
      Dataset data,
      EvaluationSettings settings,
      Gates gates,
      EnergyPlan energy,
      Progress progress) {
    this.variants = variants;
    this.data = data;
    this.settings = settings;
    this.gates = gates;
    this.energy = energy;
    this.progress = progress;
  }

  /**
   * An evaluation with the usual settings.
   *
   * @param variants the first is the baseline
   * @param data with or without labels; unbound
   * @throws IllegalArgumentException if there is no variant, or two have one name
   */
  public static Evaluation of(List<Variant> variants, Dataset data) {
    if (variants.isEmpty()) {
      throw new IllegalArgumentException("Nothing to evaluate");
    }
    Set<String> names = new HashSet<>();
    for (Variant variant : variants) {
      if (!names.add(variant.name())) {
        throw new IllegalArgumentException("Two variants are called " + variant.name());
      }
    }
    return new Evaluation(
        List.copyOf(variants),
        data,
        EvaluationSettings.usual(),
        Gates.NONE,
        EnergyPlan.NONE,
        Progress.NONE);
  }

  /** The same with other settings. */
  public Evaluation with(EvaluationSettings newSettings) {
    return new Evaluation(variants, data, newSettings, gates, energy, progress);
  }

  /** The same with limits. */
  public Evaluation holding(Gates newGates) {
    return new Evaluation(variants, data, settings, newGates, energy, progress);
  }

  /** The same, telling how far the work has come; its {@code cancelled} stops a run. */
  public Evaluation reportingTo(Progress newProgress) {
    return new Evaluation(variants, data, settings, gates, energy, newProgress);
  }

  /** The same, measuring joules as well. */
  public Evaluation metering(EnergyPlan plan) {
    return new Evaluation(variants, data, settings, gates, plan, progress);
  }

  /** A variant and what is known of it so far. */
  private static final class Entry {
    private final Variant variant;
    private final LoadedModel loaded;
    private final String sha256;
    private final OnnxModel model;
    private @Nullable VariantWorker worker;
    private @Nullable Score score;
    private @Nullable LatencyResult latency;
    private @Nullable Double loadMs;
    private OptionalLong peakBytes = OptionalLong.empty();
    private VariantWorker.@Nullable Kernels kernels;
    private EnergyReading reading = new Unavailable("not asked for");
    private EnergyComparison energyRatio = new EnergyComparison.NoRatio("not asked for");
    private @Nullable String error;

    Entry(Variant variant) {
      this.variant = variant;
      this.loaded = OnnxReader.read(variant.file());
      this.model = GraphValidator.check(loaded.model()).model();
      this.sha256 = ModelHash.sha256(loaded.file());
    }

    List<String> tensorOutputs() {
      List<String> names =
          model.graph().outputs().stream()
              .filter(o -> o.type() instanceof ValueType.TensorType)
              .map(ValueInfo::name)
              .toList();
      if (names.isEmpty()) {
        throw new InvalidDataException(
            variant.name() + " has no tensor among its outputs: there is nothing to score.");
      }
      return names;
    }

    void failed(Throwable why) {
      if (error == null) {
        error = why.getMessage() == null ? why.toString() : why.getMessage();
      }
    }

    VariantWorker open() {
      return Objects.requireNonNull(worker, "not loaded");
    }

    void close() {
      if (worker != null) {
        worker.close();
        worker = null;
      }
    }
  }

  /**
   * Measures.
   *
   * @throws dev.compress.error.InvalidModelException if a file is no valid model
   * @throws dev.compress.error.UnsupportedModelException if the runtime cannot run it
   * @throws dev.compress.error.InvalidDataException if data and models do not fit
   * @throws dev.compress.error.DeviceUnavailableException if energy must be measured and cannot be
   * @throws CancelledException if the progress said so
   */
  public EvaluationReport run() {
    EnergySources sources = EnergySources.ofThisMachine(EnergyMeterProvider.Request.cpu());
    Optional<EnergyMeter> meter = sources.open(energy.choice());
    try {
      if (meter.isEmpty() && energy.measuredOnly()) {
        throw new DeviceUnavailableException(sources.whyNone());
      }
      return run(sources, meter);
    } finally {
      meter.ifPresent(EnergyMeter::close);
    }
  }

  private EvaluationReport run(EnergySources sources, Optional<EnergyMeter> meter) {
    List<Entry> entries = new ArrayList<>();
    progress.begin("read", variants.size());
    for (Variant variant : variants) {
      entries.add(new Entry(variant));
      progress.advance(1);
    }
    List<String> warnings = new ArrayList<>();
    try {
      load(entries);
      score(entries, warnings);
      entries.forEach(Entry::close);
      load(entries);
      List<Entry> timed = time(entries, warnings);
      if (meter.isPresent()) {
        meter(timed, meter.get(), sources.watches());
      } else if (!energy.choice().equals(EnergyChoice.NONE)) {
        warnings.add(sources.whyNone() + " Energies are estimates from processor time.");
        estimate(timed);
      }
    } finally {
      entries.forEach(Entry::close);
    }
    return report(entries, warnings);
  }

  private void load(List<Entry> entries) {
    for (Entry entry : entries) {
      if (entry.error != null) {
        continue;
      }
      try {
        VariantWorker worker =
            VariantWorker.load(entry.loaded.file(), settings.threads(), progress);
        entry.worker = worker;
        entry.loadMs = worker.loadMillis();
      } catch (VariantDied e) {
        entry.failed(e);
      }
    }
  }

  private void score(List<Entry> entries, List<String> warnings) {
    List<Entry> alive = entries.stream().filter(e -> e.error == null).toList();
    if (alive.isEmpty() || entries.get(0).error != null) {
      warnings.add("The baseline could not be loaded: nothing was scored against it.");
    }
    if (alive.isEmpty()) {
      return;
    }
    List<ScoredModel> models =
        alive.stream()
            .map(
                e ->
                    new ScoredModel(
                        e.variant.name(),
                        DatasetSamples.inputsOf(e.model.graph()),
                        e.tensorOutputs(),
                        tensors -> e.open().infer(tensors, e.tensorOutputs())))
            .toList();
    List<Score> scores = AccuracyRun.measure(models, data, progress);
    for (int i = 0; i < alive.size(); i++) {
      Score score = scores.get(i);
      alive.get(i).score = score;
      warnings.addAll(score.warnings());
      score.failure().ifPresent(alive.get(i)::failed);
    }
  }

  private List<Entry> time(List<Entry> entries, List<String> warnings) {
    List<Entry> alive = new ArrayList<>();
    for (Entry entry : entries) {
      if (entry.error == null) {
        try {
          entry.open().bind(inputs(entry, warnings));
          alive.add(entry);
        } catch (VariantDied e) {
          entry.failed(e);
        }
      }
    }
    if (alive.isEmpty()) {
      return alive;
    }
    LatencySettings how =
        new LatencySettings(
            settings.warmupSeconds(),
            settings.windowSeconds(),
            settings.fewestRounds(),
            settings.mostRounds(),
            settings.seed());
    List<LatencyResult> results =
        LatencyRun.measure(alive.stream().map(Evaluation::subject).toList(), how, progress);
    for (int i = 0; i < alive.size(); i++) {
      Entry entry = alive.get(i);
      LatencyResult result = results.get(i);
      entry.latency = result;
      warnings.addAll(result.warnings());
      result.failure().ifPresent(entry::failed);
      if (entry.error == null) {
        entry.peakBytes = entry.open().peakResidentBytes();
        kernels(entry, warnings);
      }
    }
    return alive.stream().filter(e -> e.error == null).toList();
  }

  private void estimate(List<Entry> entries) {
    progress.begin("estimate energy", entries.size());
    for (Entry entry : entries) {
      progress.check();
      try {
        entry.reading =
            CpuTimeEstimate.of(entry.open().process())
                .estimate(workload(entry), energy.settings().minWindowSeconds());
        entry.energyRatio = EnergyComparison.of(entries.get(0).reading, entry.reading);
      } catch (VariantDied e) {
        entry.failed(e);
      }
      progress.advance(1);
    }
  }

  private Workload workload(Entry entry) {
    return new Workload(
        entry.variant.name(),
        samplesARun(entry),
        runs -> entry.open().block(runs, Double.MAX_VALUE));
  }

  /** The workloads are the very processes that were timed, on the same inputs. */
  private void meter(List<Entry> entries, EnergyMeter meter, List<DisturbanceWatch> watches) {
    if (entries.isEmpty()) {
      return;
    }
    List<Workload> workloads = entries.stream().map(this::workload).toList();
    EnergyResult result =
        new EnergyProtocol(
                meter, TimeSource.system(), energy.settings(), watches, WindowListener.NONE)
            .measure(workloads, progress);
    List<EnergyComparison> ratios = result.comparedTo(0);
    for (int i = 0; i < entries.size(); i++) {
      entries.get(i).reading = result.readings().get(i);
      entries.get(i).energyRatio = ratios.get(i);
    }
  }

  private static void kernels(Entry entry, List<String> warnings) {
    try {
      entry.kernels = entry.open().kernels();
    } catch (CancelledException e) {
      throw e;
    } catch (RuntimeException e) {
      warnings.add(
          "The kernels of " + entry.variant.name() + " could not be counted: " + e.getMessage());
    }
  }

  private java.util.Map<String, dev.compress.tensor.TensorBuffer> inputs(
      Entry entry, List<String> warnings) {
    Dataset bound = data.bind(DatasetSamples.inputsOf(entry.model.graph()));
    for (Batch batch : bound.batches(settings.batch())) {
      if (bound.fixedBatch() > 0 && bound.fixedBatch() != settings.batch()) {
        warnings.add(
            entry.variant.name()
                + " fixes its batch at "
                + bound.fixedBatch()
                + ": it was timed so.");
      }
      return batch.copy().inputs();
    }
    throw new InvalidDataException(data.name() + " holds no sample. Give at least one.");
  }

  private static LatencySubject subject(Entry entry) {
    VariantWorker worker = entry.open();
    return new LatencySubject() {
      @Override
      public String name() {
        return entry.variant.name();
      }

      @Override
      public long[] run(double seconds) {
        return worker.block(Long.MAX_VALUE, seconds).nanos();
      }
    };
  }

  private EvaluationReport report(List<Entry> entries, List<String> warnings) {
    Entry baseline = entries.get(0);
    List<EvaluationReport.Row> rows = new ArrayList<>();
    for (Entry entry : entries) {
      if (entry.error != null) {
        warnings.add(entry.variant.name() + ": " + entry.error);
      }
      rows.add(row(entry, baseline));
    }
    entries.stream()
        .skip(1)
        .filter(e -> !(e.reading instanceof Unavailable))
        .map(e -> e.energyRatio)
        .forEach(
            ratio -> {
              if (ratio instanceof EnergyComparison.NoRatio none) {
                warnings.add(none.reason());
              }
            });
    List<EvaluationReport.Gate> judged = gates.judge(rows);
    for (EvaluationReport.Gate gate : judged) {
      if (gate.passed() && !gate.certain()) {
        warnings.add(
            gate.name()
                + " of "
                + gate.variant()
                + " is not certain: the limit "
                + gate.limit()
                + " lies within the 95% interval "
                + gate.ci95()
                + ". More data or rounds settle it.");
      }
    }
    return new EvaluationReport(
        EvaluationReport.SCHEMA,
        HostEnvironment.describe(settings),
        new EvaluationReport.Data(
            data.path().map(Object::toString).orElse(data.name()),
            data.sampleCount(),
            data.contentSha256()),
        rows,
        judged,
        warnings.stream().distinct().toList(),
        List.of());
  }

  private EvaluationReport.Row row(Entry entry, Entry baseline) {
    LatencyResult latency = entry.latency;
    Optional<Score> score = Optional.ofNullable(entry.score);
    EvaluationReport.LatencyMs times = RowParts.latency(latency);
    Footprint footprint = energy.rates().of(entry.reading);
    return new EvaluationReport.Row(
        entry.variant.name(),
        entry.loaded.file().toString(),
        entry.sha256,
        entry.loaded.bytes(),
        "cpu",
        HostEnvironment.hostName(),
        score
            .flatMap(Score::accuracy)
            .filter(a -> Double.isFinite(a.value())) // of equal outputs the SQNR is infinite
            .map(RowParts::accuracy)
            .orElse(null),
        score.flatMap(Score::fidelity).map(RowParts::fidelity).orElse(null),
        times,
        times == null ? null : samplesARun(entry) * 1000 / times.mean(),
        entry.loadMs,
        entry.peakBytes.isPresent() ? (Long) entry.peakBytes.getAsLong() : null,
        RowParts.kernels(entry.kernels),
        energy.choice().equals(EnergyChoice.NONE) ? null : EnergyJson.of(entry.reading),
        footprint instanceof Footprint.OfMeasured m ? m.grams() : null,
        footprint instanceof Footprint.OfEstimated e
            ? RowParts.twoFigures(e.central().estimatedGrams())
            : null,
        footprint instanceof Footprint.OfMeasured m ? m.cost() : null,
        footprint instanceof Footprint.OfEstimated e
            ? RowParts.twoFigures(e.central().estimatedCost())
            : null,
        null,
        entry == baseline
            ? null
            : RowParts.versus(
                (double) entry.loaded.bytes() / baseline.loaded.bytes(),
                score,
                Optional.ofNullable(baseline.score),
                latency,
                entry.energyRatio),
        entry.error,
        ModelLayers.of(entry.model.graph(), entry.loaded.file(), entry.sha256));
  }

  private int samplesARun(Entry entry) {
    int fixed = data.bind(DatasetSamples.inputsOf(entry.model.graph())).fixedBatch();
    return fixed > 0 ? fixed : (int) Math.min(settings.batch(), data.sampleCount());
  }
}
