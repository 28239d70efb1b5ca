package dev.compress.evaluation.worker;

import dev.compress.runtime.DeviceIdentity;
import dev.compress.runtime.ExecutionProvider;
import dev.compress.runtime.SerializedTensors;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/** What a variant's process answers. */
sealed interface VariantAnswer extends Serializable {
  /**
   * What a device is.
   *
   * @param identity by its driver
   */
  record Identified(DeviceIdentity identity) implements VariantAnswer {}

  /**
   * The model is loaded.
   *
   * @param milliseconds from the file to a session that can run; the library was there already
   * @param providers that compute in place of the processor
   */
  record Loaded(double milliseconds, List<ExecutionProvider> providers) implements VariantAnswer {}

  /**
   * Outputs.
   *
   * @param tensors by name
   */
  record Outputs(SerializedTensors tensors) implements VariantAnswer {}

  /** The inputs are fixed. */
  record Bound() implements VariantAnswer {}

  /**
   * What a block took.
   *
   * @param nanos of every run, one after the other
   * @param totalNanos from before the first to after the last
   * @param cpuNanos of the process meanwhile; negative where the system does not tell
   */
  @SuppressWarnings("ArrayRecordComponent") // many, made once and only read
  record Times(long[] nanos, long totalNanos, long cpuNanos) implements VariantAnswer {}

  /**
   * Kernels.
   *
   * @param integer how many nodes run in integer kernels, by operator
   * @param floating how many in float
   * @param integerMacShare share of the multiplications that integer kernels do
   * @param providers how many nodes ran on each execution provider, by operator
   * @param deviceCopies how often a value is copied between the processor's memory and a device's
   */
  record Kernels(
      Map<String, Integer> integer,
      Map<String, Integer> floating,
      double integerMacShare,
      Map<String, Map<String, Integer>> providers,
      int deviceCopies)
      implements VariantAnswer {}
}
