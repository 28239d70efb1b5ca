package dev.compress.gpu;

import dev.compress.energy.CounterMeter;
import dev.compress.energy.DisturbanceWatch;
import dev.compress.energy.EnergyMeter;
import dev.compress.energy.EnergyMeterProvider;
import dev.compress.energy.MeterDescription;
import dev.compress.energy.MeterTraits;
import dev.compress.energy.RawCounter;
import dev.compress.energy.SampledPowerMeter;
import dev.compress.energy.SensorFinding;
import dev.compress.energy.TimeSource;
import dev.compress.error.DeviceUnavailableException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Energy of NVIDIA GPUs: the counter of joules (Volta and later) if the GPU has one, else its power
 * integrated. On Grace Hopper only the module, processor included, tells its power.
 */
public final class NvmlMeters implements EnergyMeterProvider {
  /** The name by which it is asked for. */
  static final String SOURCE = "nvml";

  private static final double MILLI = 1e-3;

  /** GPUs refresh their power every 20 to 100 ms; asking in between costs little. */
  private static final double SAMPLING_SECONDS = 0.02;

  private static final double HIGHEST_WATTS = 3000;

  private final String library;
  private final Map<String, String> environment;

  /** This machine's driver; models run in processes that are told to count by the buses. */
  public NvmlMeters() {
    this(Nvml.LIBRARY, byBus(System.getenv()));
  }

  private static Map<String, String> byBus(Map<String, String> environment) {
    Map<String, String> told = new HashMap<>(environment);
    told.put(GpuRuntime.ORDER, GpuRuntime.BY_BUS);
    return told;
  }

  NvmlMeters(String library, Map<String, String> environment) {
    this.library = library;
    this.environment = Map.copyOf(environment);
  }

  /** How a GPU can be measured. */
  private enum Way {
    COUNTER,
    POWER,
    MODULE_POWER
  }

  @Override
  public List<SensorFinding> find(Request request) {
    try (Nvml nvml = Nvml.open(library)) {
      Nvml.Device device = nvml.device(choose(nvml, request).index());
      Way way = way(device);
      String detail =
          device.name()
              + ", "
              + switch (way) {
                case COUNTER -> "a counter of joules";
                case POWER -> "its power only, which is integrated";
                case MODULE_POWER -> "the power of the module, processor included";
              };
      return List.of(new SensorFinding.Found(SOURCE, detail, () -> open(request)));
    } catch (NvmlException e) {
      return List.of(finding(e));
    }
  }

  private static SensorFinding finding(NvmlException e) {
    String detail = String.valueOf(e.getMessage());
    return switch (e.code()) {
      case NvmlException.LIBRARY_NOT_FOUND -> new SensorFinding.Absent(SOURCE, detail);
      case NvmlException.DRIVER_NOT_LOADED ->
          new SensorFinding.Unreadable(SOURCE, detail, "sudo modprobe nvidia");
      case NvmlException.VERSION_MISMATCH ->
          new SensorFinding.Unreadable(
              SOURCE, detail, "The driver was updated while it was loaded: restart the machine.");
      case NvmlException.NO_PERMISSION ->
          new SensorFinding.Unreadable(
              SOURCE, detail, "Give this user or container access to /dev/nvidia*.");
      case NvmlException.GPU_IS_LOST ->
          new SensorFinding.Unreadable(
              SOURCE, detail, "The GPU has fallen off its bus: restart the machine.");
      case NvmlException.NOT_SUPPORTED ->
          new SensorFinding.Absent(
              SOURCE, detail + " (Jetson's modules tell their power through hwmon)");
      default -> new SensorFinding.Absent(SOURCE, detail);
    };
  }

