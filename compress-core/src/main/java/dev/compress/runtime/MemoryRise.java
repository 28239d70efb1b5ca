package dev.compress.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;

/** How far the resident memory of this process rises from when this was made, at its peak. */
public final class MemoryRise {
  private static final Path CLEAR = Path.of("/proc/self/clear_refs");
  private static final String PEAK_ONLY = "5";

  private final boolean cleared = clear();
  private final OptionalLong resident = ProcessMemory.residentBytes(self());
  private final OptionalLong earlierPeak = ProcessMemory.peakResidentBytes(self());

  private static long self() {
    return ProcessHandle.current().pid();
  }

  /** The mark falls to what is resident now: an earlier peak would hide a lower one. */
  private static boolean clear() {
    try {
      Files.writeString(CLEAR, PEAK_ONLY, StandardOpenOption.WRITE);
      return true;
    } catch (IOException e) {
      return false; // no Linux, or it is not allowed
    }
  }

  /** Bytes; empty where the system does not tell, or an earlier peak was higher. */
  public OptionalLong bytes() {
    OptionalLong peak = ProcessMemory.peakResidentBytes(self());
    if (peak.isEmpty() || resident.isEmpty() || earlierPeak.isEmpty()) {
      return OptionalLong.empty();
    }
    if (!cleared && peak.getAsLong() <= earlierPeak.getAsLong()) {
      return OptionalLong.empty();
    }
    return OptionalLong.of(Math.max(0, peak.getAsLong() - resident.getAsLong()));
  }
}
