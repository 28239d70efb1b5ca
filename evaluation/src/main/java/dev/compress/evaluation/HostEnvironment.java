package dev.compress.evaluation;

import dev.compress.ToolVersion;
import dev.compress.runtime.HostCpu;
import dev.compress.runtime.RuntimeInfo;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/** What this machine is. */
final class HostEnvironment {
  private HostEnvironment() {}

  static EvaluationReport.Environment describe(EvaluationSettings settings) {
    return new EvaluationReport.Environment(
        HostCpu.detect().model(),
        Runtime.getRuntime().availableProcessors(),
        memoryBytes(),
        System.getProperty("os.name", "") + " " + System.getProperty("os.version", ""),
        System.getProperty("java.version", ""),
        RuntimeInfo.get().version(),
        settings.threads(),
        settings.batch(),
        ToolVersion.current());
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
