package dev.compress.cli.doctor;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What this machine offers: the JSON of schema {@code compress.doctor/1}.
 *
 * @param schema {@link #SCHEMA}
 * @param version of compress
 * @param cpu the processor
 * @param memory what there is
 * @param os the operating system
 * @param java the Java in use
 * @param runtime ONNX Runtime
 * @param target what models are made for unless {@code --target} says otherwise
 * @param devices accelerators that were found
 * @param energy energy sensors that were looked for; found is not yet measured
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record DoctorReport(
    String schema,
    String version,
    Cpu cpu,
    Memory memory,
    String os,
    String java,
    OnnxRuntime runtime,
    DefaultTarget target,
    List<Finding> devices,
    List<Finding> energy) {
  /** The schema's name. */
  public static final String SCHEMA = "compress.doctor/1";

  /** Copies. */
  public DoctorReport {
    devices = List.copyOf(devices);
    energy = List.copyOf(energy);
  }

  /**
   * The processor.
   *
   * @param model its name; empty if unknown
   * @param architecture such as "x86-64"
   * @param cores that this process may use
   * @param physicalCores of the machine; null if unknown
   * @param instructions that matter here
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Cpu(
      String model,
      String architecture,
      int cores,
      @Nullable Integer physicalCores,
      List<String> instructions) {}

  /**
   * The memory.
   *
   * @param totalBytes of the machine or container; null if unknown
   * @param heapLimitBytes that Java's heap may take
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Memory(@Nullable Long totalBytes, long heapLimitBytes) {}

  /**
   * ONNX Runtime.
   *
   * @param version null if it cannot be loaded
   * @param providers execution providers
   * @param problem why it cannot be loaded; empty if it can
   */
  public record OnnxRuntime(@Nullable String version, List<String> providers, String problem) {}

  /**
   * The default target.
   *
   * @param name as for {@code --target}
   * @param reason why
   * @param weightBits bits of an int8 weight's code
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record DefaultTarget(String name, String reason, int weightBits) {}

  /** How a device or sensor was found. */
  public enum State {
    /** It is there and may be used. */
    AVAILABLE,
    /** It is there and something is missing, as the advice says. */
    BLOCKED,
    /** It is not there. */
    ABSENT
  }

  /**
   * A device or sensor.
   *
   * @param name what was looked for
   * @param state how it was found
   * @param detail where, or why not
   * @param advice the command that enables it; empty if there is none
   */
  public record Finding(String name, State state, String detail, String advice) {}
}
