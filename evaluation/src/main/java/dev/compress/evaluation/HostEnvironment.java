package dev.compress.evaluation;

import dev.compress.runtime.HostCpu;
import dev.compress.runtime.RuntimeInfo;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Properties;
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
        version());
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

  private static String version() {
    try (InputStream in = HostCpu.class.getResourceAsStream("/dev/compress/version.properties")) {
      Properties properties = new Properties();
      if (in != null) {
        properties.load(in);
      }
      return properties.getProperty("version", "development");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
