package dev.compress.cli.doctor;

import com.sun.management.OperatingSystemMXBean;
import dev.compress.energy.EnergyMeterProvider;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.evaluation.energy.EnergySources;
import dev.compress.runtime.HostCpu;
import dev.compress.runtime.RuntimeInfo;
import java.lang.management.ManagementFactory;
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
   * @param natives a folder with ONNX Runtime's libraries for GPUs; empty for this installation's
   */
  public static DoctorReport examine(String version, Optional<Path> natives) {
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
        runtime.version() == null ? List.of() : GpuFindings.of(natives),
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

  private static @Nullable Long totalMemory() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean bean
        ? (Long) bean.getTotalMemorySize()
        : null;
  }
}
