package dev.compress.evaluation;

import dev.compress.ToolVersion;
import dev.compress.evaluation.energy.Footprint.Rates;
import dev.compress.evaluation.energy.GridIntensity;
import dev.compress.runtime.HostCpu;
import dev.compress.runtime.RuntimeInfo;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/** What this machine is. */
final class HostEnvironment {
  private HostEnvironment() {}

  static EvaluationReport.Environment describe(
      EvaluationSettings settings, long samples, @Nullable Rates rates) {
    return new EvaluationReport.Environment(
        HostCpu.detect().model(),
        Runtime.getRuntime().availableProcessors(),
        memoryBytes(),
        System.getProperty("os.name", "") + " " + System.getProperty("os.version", ""),
        System.getProperty("java.version", ""),
        RuntimeInfo.get().version(),
        settings.threads(),
        (int) Math.min(settings.batch(), Math.max(1, samples)),
        ToolVersion.current(),
        rates == null ? null : rates(rates));
  }

  private static EvaluationReport.@Nullable Rates rates(Rates rates) {
    GridIntensity grid = rates.grid();
    if (grid == null && rates.pricePerKwh() == null) {
      return null;
    }
    return new EvaluationReport.Rates(
        grid == null ? null : (Double) grid.gramsPerKwh(),
        grid == null ? null : grid.country(),
        grid == null || grid.year() == 0 ? null : (Integer) grid.year(),
        grid == null ? null : grid.source(),
        rates.pue(),
        rates.pricePerKwh());
  }

  private static @Nullable Long memoryBytes() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? (Long) system.getTotalMemorySize()
        : null;
  }

  static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }
}
