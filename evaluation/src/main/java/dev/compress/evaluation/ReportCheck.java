package dev.compress.evaluation;

import dev.compress.energy.EnergyJson;
import dev.compress.energy.EnergyReading;
import dev.compress.evaluation.EvaluationReport.Environment;
import dev.compress.evaluation.EvaluationReport.Host;
import dev.compress.evaluation.EvaluationReport.Row;
import dev.compress.metric.Metric;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whether a report that was read can be true: nothing missing that every report has, no number out
 * of its range, no interval the wrong way round, no estimate in a measurement's place.
 */
final class ReportCheck {
  /** What no quantity of a report reaches, in any of their units. */
  private static final double LARGEST = 1e30;

  private static final List<String> RATES =
      Arrays.stream(Metric.values()).filter(Metric::isRate).map(Metric::key).toList();

  private static final double SMALLEST = 1e-15;

  private final String where;

  private ReportCheck(String where) {
    this.where = where;
  }

  /**
   * Checks.
   *
   * @throws IllegalArgumentException if not; the message says what and where
   */
  static void check(EvaluationReport report) {
    ReportCheck top = new ReportCheck("the report");
    top.that(!report.variants().isEmpty(), "has no variants");
    top.that(
        report.environment() != null || !report.hosts().isEmpty(), "does not say the environment");
    environment(report.environment());
    data(report.dataset());
    for (Host host : report.hosts()) {
      top.there(host.host(), "a host's name");
      environment(host.environment());
      data(host.dataset());
    }
    int index = 0;
    for (Row row : report.variants()) {
      new ReportCheck("variants[" + index++ + "]").row(row);
    }
    for (EvaluationReport.Gate gate : report.gates()) {
      ReportCheck check = new ReportCheck("a gate");
      check.there(gate.name(), "name");
      check.there(gate.variant(), "variant");
      check.finite(gate.limit(), "limit");
      check.finite(gate.value(), "value");
      check.interval(gate.ci95(), "ci95");
    }
  }

  private static void environment(@Nullable Environment at) {
    if (at != null) {
      ReportCheck check = new ReportCheck("environment");
      check.there(at.cpu(), "cpu");
      check.there(at.os(), "os");
      check.there(at.java(), "java");
      check.there(at.onnxruntime(), "onnxruntime");
      EvaluationReport.Rates rates = at.rates();
      if (rates != null) {
        check.finite(rates.gramsPerKwh(), "grams_per_kwh");
        check.finite(rates.pue(), "pue");
        check.finite(rates.pricePerKwh(), "price_per_kwh");
      }
    }
  }

  private static void data(EvaluationReport.@Nullable Data data) {
    if (data != null) {
      ReportCheck check = new ReportCheck("dataset");
      check.there(data.path(), "path");
      check.there(data.sha256(), "sha256");
      check.that(data.samples() >= 0, "has fewer than no samples");
    }
  }

