package dev.compress.evaluation;

import dev.compress.runtime.Device;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Where variants are measured. The first variant on a device is the baseline of the others there.
 *
 * @param devices in the order of the rows, each once
 * @param natives a folder with ONNX Runtime's libraries for GPUs; empty if they are expected where
 *     this process has its own
 */
public record DevicePlan(List<Device> devices, Optional<Path> natives) {
  /** On the processor. */
  public static final DevicePlan CPU = new DevicePlan(List.of(Device.CPU), Optional.empty());

  /**
   * Checks and copies.
   *
   * @throws IllegalArgumentException if there is no device, or one is named twice
   */
  public DevicePlan {
    devices = List.copyOf(devices);
    if (devices.isEmpty()) {
      throw new IllegalArgumentException("There is no device to measure on");
    }
    if (devices.stream().distinct().count() < devices.size()) {
      throw new IllegalArgumentException("A device is named twice: " + devices);
    }
  }
}
