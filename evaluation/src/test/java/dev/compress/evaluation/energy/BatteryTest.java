package dev.compress.evaluation.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.energy.EnergyMeter;
import dev.compress.energy.Mark;
import dev.compress.energy.SensorFinding;
import dev.compress.energy.SimulatedTime;
import org.junit.jupiter.api.Test;

class BatteryTest {
  private static final String BAT = "sys/class/power_supply/BAT0/";
  private static final long SECOND = 1_000_000_000L;

  private final FakeTree tree = new FakeTree();
  private final SimulatedTime time = new SimulatedTime(0);

  private SensorFinding find() {
    return new Battery(tree, time).find();
  }

  @Test
  void powerIsIntegratedWhileItDischarges() {
    tree.with(BAT + "type", "Battery")
        .with(BAT + "status", "Discharging")
        .with(BAT + "power_now", 12_500_000);
    try (EnergyMeter meter = ((SensorFinding.Found) find()).opener().open()) {
      time.pause(3 * SECOND);
      Mark start = meter.mark();
      time.pause(20 * SECOND);
      assertThat(meter.joulesBetween(start, meter.mark()).get(0)).isCloseTo(250, within(1e-6));

      tree.with(BAT + "status", "Charging");
      time.pause(2 * SECOND);
      assertThatThrownBy(meter::mark).hasMessageContaining("charging and not discharging");
    }
  }

  @Test
  void aCurrentThatFlowsOutMayBeNegative() {
    tree.with(BAT + "type", "Battery")
        .with(BAT + "status", "Discharging")
        .with(BAT + "current_now", -1_000_000)
        .with(BAT + "voltage_now", 15_000_000);
    try (EnergyMeter meter = ((SensorFinding.Found) find()).opener().open()) {
      time.pause(2 * SECOND);
      Mark start = meter.mark();
      time.pause(10 * SECOND);
      assertThat(meter.joulesBetween(start, meter.mark()).get(0)).isCloseTo(150, within(1e-6));
    }
  }

  @Test
  void pluggedInItTellsNothing() {
    tree.with(BAT + "type", "Battery").with(BAT + "status", "Full").with(BAT + "power_now", 0);
    SensorFinding.Unreadable finding = (SensorFinding.Unreadable) find();

    assertThat(finding.detail()).isEqualTo("BAT0 is full");
    assertThat(finding.advice()).contains("Pull the plug");
  }

  @Test
  void aMousesBatteryIsNotTheMachines() {
    tree.with(BAT + "type", "Battery")
        .with(BAT + "scope", "Device")
        .with(BAT + "status", "Discharging")
        .with(BAT + "power_now", 1);

    assertThat(find()).isInstanceOf(SensorFinding.Absent.class);
  }
}
