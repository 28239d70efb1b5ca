package dev.compress.runtime;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a model runs.
 *
 * @param kind of execution
 * @param index of the GPU, as CUDA counts them in the order of their buses; 0 for the processor
 */
public record Device(Kind kind, int index) {
  /** The processor. */
  public static final Device CPU = new Device(Kind.CPU, 0);

  private static final Pattern FORM = Pattern.compile("(cpu|cuda|tensorrt)(?::(\\d{1,4}))?");

  /** Kinds of execution. */
  public enum Kind {
    /** ONNX Runtime's own kernels on the processor. */
    CPU,
    /** CUDA kernels on an NVIDIA GPU; what has none runs on the processor. */
    CUDA,
    /** TensorRT engines on an NVIDIA GPU; what fits none runs in CUDA kernels. */
    TENSORRT;

    /** As it is written in options and reports. */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * Checks.
   *
   * @throws IllegalArgumentException if the index is negative, or that of a processor not 0
   */
  public Device {
    if (index < 0 || (kind == Kind.CPU && index != 0)) {
      throw new IllegalArgumentException("There is no device " + kind.text() + ":" + index);
    }
  }

  /**
   * Reads a device.
   *
   * @param text "cpu", "cuda", "cuda:1", "tensorrt" and the like; without a number it is the first
   * @throws IllegalArgumentException if it is none
   */
  public static Device parse(String text) {
    Matcher matcher = FORM.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches() || (matcher.group(1).equals("cpu") && matcher.group(2) != null)) {
      throw new IllegalArgumentException("cpu, cuda[:N] and tensorrt[:N] are devices, not " + text);
    }
    return new Device(
        Kind.valueOf(matcher.group(1).toUpperCase(Locale.ROOT)),
        matcher.group(2) == null ? 0 : Integer.parseInt(matcher.group(2)));
  }

  /** Whether it is a GPU. */
  public boolean isGpu() {
    return kind != Kind.CPU;
  }

  @Override
  public String toString() {
    return isGpu() ? kind.text() + ":" + index : kind.text();
  }
}
