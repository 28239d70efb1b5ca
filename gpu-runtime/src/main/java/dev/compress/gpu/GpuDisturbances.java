package dev.compress.gpu;

import dev.compress.energy.DisturbanceWatch;
import java.util.List;
import java.util.Optional;
import java.util.function.LongPredicate;

/** A GPU that is slowed down by heat or power supply, or that others use as well. */
final class GpuDisturbances implements DisturbanceWatch {
  /** Heat and failing power; a power cap that was set is how the GPU is meant to run. */
  private static final long BAD_REASONS = 0x08 | 0x20 | 0x40 | 0x80;

  private final Nvml.Device device;
  private final LongPredicate isOurs;
  private long reasonsBefore;
  private List<Long> othersBefore = List.of();

  /**
   * Watches a GPU.
   *
   * @param device the GPU
   * @param isOurs whether a process belongs to the measurement
   */
  GpuDisturbances(Nvml.Device device, LongPredicate isOurs) {
    this.device = device;
    this.isOurs = isOurs;
  }

  @Override
  public void begin() {
    reasonsBefore = reasons();
    othersBefore = others();
  }

  @Override
  public Optional<String> end() {
    if (((reasonsBefore | reasons()) & BAD_REASONS) != 0) {
      return Optional.of("the GPU was slowed down by heat or by its power supply");
    }
    List<Long> others = othersBefore.isEmpty() ? others() : othersBefore;
    return others.isEmpty()
        ? Optional.empty()
        : Optional.of("the GPU was used by process " + others.get(0) + " as well");
  }

  private long reasons() {
    try {
      return device.throttleReasons();
    } catch (NvmlException e) {
      return 0; // older GPUs do not tell; one that is lost is told by its meter
    }
  }

  /** Where none of the processes is ours, a container numbers them otherwise: nothing is known. */
  private List<Long> others() {
    try {
      List<Long> all = device.computeProcesses();
      List<Long> others = all.stream().filter(pid -> !isOurs.test(pid)).toList();
      return others.size() < all.size() ? others : List.of();
    } catch (NvmlException e) {
      return List.of();
    }
  }
}
