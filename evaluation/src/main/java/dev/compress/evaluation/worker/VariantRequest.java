package dev.compress.evaluation.worker;

import dev.compress.runtime.SerializedTensors;
import java.io.Serializable;
import java.util.List;

/** What a variant's process is asked for. */
sealed interface VariantRequest extends Serializable {
  /**
   * Asks the driver what a device is.
   *
   * @param device as it is written in options
   */
  record Identify(String device) implements VariantRequest {}

  /**
   * Loads the model, which must be the first request.
   *
   * @param file the model
   * @param threads inside an operator
   * @param device as it is written in options
   * @param held whether inputs and outputs are to be held on the device: then blocks can be run,
   *     and nothing else is
   */
  record Load(String file, int threads, String device, boolean held) implements VariantRequest {}

  /**
   * Runs once and sends outputs back.
   *
   * @param inputs by name
   * @param outputs which of them; empty for all numeric ones
   */
  record Infer(SerializedTensors inputs, List<String> outputs) implements VariantRequest {}

  /**
   * Fixes the inputs of all later blocks, and runs once.
   *
   * @param inputs by name
   */
  record Bind(SerializedTensors inputs) implements VariantRequest {}

  /**
   * Runs on the fixed inputs again and again, timing each run.
   *
   * @param runs how often at most
   * @param seconds and how long at most; whichever comes first, but one run at least
   */
  record Block(long runs, double seconds) implements VariantRequest {}

  /** Sends the outputs for the fixed inputs back. */
  record Outputs() implements VariantRequest {}

  /** Counts kernels on the fixed inputs. */
  record Kernels() implements VariantRequest {}
}
