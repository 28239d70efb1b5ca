package dev.compress.inspect;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.io.Serializable;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What was found in a model: the JSON of schema {@code compress.inspect/1}. What is unknown is
 * null, with its reason among the warnings.
 *
 * @param schema {@link #SCHEMA}
 * @param file the model's file
 * @param format what it says of itself
 * @param inputs what it reads, initializers left out
 * @param outputs what it makes
 * @param nodes how many it has, those of subgraphs and functions included
 * @param ops its operators, the most frequent first
 * @param functions its local functions
 * @param parameters elements of its weights: of all constants in numbers, int64 left out, for these
 *     are shapes and indices
 * @param weightBytes bytes of all its constants
 * @param precision its constants by element type, the most bytes first
 * @param sparsity share of zeros among the elements of floating-point and signed 4- and 8-bit
 *     constants; null if there are none
 * @param macs multiply-accumulate operations of one run, for the shapes that {@code macsFor} says;
 *     null if they cannot be counted
 * @param macsFor the shapes of the inputs of that run
 * @param kernels what ONNX Runtime executes; null if the model does not run
 * @param largest its largest constants
 * @param warnings what should be known
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record ModelInspection(
    String schema,
    File file,
    Format format,
    List<Value> inputs,
    List<Value> outputs,
    int nodes,
    List<Op> ops,
    List<LocalFunction> functions,
    long parameters,
    long weightBytes,
    List<Precision> precision,
    @Nullable Double sparsity,
    @Nullable Long macs,
    Map<String, List<Long>> macsFor,
    @Nullable Kernels kernels,
    List<Weight> largest,
    List<String> warnings) {
  /** The schema's name. */
  public static final String SCHEMA = "compress.inspect/1";

  /** Copies. */
  public ModelInspection {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    ops = List.copyOf(ops);
    functions = List.copyOf(functions);
    precision = List.copyOf(precision);
    macsFor = Collections.unmodifiableMap(new LinkedHashMap<>(macsFor));
    largest = List.copyOf(largest);
    warnings = List.copyOf(warnings);
  }

  /**
   * The files.
   *
   * @param path the model's file
   * @param sha256 of that file
   * @param bytes with external data
   * @param external files with weights
   */
  public record File(String path, String sha256, long bytes, List<String> external) {}

  /**
   * What the model says of itself.
   *
   * @param irVersion version of the file format
   * @param opsets version by domain; the ONNX operators' is "ai.onnx"
   * @param producer who made it
   * @param modelVersion of the model itself
   * @param doc for people
   * @param metadata its key-value pairs
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Format(
      long irVersion,
      Map<String, Long> opsets,
      String producer,
      long modelVersion,
      String doc,
      Map<String, String> metadata) {}

  /**
   * An input or output.
   *
   * @param name its name
   * @param type its element type, or what else it is
   * @param dims numbers, names of free dims, or "?"; null if even the rank is unknown
   */
  public record Value(String name, String type, @Nullable List<Object> dims) {}

  /**
   * An operator.
   *
   * @param op its type
   * @param domain "ai.onnx" for ONNX' own
   * @param count how many nodes
   * @param parameters elements of the weights that they read
   * @param macs their multiply-accumulate operations; null where they do not multiply
   */
  public record Op(String op, String domain, int count, long parameters, @Nullable Long macs) {}

  /**
   * A local function.
   *
   * @param name its name
   * @param domain its domain
   * @param nodes of its body
   * @param calls nodes that call it
   */
  public record LocalFunction(String name, String domain, int nodes, int calls) {}

  /**
   * Constants of one element type.
   *
   * @param type the element type
   * @param tensors how many
   * @param elements of all together
   * @param bytes of all together
   */
  public record Precision(String type, int tensors, long elements, long bytes) {}

  /**
   * What was executed in a run on made-up inputs.
   *
   * @param integer integer kernels by ONNX op
   * @param floating float kernels by ONNX op
   * @param conversions kernels that only convert between the two
   * @param integerMacShare share of the multiply-accumulate operations in integer kernels
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Kernels(
      Map<String, Integer> integer,
      @JsonProperty("float") Map<String, Integer> floating,
      int conversions,
      double integerMacShare)
      implements Serializable {}

  /**
   * A constant.
   *
   * @param name its name
   * @param type its element type
   * @param dims its shape
   * @param bytes it takes
   * @param sparsity share of zeros; null where it was not counted
   * @param usedBy nodes that read it
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Weight(
      String name,
      String type,
      List<Long> dims,
      long bytes,
      @Nullable Double sparsity,
      List<String> usedBy) {}
}
