package dev.compress.gpu;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Which GPU of NVML's is CUDA's device N. With {@code CUDA_DEVICE_ORDER=PCI_BUS_ID} CUDA counts in
 * the order of the buses, and {@code CUDA_VISIBLE_DEVICES} picks and reorders by number or by (the
 * beginning of) a UUID; a slice of a GPU ("MIG-...") has no meter of its own.
 */
final class CudaDevices {
  private static final String VISIBLE = "CUDA_VISIBLE_DEVICES";
  private static final String SLICE = "MIG-";

  private CudaDevices() {}

  /**
   * A GPU as NVML shows it.
   *
   * @param index NVML's
   * @param uuid its name
   * @param pciBusId where it is plugged in
   */
  record Gpu(int index, String uuid, String pciBusId) {}

  /**
   * Finds a device by what the CUDA driver has told of it.
   *
   * @param pciBusId such as "0000:41:00.0"; NVML writes more zeros
   * @param gpus all that NVML shows
   * @param environment of this process
   * @throws NvmlException if NVML shows none there, or the device is but a slice of it
   */
  static Gpu at(String pciBusId, List<Gpu> gpus, Map<String, String> environment)
      throws NvmlException {
    if (environment.getOrDefault(VISIBLE, "").strip().startsWith(SLICE)) {
      throw slice(environment.getOrDefault(VISIBLE, ""));
    }
    return gpus.stream()
        .filter(gpu -> shortened(gpu.pciBusId()).equals(shortened(pciBusId)))
        .findFirst()
        .orElseThrow(
            () ->
                new NvmlException(NvmlException.NOT_SUPPORTED, "NVML shows no GPU at " + pciBusId));
  }

  /** NVML's domain has eight digits, CUDA's four. */
  private static String shortened(String busId) {
    String lower = busId.strip().toLowerCase(Locale.ROOT);
    int colon = lower.indexOf(':');
    return colon < 0
        ? lower
        : lower.substring(0, colon).replaceFirst("^0+", "") + lower.substring(colon);
  }

  /**
   * Finds a device.
   *
   * @param cudaDevice CUDA's number
   * @param gpus all that NVML shows
   * @param environment of this process
   * @return the GPU
   * @throws NvmlException if it cannot be told which one it is
   */
  static Gpu find(int cudaDevice, List<Gpu> gpus, Map<String, String> environment)
      throws NvmlException {
    List<Gpu> ordered = new ArrayList<>(gpus);
    ordered.sort(Comparator.comparing(gpu -> gpu.pciBusId().toUpperCase(Locale.ROOT)));
    String visible = environment.get(VISIBLE);
    boolean byBus = GpuRuntime.BY_BUS.equals(environment.get(GpuRuntime.ORDER));
    List<Gpu> seen = ordered;
    if (visible != null) {
      seen = visible(visible, ordered, byBus);
    } else if (!byBus && gpus.size() > 1) {
      throw unordered();
    }
    if (cudaDevice >= seen.size()) {
      throw new NvmlException(
          NvmlException.NOT_SUPPORTED,
          "CUDA's device " + cudaDevice + " is not among the " + seen.size() + " GPUs seen here");
    }
    return seen.get(cudaDevice);
  }

  private static List<Gpu> visible(String list, List<Gpu> ordered, boolean byBus)
      throws NvmlException {
    List<Gpu> seen = new ArrayList<>();
    for (String part : list.split(",", -1)) {
      String name = part.strip();
      if (name.startsWith(SLICE)) {
        throw slice(name);
      }
      if (name.startsWith("GPU-")) {
        List<Gpu> matching = ordered.stream().filter(gpu -> gpu.uuid().startsWith(name)).toList();
        if (matching.size() != 1) {
          break; // CUDA sees none from here on
        }
        seen.add(matching.get(0));
        continue;
      }
      if (!name.matches("\\d{1,4}") || Integer.parseInt(name) >= ordered.size()) {
        break; // as CUDA does: what follows a wrong entry is not visible
      }
      if (!byBus && ordered.size() > 1) {
        throw unordered();
      }
      seen.add(ordered.get(Integer.parseInt(name)));
    }
    return seen;
  }

  private static NvmlException slice(String name) {
    return new NvmlException(
        NvmlException.NOT_SUPPORTED,
        VISIBLE
            + " names "
            + name
            + ", a slice of a GPU: NVML counts the energy of the whole GPU only, with whatever runs"
            + " in its other slices");
  }

  private static NvmlException unordered() {
    return new NvmlException(
        NvmlException.NOT_SUPPORTED,
        "there are several GPUs and CUDA counts them by speed; set "
            + GpuRuntime.ORDER
            + "="
            + GpuRuntime.BY_BUS);
  }
}
