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
import dev.compress.runtime.RandomInputs;
import dev.compress.runtime.RuntimeInfo;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.TensorBuffer;
import dev.compress.timing.LatencyRatio;
import dev.compress.timing.SessionTiming;
import dev.compress.timing.TimingResult;
import dev.compress.timing.TimingSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    OnnxModel output = OnnxReader.read(Path.of(job.output())).model();
    SessionOptions options = SessionOptions.of(THREADS);
    RuntimeInfo.get(); // loads the library, which is not the model's time
    long start = System.nanoTime();
    try (InferenceSession variant = InferenceSession.open(Path.of(job.output()), options)) {
      double loadMs = (System.nanoTime() - start) / 1e6;
      List<Map<String, TensorBuffer>> samples = samples(job, output, variant);
      KernelReport kernels = KernelReport.of(output, samples.get(0), THREADS);
      List<String> warnings = new ArrayList<>(kernels.warnings());
      Compared compared = null;
      if (!job.kernelsOnly()) {
        try (InferenceSession baseline = InferenceSession.open(Path.of(job.input()), options)) {
          compared = compare(baseline, variant, samples, job);
        }
      }
      String source = job.samples().isEmpty() ? "random inputs" : job.sampleSource();
      return result(job, kernels, loadMs, compared, source, warnings);
    }
  }

  private static List<Map<String, TensorBuffer>> samples(
      ProofJob job, OnnxModel model, InferenceSession session) {
    if (!job.samples().isEmpty()) {
      return SampleFile.read(Path.of(job.samples()));
    }
    RandomInputs random = RandomInputs.thatRun(model, session);
    List<Map<String, TensorBuffer>> samples = new ArrayList<>();
    for (int i = 0; i < RANDOM_SAMPLES; i++) {
      samples.add(random.next(job.seed() + i));
    }
    return samples;
  }

  /** Outputs and times of both models. */
  private record Compared(FidelityScorer fidelity, @Nullable TimingResult timing) {}

  private static Compared compare(
      InferenceSession baseline,
      InferenceSession variant,
      List<Map<String, TensorBuffer>> samples,
      ProofJob job) {
    FidelityScorer fidelity = new FidelityScorer();
    for (Map<String, TensorBuffer> inputs : samples) {
      Map<String, TensorBuffer> x = baseline.run(inputs);
      Map<String, TensorBuffer> y = variant.run(inputs);
      for (Map.Entry<String, TensorBuffer> entry : x.entrySet()) {
        TensorBuffer other = y.get(entry.getKey());
        // Shapes that depend on the data, such as kept boxes, may differ: then nothing compares.
        if (other != null
            && other.shape().equals(entry.getValue().shape())
            && other.shape().elementCount() > 0) {
          fidelity.add(entry.getValue(), other, 1, 1);
        }
      }
    }
    TimingResult timing =
        job.seconds() <= 0
            ? null
            : SessionTiming.compare(
                baseline,
                variant,
                samples.get(0),
                TimingSettings.ofSeconds(job.seconds(), job.seed()),
                Progress.NONE);
    return new Compared(fidelity, timing);
  }

  private static ProofResult result(
      ProofJob job,
      KernelReport kernels,
      double loadMs,
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
          loadMs,
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
        loadMs,
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