  private void row(Row row) {
    there(row.name(), "name");
    there(row.path(), "path");
    there(row.sha256(), "sha256");
    there(row.device(), "device");
    there(row.host(), "host");
    that(row.bytes() >= 0, "has fewer than no bytes");
    EvaluationReport.Accuracy accuracy = row.accuracy();
    if (accuracy != null) {
      there(accuracy.metric(), "accuracy's metric");
      finite(accuracy.value(), "accuracy");
      boolean rate = RATES.contains(accuracy.metric());
      that(
          !rate || (accuracy.value() >= 0 && accuracy.value() <= 1),
          "has an accuracy of " + accuracy.value() + ", which is no fraction");
      interval(accuracy.ci95(), "accuracy's ci95");
    }
    EvaluationReport.Fidelity fidelity = row.fidelity();
    if (fidelity != null) {
      finite(fidelity.agreement(), "agreement");
      finite(fidelity.sqnrDb(), "sqnr_db");
      finite(fidelity.cosine(), "cosine");
    }
    EvaluationReport.Weights weights = row.weights();
    if (weights != null) {
      that(weights.elements() >= 0, "has fewer than no weights");
      that(
          weights.sparsity() >= 0 && weights.sparsity() <= 1,
          "has a sparsity of " + weights.sparsity() + ", which is no share");
      finite(weights.bits(), "bits");
      UsualValues usual = weights.usual();
      if (usual != null) {
        finite(usual.exceptionShare(), "exception_share");
      }
    }
    latency(row.latencyMs(), "latency_ms");
    latency(row.latencyDeviceMs(), "latency_device_ms");
    positive(row.throughputPerSecond(), "throughput_per_second");
    finite(row.loadMs(), "load_ms");
    finite(row.carbonG(), "carbon_g");
    finite(row.cost(), "cost");
    EvaluationReport.Kernels kernels = row.kernels();
    if (kernels != null) {
      counts(kernels.integer(), "kernels.integer");
      counts(kernels.floating(), "kernels.float");
      finite(kernels.integerMacShare(), "integer_mac_share");
    }
    accelerator(row.accelerator());
    energy(row.energy());
    compression(row.compression());
    that(
        row.breakEvenInferences() == null || row.breakEvenInferences() >= 0,
        "is paid back before it begins");
    versus(row.vsBaseline());
    for (EvaluationReport.Layer layer : row.layers()) {
      there(layer.node(), "a layer's node");
      there(layer.op(), "a layer's op");
      finite(layer.sqnrDb(), "a layer's sqnr_db");
      that(layer.bytes() == null || layer.bytes() >= 0, "has a layer of fewer than no bytes");
    }
  }

  private void latency(EvaluationReport.@Nullable LatencyMs ms, String name) {
    if (ms != null) {
      positive(ms.mean(), name + ".mean");
      positive(ms.p50(), name + ".p50");
      positive(ms.p90(), name + ".p90");
      positive(ms.p99(), name + ".p99");
      interval(ms.p50Ci95(), name + ".p50_ci95");
      positive(ms.p50Ci95() == null ? null : ms.p50Ci95().get(0), name + ".p50_ci95");
    }
  }

  private void accelerator(EvaluationReport.@Nullable Accelerator gpu) {
    if (gpu == null) {
      return;
    }
    there(gpu.name(), "accelerator.name");
    there(gpu.uuid(), "accelerator.uuid");
    there(gpu.pciBusId(), "accelerator.pci_bus_id");
    there(gpu.computeCapability(), "accelerator.compute_capability");
    there(gpu.driver(), "accelerator.driver");
    that(gpu.memoryBytes() >= 0, "has a GPU of less than no memory");
    there(gpu.providers(), "accelerator.providers");
    gpu.providers().values().forEach(options -> there(options, "accelerator.providers"));
    if (gpu.nodes() != null) {
      gpu.nodes().values().forEach(ops -> counts(ops, "accelerator.nodes"));
    }
    that(gpu.fallbackNodes() == null || gpu.fallbackNodes() >= 0, "has fallback_nodes below 0");
    that(gpu.copyNodes() == null || gpu.copyNodes() >= 0, "has copy_nodes below 0");
  }

  private void versus(EvaluationReport.@Nullable VsBaseline versus) {
    if (versus != null) {
      positive(versus.bytesRatio(), "bytes_ratio");
      finite(versus.accuracyDrop(), "accuracy_drop");
      interval(versus.accuracyDropCi95(), "accuracy_drop_ci95");
      finite(versus.mcnemarP(), "mcnemar_p");
      positive(versus.latencyRatio(), "latency_ratio");
      interval(versus.latencyRatioCi95(), "latency_ratio_ci95");
      List<Double> ratio = versus.latencyRatioCi95();
      positive(ratio == null ? null : ratio.get(0), "latency_ratio_ci95");
      positive(versus.latencyDeviceRatio(), "latency_device_ratio");
      interval(versus.latencyDeviceRatioCi95(), "latency_device_ratio_ci95");
      finite(versus.energyRatio(), "energy_ratio");
      interval(versus.energyRatioCi95(), "energy_ratio_ci95");
    }
  }

