package dev.compress.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.cli.doctor.DoctorReport.Finding;
import dev.compress.cli.doctor.DoctorReport.State;
import dev.compress.energy.SensorFinding;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EnergySensorsTest {
  @Test
  void whatIsUnreadableKeepsItsAdvice() {
    List<SensorFinding> findings =
        List.of(
            new SensorFinding.Unreadable("rapl", "package-0 is unreadable", "sudo chmod a+r x"),
            new SensorFinding.Absent("hwmon", "no chip"),
            new SensorFinding.Found(
                "nvml",
                "H200, a counter",
                () -> {
                  throw new AssertionError("nothing is measured by looking");
                }));

    assertThat(EnergySensors.of(findings))
        .containsExactly(
            new Finding(
                "RAPL (powercap)", State.BLOCKED, "package-0 is unreadable", "sudo chmod a+r x"),
            new Finding("hwmon", State.ABSENT, "no chip", ""),
            new Finding("NVIDIA GPU (NVML)", State.AVAILABLE, "H200, a counter", ""));
  }

  @Test
  void thisMachinesSourcesAreAllLookedFor() {
    assertThat(Doctor.examine("test", Optional.empty()).energy())
        .extracting(Finding::name)
        .containsExactly(
            "RAPL (powercap)", "RAPL (perf events)", "hwmon", "battery", "NVIDIA GPU (NVML)");
  }
}
