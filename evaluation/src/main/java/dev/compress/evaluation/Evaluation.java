package dev.compress.evaluation;

import dev.compress.data.Batch;
import dev.compress.data.Dataset;
import dev.compress.data.SampleRun;
import dev.compress.data.TruthScorer;
import dev.compress.error.CancelledException;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.error.InvalidDataException;
import dev.compress.evaluation.accuracy.AccuracyRun;
import dev.compress.evaluation.accuracy.Score;
import dev.compress.evaluation.accuracy.ScoredModel;
import dev.compress.evaluation.energy.EnergyPlan;
import dev.compress.evaluation.latency.LatencyResult;
import dev.compress.evaluation.latency.LatencyRun;
import dev.compress.evaluation.latency.LatencySubject;
import dev.compress.evaluation.worker.VariantDied;
import dev.compress.evaluation.worker.VariantPlace;
import dev.compress.evaluation.worker.VariantWorker;
import dev.compress.progress.Progress;
import dev.compress.runtime.Device;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

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
  private final DevicePlan devices;
  private final Progress progress;

  private Evaluation(
      List<Variant> variants,
      Dataset data,
      EvaluationSettings settings,
      Gates gates,
      EnergyPlan energy,
      DevicePlan devices,
      Progress progress) {
    this.variants = variants;
    this.data = data;
    this.settings = settings;
    this.gates = gates;
    this.energy = energy;
    this.devices = devices;
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
        DevicePlan.CPU,
        Progress.NONE);
  }

  /** The same with other settings. */
  public Evaluation with(EvaluationSettings newSettings) {
    return new Evaluation(variants, data, newSettings, gates, energy, devices, progress);
  }

  /** The same with limits. */
  public Evaluation holding(Gates newGates) {
    return new Evaluation(variants, data, settings, newGates, energy, devices, progress);
  }

  /** The same, telling how far the work has come; its {@code cancelled} stops a run. */
  public Evaluation reportingTo(Progress newProgress) {
    return new Evaluation(variants, data, settings, gates, energy, devices, newProgress);
  }

  /** The same, measuring joules as well. */
  public Evaluation metering(EnergyPlan plan) {
    return new Evaluation(variants, data, settings, gates, plan, devices, progress);
  }

  /** The same on other devices: each variant has a row on each. */
  public Evaluation on(DevicePlan plan) {
    return new Evaluation(variants, data, settings, gates, energy, plan, progress);
  }

  /**
   * Measures.
   *
   * @throws dev.compress.error.InvalidModelException if a file is no valid model
   * @throws dev.compress.error.UnsupportedModelException if the runtime cannot run it
   * @throws dev.compress.error.InvalidDataException if data and models do not fit
   * @throws dev.compress.error.DeviceUnavailableException if a device cannot be used, or energy
   *     must be measured and cannot be
   * @throws CancelledException if the progress said so
   * @throws IllegalArgumentException if there are limits and one variant only: a limit compares
   */
  public EvaluationReport run() {
    if (!gates.isEmpty() && variants.size() < 2) {
      throw new IllegalArgumentException("A gate compares with a baseline: give two variants");
    }
    List<PlaceMeters> places = places();
    try {
      return run(places);
    } finally {
      places.forEach(PlaceMeters::close);
    }
  }

  /** All of them before anything is measured: what is missing is told at once. */
  private List<PlaceMeters> places() {
    List<PlaceMeters> places = new ArrayList<>();
    try {
      for (Device device : devices.devices()) {
        VariantPlace place = VariantPlace.of(device, devices.natives(), progress);
        places.add(PlaceMeters.open(place, energy));
      }
      return places;
    } catch (RuntimeException e) {
      places.forEach(PlaceMeters::close);
      throw e;
    }
  }

  private EvaluationReport run(List<PlaceMeters> places) {
    TransformReports transforms = new TransformReports(energy.transformReports());
    List<Contender> read = new ArrayList<>();
    progress.begin("read", variants.size());
    for (Variant variant : variants) {
      read.add(new Contender(variant));
      progress.advance(1);
    }
    List<String> warnings = new ArrayList<>();
    FileWeights.measure(read, progress, warnings);
    List<Contender> all = new ArrayList<>();
    for (PlaceMeters place : places) {
      List<Contender> there = read.stream().map(c -> c.at(place.place())).toList();
      run(there, place, warnings);
      all.addAll(there);
    }
    return new ReportAssembly(data, settings, gates, energy, transforms).report(all, warnings);
  }

  /** All that is measured in one place. */
  private void run(List<Contender> contenders, PlaceMeters place, List<String> warnings) {
    try {
      load(contenders);
      score(contenders, warnings);
      contenders.forEach(Contender::close);
      load(contenders);
      List<Contender> timed = time(contenders, warnings);
      new EnergyStage(energy, progress).run(timed, place, warnings);
      timed.forEach(Contender::close); // a GPU's memory is for one kind of run at a time
      if (place.place().device().isGpu()) {
        new HeldTiming(settings, progress).measure(timed, c -> inputs(c, warnings), warnings);
      }
    } finally {
      contenders.forEach(Contender::close);
    }
  }

  /** A GPU may lack memory for one of them; where it takes none, it is unavailable. */
  private void load(List<Contender> contenders) {
    DeviceUnavailableException unavailable = null;
    for (Contender contender : contenders) {
      if (!contender.isAlive()) {
        continue;
      }
      try {
        VariantWorker worker =
            VariantWorker.load(
                contender.loaded.file(), settings.threads(), contender.place, progress);
        contender.worker = worker;
        contender.providers = worker.providers();
        contender.loadMs = worker.loadMillis();
      } catch (VariantDied e) {
        contender.failed(e);
      } catch (DeviceUnavailableException e) {
        contender.failed(e);
        unavailable = e;
      }
    }
    if (unavailable != null && contenders.stream().noneMatch(Contender::isAlive)) {
      throw unavailable;
    }
  }

  private void score(List<Contender> contenders, List<String> warnings) {
    List<Contender> alive = contenders.stream().filter(Contender::isAlive).toList();
    if (alive.isEmpty() || !contenders.get(0).isAlive()) {
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
                        e.title(),
                        e.runOn(data),
                        e.tensorOutputs(),
                        e.looksAtTheBatch(),
                        tensors -> e.open().infer(tensors, e.tensorOutputs())))
            .toList();
    List<Score> scores = AccuracyRun.measure(models, data, progress);
    boolean compared = contenders.get(0).isAlive();
    for (int i = 0; i < alive.size(); i++) {
      Score score = compared ? scores.get(i) : scores.get(i).alone(TruthScorer.metric(data));
      alive.get(i).score = score;
      warnings.addAll(score.warnings());
      score.failure().ifPresent(alive.get(i)::failed);
    }
  }

  private List<Contender> time(List<Contender> contenders, List<String> warnings) {
    List<Contender> alive = new ArrayList<>();
    for (Contender contender : contenders) {
      if (contender.isAlive()) {
        try {
          contender.open().bind(inputs(contender, warnings));
          // Before the time stamps of the blocks, which are not the model's.
          contender.peakBytes = contender.open().peakResidentBytes();
          alive.add(contender);
        } catch (VariantDied e) {
          contender.failed(e);
        }
      }
    }
    if (alive.isEmpty()) {
      return alive;
    }
    boolean compared = contenders.get(0).isAlive();
    List<LatencyResult> results =
        LatencyRun.measure(
            alive.stream().map(Evaluation::subject).toList(), settings.ofLatency(), progress);
    for (int i = 0; i < alive.size(); i++) {
      Contender contender = alive.get(i);
      LatencyResult result =
          compared
              ? results.get(i).perSample(contender.samplesARun, contenders.get(0).samplesARun)
              : results.get(i).alone();
      contender.latency = result;
      result.failure().ifPresent(contender::failed);
      if (contender.isAlive()) {
        kernels(contender, warnings);
      }
    }
    return alive.stream().filter(Contender::isAlive).toList();
  }

  private static void kernels(Contender contender, List<String> warnings) {
    try {
      contender.kernels = contender.open().kernels();
    } catch (CancelledException e) {
      throw e;
    } catch (RuntimeException e) {
      warnings.add(
          "The kernels of " + contender.title() + " could not be counted: " + e.getMessage());
    }
  }

  private Map<String, TensorBuffer> inputs(Contender contender, List<String> warnings) {
    SampleRun run = contender.runOn(data);
    Dataset bound = run.dataset();
    int fixed = run.batch(2) == 1 ? 1 : bound.fixedBatch();
    contender.samplesARun =
        fixed > 0 ? fixed : (int) Math.min(settings.batch(), data.sampleCount());
    if (run.recurrent()) {
      warnings.add(
          "Samples are sequences, run window by window: latency, throughput and energy are those of"
              + " one window.");
    }
    for (Batch batch : bound.batches(run.batch(settings.batch()))) {
      if (fixed > 0 && fixed != settings.batch()) {
        warnings.add(
            contender.title()
                + " fixes its batch at "
                + fixed
                + ": it was timed so, and ratios are of the time a sample.");
      }
      return run.first(batch.copy());
    }
    throw new InvalidDataException(data.name() + " holds no sample. Give at least one.");
  }

  private static LatencySubject subject(Contender contender) {
    VariantWorker worker = contender.open();
    return new LatencySubject() {
      @Override
      public String name() {
        return contender.title();
      }

      @Override
      public long[] run(double seconds) {
        return worker.block(Long.MAX_VALUE, seconds).nanos();
      }
    };
  }
}