  private CudaDevices.Gpu choose(Nvml nvml, Request request) throws NvmlException {
    List<CudaDevices.Gpu> gpus = new ArrayList<>();
    int count = nvml.count();
    if (count == 0) {
      throw new NvmlException(NvmlException.LIBRARY_NOT_FOUND, "the driver shows no GPU");
    }
    for (int i = 0; i < count; i++) {
      Nvml.Device device = nvml.device(i);
      gpus.add(new CudaDevices.Gpu(i, device.uuid(), device.pciBusId()));
    }
    return request.pciBusId().isEmpty()
        ? CudaDevices.find(Math.max(0, request.cudaDevice()), gpus, environment)
        : CudaDevices.at(request.pciBusId(), gpus, environment);
  }

  private static Way way(Nvml.Device device) throws NvmlException {
    try {
      device.energyMillijoules();
      return Way.COUNTER;
    } catch (NvmlException e) {
      if (e.code() != NvmlException.NOT_SUPPORTED && e.code() != NvmlException.FUNCTION_NOT_FOUND) {
        throw e;
      }
    }
    try {
      device.powerMilliwatts();
      return Way.POWER;
    } catch (NvmlException e) {
      if (e.code() != NvmlException.NOT_SUPPORTED) {
        throw e;
      }
    }
    device.field(Nvml.FIELD_POWER_INSTANT, Nvml.SCOPE_MODULE);
    return Way.MODULE_POWER;
  }

  private EnergyMeter open(Request request) {
    Nvml nvml = null;
    try {
      nvml = Nvml.open(library);
      CudaDevices.Gpu gpu = choose(nvml, request);
      Nvml.Device device = nvml.device(gpu.index());
      return meter(nvml, device, gpu, way(device), request.time());
    } catch (NvmlException | DeviceUnavailableException e) {
      if (nvml != null) {
        nvml.close();
      }
      throw new DeviceUnavailableException(
          "The GPU's energy cannot be measured: " + e.getMessage() + ". See `compress doctor`.", e);
    }
  }

  private static EnergyMeter meter(
      Nvml nvml, Nvml.Device device, CudaDevices.Gpu gpu, Way way, TimeSource time)
      throws NvmlException {
    String title = "NVML, " + device.name() + " at " + gpu.pciBusId();
    String domain = "gpu-" + gpu.index();
    String scope =
        "the board of " + device.name() + " with its memory; not the processor or the machine";
    if (way == Way.COUNTER) {
      MeterTraits traits =
          new MeterTraits(
              MeterTraits.Kind.COUNTER, MILLI, MILLI, 0, HIGHEST_WATTS, Double.POSITIVE_INFINITY);
      return new CounterMeter(
          new MeterDescription(SOURCE, title, List.of(domain), scope, traits),
          List.of(new RawCounter(domain, device::energyMillijoules, MILLI)),
          time,
          nvml::close);
    }
    boolean module = way == Way.MODULE_POWER;
    MeterDescription description =
        new MeterDescription(
            SOURCE,
            title + " (power, integrated)",
            List.of(module ? domain + "-module" : domain),
            module ? "the module of " + device.name() + " with its processor" : scope,
            MeterTraits.power(SAMPLING_SECONDS));
    SampledPowerMeter.Probe probe =
        module
            ? () -> new double[] {device.field(Nvml.FIELD_POWER_INSTANT, Nvml.SCOPE_MODULE) * MILLI}
            : () -> new double[] {device.powerMilliwatts() * MILLI};
    return new SampledPowerMeter(description, probe, time, nvml::close);
  }

  @Override
  public List<DisturbanceWatch> watches(Request request) {
    if (request.cudaDevice() < 0) {
      return List.of();
    }
    try {
      Nvml nvml = Nvml.open(library); // stays open as long as the watch may be asked
      Nvml.Device device = nvml.device(choose(nvml, request).index());
      return List.of(new GpuDisturbances(device, NvmlMeters::isOurs));
    } catch (NvmlException e) {
      return List.of(); // whoever measures is told by the meter
    }
  }

  /** Variants may run in processes of their own, which this one started. */
  private static boolean isOurs(long pid) {
    ProcessHandle self = ProcessHandle.current();
    return pid == self.pid() || self.descendants().anyMatch(child -> child.pid() == pid);
  }
}
