package dev.compress.proof;

import dev.compress.error.CompressionException;
import dev.compress.graph.OnnxModel;
import dev.compress.metric.FidelityScorer;
import dev.compress.metric.MetricResult;
import dev.compress.onnx.OnnxReader;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.IsolatedTask;
import dev.compress.runtime.Kernel;
import dev.compress.runtime.KernelReport;
import dev.compress.runtime.MemoryRise;
import dev.compress.runtime.RandomInputs;
import dev.compress.runtime.RuntimeInfo;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import dev.compress.timing.LatencyRatio;
import dev.compress.timing.SessionTiming;
import dev.compress.timing.TimingResult;
import dev.compress.timing.TimingSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The work of a proof, done in a child process. */
public final class ProofTask implements IsolatedTask<ProofJob, ProofResult> {
  private static final int RANDOM_SAMPLES = 4;
  private static final int THREADS = 1;

  /** Made by the child process. */
  public ProofTask() {}

  @Override
  public ProofResult run(ProofJob job) {
    try {
      return prove(job);
    } catch (CompressionException e) {
      return ProofResult.failed("The proof could not be made: " + e.getMessage());
    }
  }

  static ProofResult prove(ProofJob job) {
    SessionOptions options = SessionOptions.of(THREADS);
    RuntimeInfo.get(); // loads the library, which is not the model's time
    MemoryRise rise = new MemoryRise();
    long start = System.nanoTime();
    try (InferenceSession variant = InferenceSession.open(Path.of(job.output()), options)) {
      Load load = new Load((System.nanoTime() - start) / 1e6, rise.bytes());
      OnnxModel output = OnnxReader.read(Path.of(job.output())).model();
      List<SampleFile.Run> samples = samples(job, output, variant);
      KernelReport kernels = KernelReport.of(output, samples.get(0).inputs(), THREADS);
      List<String> warnings = new ArrayList<>(kernels.warnings());
      Compared compared = null;
      if (!job.kernelsOnly()) {
        try (InferenceSession baseline = InferenceSession.open(Path.of(job.input()), options)) {
          compared = compare(baseline, variant, samples, job);
        }
      }
      String source = job.samples().isEmpty() ? "random inputs" : job.sampleSource();
      return result(job, kernels, load, compared, source, warnings);
    }
  }

  /** What it took, in a process that has done nothing else yet. */
  private record Load(double millis, OptionalLong peakBytes) {
    @Nullable Long peak() {
      return peakBytes.isPresent() ? (Long) peakBytes.getAsLong() : null;
    }
  }

  private static List<SampleFile.Run> samples(
      ProofJob job, OnnxModel model, InferenceSession session) {
    if (!job.samples().isEmpty()) {
      return SampleFile.read(Path.of(job.samples()));
    }
    RandomInputs random = RandomInputs.thatRun(model, session);
    int rows = rows(random.shapes().values());
    List<SampleFile.Run> samples = new ArrayList<>();
    for (int i = 0; i < RANDOM_SAMPLES; i++) {
      samples.add(new SampleFile.Run(random.next(job.seed() + i), rows, rows));
    }
    return samples;
  }

  /** The first dim of all inputs, if they agree on it; else they are taken as one sample. */
  private static int rows(Collection<Shape> shapes) {
    Set<Long> first =
        shapes.stream().map(s -> s.rank() == 0 ? 1 : s.dim(0)).collect(Collectors.toSet());
    return first.size() == 1
        ? (int) Math.min(Integer.MAX_VALUE, Math.max(1, first.iterator().next()))
        : 1;
  }

  /** Outputs and times of both models. */
  private record Compared(FidelityScorer fidelity, @Nullable TimingResult timing) {}

  private static Compared compare(
      InferenceSession baseline,
      InferenceSession variant,
      List<SampleFile.Run> samples,
      ProofJob job) {
    FidelityScorer fidelity = new FidelityScorer();
    for (SampleFile.Run run : samples) {
      Map<String, TensorBuffer> x = baseline.run(run.inputs());
      fidelity.addAll(x, variant.run(run.inputs()), run.rows(), run.count());
    }
    TimingResult timing =
        job.seconds() <= 0
            ? null
            : SessionTiming.compare(
                baseline,
                variant,
                samples.get(0).inputs(),
                TimingSettings.ofSeconds(job.seconds(), job.seed()),
                Progress.NONE);
    return new Compared(fidelity, timing);
  }

  private static ProofResult result(
      ProofJob job,
      KernelReport kernels,
      Load load,
      @Nullable Compared compared,
      String source,
      List<String> warnings) {
    List<String> unplanned = new ArrayList<>();
    job.plannedInteger()
        .forEach(
            (node, label) -> {
              Optional<Kernel.Arithmetic> arithmetic = kernels.arithmeticOf(label);
              if (arithmetic.filter(a -> a == Kernel.Arithmetic.FLOAT).isPresent()) {
                unplanned.add(node);
              }
            });
    if (compared == null) {
      return new ProofResult(
          new HashMap<>(kernels.integerCounts()),
          new HashMap<>(kernels.floatCounts()),
          unplanned,
          kernels.integerMacShare(),
          load.millis(),
          load.peak(),
          null,
          null,
          null,
          null,
          null,
          null,
          null,
          null,
          0,
          "",
          0,
          warnings);
    }
    FidelityScorer fidelity = compared.fidelity();
    TimingResult timing = compared.timing();
    LatencyRatio ratio = timing == null ? null : timing.toFirst().get(0);
    boolean any = fidelity.samples() > 0;
    return new ProofResult(
        new HashMap<>(kernels.integerCounts()),
        new HashMap<>(kernels.floatCounts()),
        unplanned,
        kernels.integerMacShare(),
        load.millis(),
        load.peak(),
        timing == null ? null : timing.latencies().get(0).p50Nanos() / 1e6,
        timing == null ? null : timing.latencies().get(1).p50Nanos() / 1e6,
        ratio == null ? null : ratio.ratio(),
        ratio == null ? null : finite(ratio.ci95().low()),
        ratio == null ? null : finite(ratio.ci95().high()),
        any ? finite(fidelity.sqnrDb()) : null,
        any ? finite(fidelity.cosine()) : null,
        any ? fidelity.agreement().map(MetricResult::value).orElse(null) : null,
        fidelity.samples(),
        source,
        fidelity.brokenElements(),
        warnings);
  }

  private static @Nullable Double finite(double value) {
    return Double.isFinite(value) ? value : null;
  }
}
