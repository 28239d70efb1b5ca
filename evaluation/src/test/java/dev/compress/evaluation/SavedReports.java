package dev.compress.evaluation;

import dev.compress.energy.EnergyJson;
import dev.compress.energy.EnergyReading;
import dev.compress.energy.Estimated;
import dev.compress.energy.Measured;
import dev.compress.energy.Provenance;
import dev.compress.energy.Unavailable;
import dev.compress.evaluation.EvaluationReport.Accuracy;
import dev.compress.evaluation.EvaluationReport.Compression;
import dev.compress.evaluation.EvaluationReport.Data;
import dev.compress.evaluation.EvaluationReport.Environment;
import dev.compress.evaluation.EvaluationReport.Fidelity;
import dev.compress.evaluation.EvaluationReport.Gate;
import dev.compress.evaluation.EvaluationReport.Kernels;
import dev.compress.evaluation.EvaluationReport.LatencyMs;
import dev.compress.evaluation.EvaluationReport.Layer;
import dev.compress.evaluation.EvaluationReport.Row;
import dev.compress.evaluation.EvaluationReport.VsBaseline;
import dev.compress.metric.Interval;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reports for tests of what is made of them. */
public final class SavedReports {
  private SavedReports() {}

  /** Of a machine, with energy of a kind, everything known. */
  public static EvaluationReport of(String host, EnergyReading.Kind kind) {
    return of(host, "int8", kind);
  }

  /** The same with another name of the second variant. */
  public static EvaluationReport of(String host, String second, EnergyReading.Kind kind) {
    boolean measured = kind == EnergyReading.Kind.MEASURED;
    return new EvaluationReport(
        EvaluationReport.SCHEMA,
        new Environment(
            "Some CPU of " + host, 4, 8L << 30, "Linux 6.1", "17.0.9", "1.29.0", 1, 1, "0.1", null),
        new Data("data/test.npz", 2000, "da".repeat(32)),
        List.of(
            row(host, "float", 519_000, 0.9785, 0.241, energy(kind, 0.0051), null),
            row(
                host,
                second,
                146_000,
                0.9780,
                0.0957,
                energy(kind, 0.0021),
                new VsBaseline(
                    0.2813,
                    0.05,
                    List.of(-0.2, 0.3),
                    0.62,
                    0.397,
                    List.of(0.392, 0.402),
                    null,
                    null,
                    measured ? 0.41 : null,
                    measured ? List.of(0.40, 0.42) : null)),
            row(
                host,
                "fp16",
                262_000,
                0.9786,
                0.265,
                energy(kind, 0.0055),
                new VsBaseline(
                    0.505,
                    -0.01,
                    List.of(-0.1, 0.08),
                    0.9,
                    1.1,
                    List.of(1.05, 1.15),
                    null,
                    null,
                    null,
                    null))),
        List.of(
            new Gate(
                "max-drop", second + " on cpu", 0.3, 0.05, List.of(-0.2, 0.3), true, true, null)),
        List.of("The machine is busy."),
        List.of());
  }

  private static Row row(
      String host,
      String name,
      long bytes,
      double accuracy,
      double median,
      EnergyJson energy,
      @Nullable VsBaseline versus) {
    return new Row(
        name,
        "models/" + name + ".onnx",
        Integer.toHexString(name.hashCode()).repeat(8),
        bytes,
        "cpu",
        host,
        new Accuracy("top1", accuracy, 2000, List.of(accuracy - 0.006, accuracy + 0.005)),
        new Fidelity(0.998, 37.9, 0.9999),
        new LatencyMs(
            median * 1.02,
            median,
            median * 1.1,
            median * 1.6,
            5000,
            List.of(median * 0.97, median * 1.03),
            1),
        null,
        980 / median,
        11.7,
        160L << 20,
        new Kernels(Map.of("Conv", 7), Map.of("Gemm", 1), 0.992),
        null,
        energy,
        1e-7,
        null,
        2e-9,
        null,
        versus == null || energy.energyJ() == null ? null : 1_000_000L,
        versus == null ? null : making(energy),
        versus,
        null,
        versus == null
            ? List.of()
            : List.of(
                new Layer("/conv1/Conv", "Conv", 90_000L, 28.1, "static"),
                new Layer("/conv2/Conv", "Conv", 40_000L, 33.0, "static"),
                new Layer("/fc/Gemm", "Gemm", 9_000L, null, null)),
        new EvaluationReport.Weights(
            128_000, versus == null ? 0 : 0.5, null, new UsualValues(16, 10, 1, 1, 0.001), 8.2, 0),
        versus == null ? List.of() : List.of("prune 50%", name));
  }

  private static Compression making(EnergyJson sample) {
    boolean measured = sample.energyJ() != null;
    boolean estimated = sample.energyEstimatedJ() != null;
    return new Compression(
        sample.kind(),
        measured ? 3000.0 : null,
        estimated ? 3000.0 : null,
        estimated ? List.of(1200.0, 9000.0) : null,
        measured || estimated ? 61.5 : null,
        sample.source(),
        sample.model(),
        measured ? 0.046 : null,
        estimated ? 0.046 : null,
        measured ? 0.00025 : null,
        estimated ? 0.00025 : null,
        List.of("models/int8.json"),
        measured ? List.of(970_000.0, 1_040_000.0) : null,
        estimated ? 1_000_000L : null,
        estimated ? List.of(810_000L, 1_900_000L) : null,
        measured || estimated ? null : "The energy of the compression is unknown: no sensor");
  }

  private static EnergyJson energy(EnergyReading.Kind kind, double joules) {
    return EnergyJson.of(
        switch (kind) {
          case MEASURED ->
              new Measured(
                  joules,
                  new Interval(joules * 0.98, joules * 1.02),
                  joules * 0.03,
                  new Measured.Idle(
                      20.5, 0.1, joules * 0.4, new Interval(joules * 0.37, joules * 0.43)),
                  List.of(joules, joules),
                  true,
                  new Provenance(
                      "rapl",
                      "RAPL",
                      List.of("package-0", "dram"),
                      "processor and memory",
                      new Provenance.SensorTiming(0.001, 1.5e-5, true),
                      new Provenance.Windows(5, 1, 100_000, 10)),
                  List.of());
          case ESTIMATED ->
              new Estimated(
                  joules * 0.5,
                  joules,
                  joules * 2,
                  "processor time",
                  "processor",
                  1000,
                  List.of("this is a latency ratio, not an energy finding"));
          case UNAVAILABLE -> new Unavailable("no sensor was found");
        });
  }
}
