package dev.compress.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** What the system tells of a process's memory. */
public final class ProcessMemory {
  private static final String PEAK = "VmHWM:";
  private static final String NOW = "VmRSS:";

  private ProcessMemory() {}

  /**
   * The high-water mark of resident memory.
   *
   * @param processId whose
   * @return bytes; empty where there is no {@code /proc}, or the process is gone
   */
  public static OptionalLong peakResidentBytes(long processId) {
    return bytes(processId, PEAK);
  }

  /**
   * Resident memory.
   *
   * @param processId whose
   * @return bytes; empty where there is no {@code /proc}, or the process is gone
   */
  static OptionalLong residentBytes(long processId) {
    return bytes(processId, NOW);
  }

  private static OptionalLong bytes(long processId, String key) {
    Path status = Path.of("/proc", Long.toString(processId), "status");
    if (!Files.isReadable(status)) {
      return OptionalLong.empty();
    }
    try {
      for (String line : Files.readAllLines(status)) {
        if (line.startsWith(key)) {
          return OptionalLong.of(Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024);
        }
      }
    } catch (IOException | NumberFormatException e) {
      return OptionalLong.empty();
    }
    return OptionalLong.empty();
  }
}
