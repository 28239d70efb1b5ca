package dev.compress.evaluation;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.compress.energy.EnergyJson;
import dev.compress.energy.EnergyReading;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an evaluation found, as it is printed and saved: schema {@value #SCHEMA}. Whatever is null
 * is unknown, and {@code warnings}, the row's {@code error} or the energy's {@code reason} says
 * why. Energy, carbon and cost are a sample; latency is a run of the batch; every {@code *_ratio}
 * in {@code vs_baseline} is variant over baseline.
 *
 * @param schema its name and version
 * @param environment the machine and the settings; null in a report of machines that differ
 * @param dataset what was run; null in a report of machines that ran different data
 * @param variants one a variant and device; a row without {@code vs_baseline} is the baseline of
 *     those that follow on its machine
 * @param gates limits that were judged
 * @param warnings what a reader should know
 * @param hosts the machines of a merged report; empty in a report of one machine
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record EvaluationReport(
    String schema,
    @Nullable Environment environment,
    @Nullable Data dataset,
    List<Row> variants,
    List<Gate> gates,
    List<String> warnings,
    List<Host> hosts) {
  /** Name and version of the report's form. */
  public static final String SCHEMA = "compress.evaluation/1";

  /**
   * Where and how it was measured.
   *
   * @param cpu the processor's name
   * @param cores logical processors
   * @param memoryBytes of the machine; null if unknown
   * @param os operating system and version
   * @param java version
   * @param onnxruntime version
   * @param threads inside an operator
   * @param batch samples a run
   * @param version of compress
   * @param rates by which energy became carbon and money; null if neither was asked for
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Environment(
      String cpu,
      int cores,
      @Nullable Long memoryBytes,
      String os,
      String java,
      String onnxruntime,
      int threads,
      int batch,
      String version,
      @Nullable Rates rates) {}

  /**
   * What a kilowatt-hour is taken to cost.
   *
   * @param gramsPerKwh of CO2 equivalents; null if carbon was not asked for
   * @param grid whose electricity that is, or "given"
   * @param year of the figure; null if it was given
   * @param source of the figure, with its licence
   * @param pue energy that the building takes for each joule of the machine
   * @param pricePerKwh null if it was not asked for
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Rates(
      @Nullable Double gramsPerKwh,
      @Nullable String grid,
      @Nullable Integer year,
      @Nullable String source,
      double pue,
      @Nullable Double pricePerKwh) {}

  /**
   * The data.
   *
   * @param path where it is
   * @param samples how many were scored
   * @param sha256 of its content
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Data(String path, long samples, String sha256) {}

  /**
   * A machine of a merged report.
   *
   * @param host its name, as in the rows
   * @param environment of its report
   * @param dataset of its report
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Host(String host, @Nullable Environment environment, @Nullable Data dataset) {}

  /**
   * One variant on one device.
   *
   * @param name the variant
   * @param path its file
   * @param sha256 of the file
   * @param bytes of the model, external data included
   * @param device such as "cpu" or "cuda:0"
   * @param host the machine's name
   * @param accuracy by the dataset's metric
   * @param fidelity to the baseline's outputs
   * @param latencyMs of a run of the batch, from inputs to outputs in the processor's memory
   * @param latencyDeviceMs of a run whose inputs and outputs stay on the GPU; null on the processor
   * @param throughputPerSecond samples a second, from the mean latency
   * @param loadMs from the file to a session that can run
   * @param peakRssBytes of the variant's own process after two runs, the Java machine's share
   *     included
   * @param kernels what ran in integers
   * @param accelerator the GPU and what ran on it; null on the processor
   * @param energy a sample, on a GPU with the copies
   * @param carbonG grams of CO2 equivalent a sample, where energy was measured
   * @param carbonEstimatedG the same where it was estimated
   * @param cost a sample, in the unit of the price, where energy was measured
   * @param costEstimated the same where it was estimated
   * @param breakEvenInferences after how many samples the compression's own energy is saved, where
   *     all of it was measured
   * @param compression what making the variant took; null for a baseline, and where energy was not
   *     asked for
   * @param vsBaseline null for the baseline
   * @param error why the row is incomplete
   * @param layers the largest, with what is known of them; empty if nothing is
   * @param weights as the file stores them; null if that could not be told
   * @param steps what made it of the baseline, by the reports of the transformations, in order
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Row(
      String name,
      String path,
      String sha256,
      long bytes,
      String device,
      String host,
      @Nullable Accuracy accuracy,
      @Nullable Fidelity fidelity,
      @Nullable LatencyMs latencyMs,
      @Nullable LatencyMs latencyDeviceMs,
      @Nullable Double throughputPerSecond,
      @Nullable Double loadMs,
      @Nullable Long peakRssBytes,
      @Nullable Kernels kernels,
      @Nullable Accelerator accelerator,
      @Nullable EnergyJson energy,
      @Nullable Double carbonG,
      @Nullable Double carbonEstimatedG,
      @Nullable Double cost,
      @Nullable Double costEstimated,
      @Nullable Long breakEvenInferences,
      @Nullable Compression compression,
      @Nullable VsBaseline vsBaseline,
      @Nullable String error,
      List<Layer> layers,
      @Nullable Weights weights,
      List<String> steps) {
    /** Copies; reports of earlier versions name no layers and no steps. */
    public Row {
      layers = layers == null ? List.of() : List.copyOf(layers);
      steps = steps == null ? List.of() : List.copyOf(steps);
    }

    /** The same on a machine of another name. */
    public Row onHost(String other) {
      return renamed(name, other);
    }

    /** The same under another name. */
    public Row named(String other) {
      return renamed(other, host);
    }

    private Row renamed(String newName, String newHost) {
      return new Row(
          newName,
          path,
          sha256,
          bytes,
          device,
          newHost,
          accuracy,
          fidelity,
          latencyMs,
          latencyDeviceMs,
          throughputPerSecond,
          loadMs,
          peakRssBytes,
          kernels,
          accelerator,
          energy,
          carbonG,
          carbonEstimatedG,
          cost,
          costEstimated,
          breakEvenInferences,
          compression,
          vsBaseline,
          error,
          layers,
          weights,
          steps);
    }
  }

  /**
   * What making a variant of the baseline took, by the reports of the transformations.
   *
   * @param kind MEASURED, ESTIMATED or UNAVAILABLE
   * @param energyJ of all steps, where they were measured
   * @param energyEstimatedJ of all steps, where they were estimated, to two figures
   * @param estimatedRangeJ the estimate's low and high end
   * @param seconds of all steps
   * @param source the meter's name
   * @param model the estimate's model
   * @param carbonG grams of CO2 equivalent, where energy was measured
   * @param carbonEstimatedG the same where it was estimated
   * @param cost in the unit of the price, where energy was measured
   * @param costEstimated the same where it was estimated
   * @param reports files of the steps' reports, the last step first
   * @param breakEvenCi95 95% interval of {@code break_even_inferences}
   * @param breakEvenEstimatedInferences after how many samples it is saved, by estimates of one
   *     model, to two figures
   * @param breakEvenEstimatedRange its low and high end
   * @param reason why energy or break-even is unknown
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Compression(
      EnergyReading.Kind kind,
      @Nullable Double energyJ,
      @Nullable Double energyEstimatedJ,
      @Nullable List<Double> estimatedRangeJ,
      @Nullable Double seconds,
      @Nullable String source,
      @Nullable String model,
      @Nullable Double carbonG,
      @Nullable Double carbonEstimatedG,
      @Nullable Double cost,
      @Nullable Double costEstimated,
      List<String> reports,
      @JsonProperty("break_even_ci95") @Nullable List<Double> breakEvenCi95,
      @Nullable Long breakEvenEstimatedInferences,
      @Nullable List<Long> breakEvenEstimatedRange,
      @Nullable String reason) {
    /** Copies. */
    public Compression {
      reports = reports == null ? List.of() : List.copyOf(reports);
    }
  }

  /**
   * A node with weights.
   *
   * @param node its label
   * @param op its operator
   * @param bytes of its weights in the file, uncompressed; null if it was not found in the graph
   * @param sqnrDb of its output against the float model's, by the report of the transformation
   * @param scheme how it computes, by that report
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Layer(
      String node,
      String op,
      @Nullable Long bytes,
      @Nullable Double sqnrDb,
      @Nullable String scheme) {}

  /**
   * The weights of a variant, measured in the file in their dense form.
   *
   * @param elements of all weights of 64 elements or more
   * @param sparsity share of zeros among them
   * @param distinct the most different values in one weight; null where one has over 256
   * @param usual how many most of the elements are limited to, and by how many weights
   * @param bits of the file for each element, with the nodes that unpack them
   * @param packed how many weights are computed at load
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Weights(
      long elements,
      double sparsity,
      @Nullable Integer distinct,
      @Nullable UsualValues usual,
      double bits,
      int packed) {}

  /**
   * A quality.
   *
   * @param metric its name
   * @param value a fraction from 0 to 1 for rates
   * @param samples how many were scored
   * @param ci95 95% confidence interval, in the value's unit
   */
  public record Accuracy(String metric, double value, long samples, @Nullable List<Double> ci95) {}

  /**
   * How close the outputs are to the baseline's.
   *
   * @param agreement share of samples with the same class; null where outputs are no scores
   * @param sqnrDb null where they are equal, or not comparable
   * @param cosine of all outputs as one vector
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Fidelity(
      @Nullable Double agreement, @Nullable Double sqnrDb, @Nullable Double cosine) {}

  /**
   * Milliseconds a run.
   *
   * @param mean over all runs
   * @param p50 median
   * @param p90 90th percentile
   * @param p99 99th percentile
   * @param samples runs that were timed
   * @param p50Ci95 the median's 95% interval, by the medians of the windows
   * @param batch samples a run; null in reports of earlier versions
   */
  public record LatencyMs(
      double mean,
      double p50,
      double p90,
      double p99,
      long samples,
      @JsonProperty("p50_ci95") @Nullable List<Double> p50Ci95,
      @Nullable Integer batch) {}

  /**
   * Kernels of the loaded model.
   *
   * @param integer nodes in integer kernels, by operator
   * @param floating nodes in float kernels, by operator; "float" in JSON
   * @param integerMacShare share of the multiplications that integer kernels do
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Kernels(
      Map<String, Integer> integer,
      @JsonProperty("float") Map<String, Integer> floating,
      @Nullable Double integerMacShare) {}

  /**
   * The GPU that a row ran on, by its driver, and what ran there.
   *
   * @param name of the GPU
   * @param uuid its name for ever
   * @param pciBusId where it is plugged in
   * @param computeCapability such as "8.0"
   * @param memoryBytes of the GPU
   * @param driver what its driver can run, such as "CUDA 12.4"
   * @param providers ONNX Runtime's execution providers with all settings that they were given
   * @param nodes how many nodes ran on each provider, by operator; null if it could not be told
   * @param fallbackNodes how many of them ran on the processor; null if it could not be told
   * @param copyNodes copies between the processor's memory and the GPU's inside the model, those of
   *     inputs and outputs not counted; null if it could not be told
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Accelerator(
      String name,
      String uuid,
      String pciBusId,
      String computeCapability,
      long memoryBytes,
      String driver,
      Map<String, Map<String, String>> providers,
      @Nullable Map<String, Map<String, Integer>> nodes,
      @Nullable Integer fallbackNodes,
      @Nullable Integer copyNodes) {}

  /**
   * In comparison with the baseline on the same device.
   *
   * @param bytesRatio bytes over the baseline's
   * @param accuracyDrop baseline minus variant in points, per cent of the baseline for errors
   * @param accuracyDropCi95 its interval, from paired samples
   * @param mcnemarP mid-p value of McNemar's test that both are right equally often; null where the
   *     metric is no count of right samples
   * @param latencyRatio time a sample over the baseline's, by rounds in which both had their turn
   * @param latencyRatioCi95 its interval
   * @param latencyDeviceRatio the same of runs held on the GPU; null on the processor
   * @param latencyDeviceRatioCi95 its interval
   * @param energyRatio energy over the baseline's; null unless both were measured
   * @param energyRatioCi95 its interval
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record VsBaseline(
      double bytesRatio,
      @Nullable Double accuracyDrop,
      @Nullable List<Double> accuracyDropCi95,
      @JsonProperty("mcnemar_p") @Nullable Double mcnemarP,
      @Nullable Double latencyRatio,
      @Nullable List<Double> latencyRatioCi95,
      @Nullable Double latencyDeviceRatio,
      @Nullable List<Double> latencyDeviceRatioCi95,
      @Nullable Double energyRatio,
      @Nullable List<Double> energyRatioCi95) {}

  /**
   * A limit that was judged.
   *
   * @param name such as "max-drop"
   * @param variant whose value it is: "name on device"
   * @param limit the largest value allowed
   * @param value what was measured; null if it was not
   * @param ci95 its interval
   * @param passed false if the value, with its whole interval, is over the limit, or is unknown
   * @param certain whether the interval leaves no doubt
   * @param reason why there is no value; null where there is one
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Gate(
      String name,
      String variant,
      double limit,
      @Nullable Double value,
      @Nullable List<Double> ci95,
      boolean passed,
      boolean certain,
      @Nullable String reason) {}

  /** Copies; reports of one machine name no hosts. */
  public EvaluationReport {
    variants = List.copyOf(variants);
    gates = List.copyOf(gates);
    warnings = List.copyOf(warnings);
    hosts = hosts == null ? List.of() : List.copyOf(hosts);
  }

  /** Whether every gate passed. */
  public boolean passed() {
    return gates.stream().allMatch(Gate::passed);
  }
}