  /** The kind says which number there is; the others must not be there. */
  private void energy(@Nullable EnergyJson energy) {
    if (energy == null) {
      return;
    }
    there(energy.kind(), "energy's kind");
    there(energy.domains(), "energy's domains");
    there(energy.warnings(), "energy's warnings");
    boolean measured = energy.kind() == EnergyReading.Kind.MEASURED;
    boolean estimated = energy.kind() == EnergyReading.Kind.ESTIMATED;
    that(
        measured == (energy.energyJ() != null), "has energy of kind " + energy.kind() + " wrongly");
    that(
        estimated == (energy.energyEstimatedJ() != null),
        "has energy of kind " + energy.kind() + " wrongly");
    that(
        measured || energy.energyNetJ() == null,
        "has energy of kind " + energy.kind() + " wrongly");
    finite(energy.energyJ(), "energy_j");
    finite(energy.energyNetJ(), "energy_net_j");
    finite(energy.energyEstimatedJ(), "energy_estimated_j");
    that(energy.energyJ() == null || energy.energyJ() >= 0, "took less than no energy");
    that(
        energy.energyEstimatedJ() == null || energy.energyEstimatedJ() >= 0,
        "took less than no energy");
    interval(energy.ci95(), "energy's ci95");
    interval(energy.netCi95(), "energy's net_ci95");
    interval(energy.estimatedRangeJ(), "energy's estimated_range_j");
  }

  private void compression(EvaluationReport.@Nullable Compression made) {
    if (made == null) {
      return;
    }
    there(made.kind(), "compression's kind");
    that(
        (made.kind() == EnergyReading.Kind.MEASURED) == (made.energyJ() != null)
            && (made.kind() == EnergyReading.Kind.ESTIMATED) == (made.energyEstimatedJ() != null),
        "has a compression's energy of kind " + made.kind() + " wrongly");
    for (Double number :
        Arrays.asList(
            made.energyJ(),
            made.energyEstimatedJ(),
            made.seconds(),
            made.carbonG(),
            made.carbonEstimatedG(),
            made.cost(),
            made.costEstimated())) {
      finite(number, "compression");
      that(number == null || number >= 0, "has a compression that took less than nothing");
    }
    interval(made.estimatedRangeJ(), "compression's estimated_range_j");
    interval(made.breakEvenCi95(), "break_even_ci95");
    Long after = made.breakEvenEstimatedInferences();
    List<Long> range = made.breakEvenEstimatedRange();
    that(
        (after == null) == (range == null)
            && (after == null || after >= 0)
            && (range == null || range.size() == 2),
        "has no break-even in compression");
  }

  private void counts(Map<String, Integer> counts, String what) {
    there(counts, what);
    for (Map.Entry<String, Integer> count : counts.entrySet()) {
      that(count.getValue() != null && count.getValue() >= 0, "has no count in " + what);
    }
  }

  private void interval(@Nullable List<Double> ends, String what) {
    if (ends != null) {
      that(
          ends.size() == 2
              && ends.get(0) != null
              && ends.get(1) != null
              && Math.abs(ends.get(0)) < LARGEST
              && Math.abs(ends.get(1)) < LARGEST
              && ends.get(0) <= ends.get(1),
          "has no interval in " + what);
    }
  }

  private void positive(@Nullable Double value, String what) {
    finite(value, what);
    that(value == null || value > SMALLEST, "has a " + what + " of " + value);
  }

  private void finite(@Nullable Double value, String what) {
    that(
        value == null || Math.abs(value) < LARGEST,
        "has no number that can be in " + what + ": " + value);
  }

  private void there(@Nullable Object value, String what) {
    that(value != null, "does not say the " + what);
  }

  private void that(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(where + " " + otherwise);
    }
  }
}
