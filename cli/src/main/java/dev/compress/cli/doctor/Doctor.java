package dev.compress.cli.doctor;

import com.sun.management.OperatingSystemMXBean;
import dev.compress.cli.doctor.DoctorReport.Finding;
import dev.compress.cli.doctor.DoctorReport.State;
import dev.compress.energy.EnergyMeterProvider;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.evaluation.energy.EnergySources;
import dev.compress.runtime.HostCpu;
import dev.compress.runtime.RuntimeInfo;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Looks at this machine. */
public final class Doctor {
  private Doctor() {}

  /**
   * Everything that can be found out without measuring.
   *
   * @param version of compress
   */
  public static DoctorReport examine(String version) {
    HostCpu cpu = HostCpu.detect();
    DoctorReport.OnnxRuntime runtime = runtime();
    return new DoctorReport(
        DoctorReport.SCHEMA,
        version,
        new DoctorReport.Cpu(
            cpu.model(),
            cpu.architecture(),
            cpu.logicalCores(),
            cpu.physicalCores() == 0 ? null : cpu.physicalCores(),
            List.copyOf(cpu.instructions())),
        new DoctorReport.Memory(totalMemory(), Runtime.getRuntime().maxMemory()),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("java.version")
            + " ("
            + System.getProperty("java.vm.name")
            + ", "
            + System.getProperty("java.vendor")
            + ")",
        runtime,
        DefaultTargets.of(cpu),
        List.of(nvidia(Path.of("/"), runtime.providers())),
        EnergySensors.of(EnergySources.ofThisMachine(EnergyMeterProvider.Request.cpu()).detect()));
  }

  private static DoctorReport.OnnxRuntime runtime() {
    try {
      RuntimeInfo info = RuntimeInfo.get();
      return new DoctorReport.OnnxRuntime(info.version(), info.providers(), "");
    } catch (DeviceUnavailableException e) {
      return new DoctorReport.OnnxRuntime(null, List.of(), String.valueOf(e.getMessage()));
    }
  }

  /** The driver's version file is there exactly when the driver is loaded. */
  static Finding nvidia(Path root, List<String> providers) {
    String name = "NVIDIA GPU";
    Path file = root.resolve("proc/driver/nvidia/version");
    Optional<String> driver = firstLine(file);
    if (driver.isEmpty()) {
      return new Finding(name, State.ABSENT, "no driver is loaded", "");
    }
    if (providers.stream().noneMatch(p -> p.toUpperCase(java.util.Locale.ROOT).contains("CUDA"))) {
      return new Finding(
          name,
          State.BLOCKED,
          driver.get(),
          "This build runs models on the CPU; with --target cuda or tensorrt it makes models for a"
              + " GPU all the same.");
    }
    return new Finding(name, State.AVAILABLE, driver.get(), "");
  }

  private static Optional<String> firstLine(Path file) {
    try {
      return Files.readString(file).lines().findFirst().map(String::strip);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static @Nullable Long totalMemory() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean bean
        ? (Long) bean.getTotalMemorySize()
        : null;
  }
}
