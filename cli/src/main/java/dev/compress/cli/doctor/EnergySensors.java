package dev.compress.cli.doctor;

import dev.compress.cli.doctor.DoctorReport.Finding;
import dev.compress.cli.doctor.DoctorReport.State;
import dev.compress.energy.SensorFinding;
import java.util.List;
import java.util.Map;

/**
 * What was found when the sources of energy were looked for. Nothing is measured: whether a counter
 * moves is not known from here.
 */
final class EnergySensors {
  private static final Map<String, String> NAMES =
      Map.of(
          "rapl", "RAPL (powercap)",
          "perf", "RAPL (perf events)",
          "hwmon", "hwmon",
          "battery", "battery",
          "nvml", "NVIDIA GPU (NVML)");

  private EnergySensors() {}

  /** All sources, found or not. */
  static List<Finding> of(List<SensorFinding> findings) {
    return findings.stream().map(EnergySensors::of).toList();
  }

  private static Finding of(SensorFinding finding) {
    String name = NAMES.getOrDefault(finding.source(), finding.source());
    if (finding instanceof SensorFinding.Unreadable unreadable) {
      return new Finding(name, State.BLOCKED, unreadable.detail(), unreadable.advice());
    }
    State state = finding instanceof SensorFinding.Found ? State.AVAILABLE : State.ABSENT;
    return new Finding(name, state, finding.detail(), "");
  }
}
