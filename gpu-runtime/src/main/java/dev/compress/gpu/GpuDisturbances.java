package dev.compress.gpu;

import dev.compress.energy.DisturbanceWatch;
import java.util.List;
import java.util.Optional;

/** A GPU that is slowed down by heat or power supply, or that others use as well. */
final class GpuDisturbances implements DisturbanceWatch {
  /** Heat and failing power; a power cap that was set is how the GPU is meant to run. */
  private static final long BAD_REASONS = 0x08 | 0x20 | 0x40 | 0x80;

  private final Nvml.Device device;
  private final long ownProcess;
  private long reasonsBefore;
  private List<Long> othersBefore = List.of();

  GpuDisturbances(Nvml.Device device, long ownProcess) {
    this.device = device;
    this.ownProcess = ownProcess;
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

  /** In a container processes have other numbers outside: then one process is taken for our own. */
  private List<Long> others() {
    try {
      List<Long> all = device.computeProcesses();
      if (all.contains(ownProcess)) {
        return all.stream().filter(pid -> pid != ownProcess).toList();
      }
      return all.size() > 1 ? all.subList(1, all.size()) : List.of();
    } catch (NvmlException e) {
      return List.of();
    }
  }
}
