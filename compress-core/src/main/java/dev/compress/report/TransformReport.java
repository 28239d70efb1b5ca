package dev.compress.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.compress.energy.RunEnergy;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.train.TrainingSummary;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a transformation did and what was measured of its output: the JSON of schema {@code
 * compress.transform/1}. What is unknown is null, with its reason among the warnings.
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record TransformReport(
    String schema,
    Tool tool,
    Input input,
    @Nullable Output output,
    Map<String, Object> recipe,
    double wallSeconds,
    @Nullable Long peakRssBytes,
    List<Pass> passes,
    List<Training> trainings,
    @Nullable Kernels kernels,
    @Nullable Double integerMacShare,
    @Nullable Fidelity fidelity,
    @Nullable Speed speed,
    @Nullable Double loadMs,
    @Nullable Long loadPeakBytes,
    @Nullable Accuracy accuracy,
    List<Layer> layers,
    List<DataUse> data,
    @Nullable Double sparsity,
    @Nullable Double bitsPerWeight,
    List<StoredWeight> weights,
    @Nullable RunEnergy energy,
    List<String> notes,
    List<String> warnings) {
  /** The schema's name. */
  public static final String SCHEMA = "compress.transform/1";

  /**
   * Which versions did it.
   *
   * @param version of compress
   * @param onnxruntime of ONNX Runtime
   */
  public record Tool(String version, String onnxruntime) {}

  /**
   * The model read.
   *
   * @param path its file
   * @param sha256 of the file
   * @param bytes with external data
   * @param parameters elements of its weights
   */
  public record Input(String path, String sha256, long bytes, long parameters) {}

  /**
   * The model written.
   *
   * @param path its file
   * @param sha256 of the file
   * @param bytes with external data
   * @param bytesZipped deflated, or null where it was not computed
   * @param ratio input bytes over output bytes
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Output(
      String path, String sha256, long bytes, @Nullable Long bytesZipped, double ratio) {}

  /**
   * A weight of the output, measured in the file.
   *
   * @param name the value that nodes read
   * @param type of its elements in memory
   * @param elements how many
   * @param sparsity share of zeros
   * @param distinct how many different values, null if over 256
   * @param distinctInGroup the most in one group of channels, null where clusters are the whole
   *     weight's
   * @param form how it is stored
   * @param bytes in the file
   * @param bytesZipped the same deflated
   * @param bits of the file for each element
   * @param unpackMs time to compute it at load
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record StoredWeight(
      String name,
      String type,
      long elements,
      double sparsity,
      @Nullable Integer distinct,
      @Nullable Integer distinctInGroup,
      String form,
      long bytes,
      long bytesZipped,
      double bits,
      double unpackMs) {}

  /**
   * One pass.
   *
   * @param name its name
   * @param seconds how long it took
   * @param changed what it changed
   * @param skipped eligible nodes that it left alone
   */
  public record Pass(String name, double seconds, List<Change> changed, List<Skipped> skipped) {}

  /**
   * A training of {@code --fine-tune}.
   *
   * @param name of the pass that trained
   * @param summary how it went
   */
  public record Training(String name, TrainingSummary summary) {}

  /**
   * Kernels that ONNX Runtime chose for the output.
   *
   * @param integer integer kernels by ONNX op
   * @param floating float kernels by ONNX op
   * @param unplannedFloat nodes planned as integer that run in float
   */
  public record Kernels(
      Map<String, Integer> integer,
      @com.fasterxml.jackson.annotation.JsonProperty("float") Map<String, Integer> floating,
      @com.fasterxml.jackson.annotation.JsonProperty("unplanned_float")
          List<String> unplannedFloat) {}

  /**
   * How close the outputs are to the input model's.
   *
   * @param sqnrDb signal to quantization noise in decibels, null if exact
   * @param cosine cosine similarity of the outputs
   * @param agreement share of samples with the same largest output, null if it is no classifier
   * @param samples compared
   * @param source of the samples
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Fidelity(
      @Nullable Double sqnrDb,
      double cosine,
      @Nullable Double agreement,
      long samples,
      String source) {}

  /**
   * Latency of both models, interleaved, one thread and one sample unless the threads were given.
   *
   * @param inputMs median of the input model, milliseconds
   * @param outputMs median of the output model, milliseconds
   * @param ratio output over input, under 1 is faster
   * @param ratioCi95 its 95% confidence interval
   * @param threads of the runtime
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Speed(
      double inputMs, double outputMs, double ratio, List<Double> ratioCi95, int threads) {}

  /**
   * Accuracy on the data of {@code --data}.
   *
   * @param metric its name
   * @param input of the input model
   * @param output of the output model
   * @param drop input minus output: points for rates, per cent of the input's for errors
   * @param samples scored
   */
  public record Accuracy(String metric, double input, double output, double drop, long samples) {}

  /**
   * One quantized layer.
   *
   * @param node its label
   * @param op its op type
   * @param scheme how it computes
   * @param sqnrDb of its output against the float model's, null where it was not measured
   * @param range what the range of its input was fitted by, null without one
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Layer(
      String node, String op, String scheme, @Nullable Double sqnrDb, @Nullable String range) {}

  /**
   * Which data served which step.
   *
   * @param step "calibration"; "selection" where nodes were chosen by it; "accuracy" where it only
   *     measured
   * @param path the data
   * @param samples how many
   * @param sha256 of the data
   */
  public record DataUse(String step, String path, long samples, @Nullable String sha256) {}

  public TransformReport {
    passes = List.copyOf(passes);
    trainings = List.copyOf(trainings);
    layers = List.copyOf(layers);
    data = List.copyOf(data);
    weights = List.copyOf(weights);
    notes = List.copyOf(notes);
    warnings = List.copyOf(warnings);
  }

  /**
   * The same with the energy that the whole run took, its proof included.
   *
   * @param metered by a sensor, or estimated
   */
  public TransformReport withEnergy(RunEnergy metered) {
    return new TransformReport(
        schema,
        tool,
        input,
        output,
        recipe,
        wallSeconds,
        peakRssBytes,
        passes,
        trainings,
        kernels,
        integerMacShare,
        fidelity,
        speed,
        loadMs,
        loadPeakBytes,
        accuracy,
        layers,
        data,
        sparsity,
        bitsPerWeight,
        weights,
        metered,
        notes,
        warnings);
  }
}
