package dev.compress.evaluation.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.energy.EnergyMeter;
import dev.compress.energy.Mark;
import dev.compress.energy.SensorFinding;
import dev.compress.energy.SimulatedTime;
import dev.compress.error.DeviceUnavailableException;
import java.util.List;
import org.junit.jupiter.api.Test;

class RaplPowercapTest {
  private static final String CAP = "sys/class/powercap/";
  private static final long RANGE = 262_143_328_850L;
  private static final long DRAM_RANGE = 65_712_999_613L;

  private final FakeTree tree = new FakeTree();

  private void zone(String id, String name, long microjoules, long range) {
    tree.with(CAP + id + "/name", name)
        .with(CAP + id + "/energy_uj", microjoules)
        .with(CAP + id + "/max_energy_range_uj", range);
  }

  private SensorFinding find() {
    return new RaplPowercap(tree, new SimulatedTime(0)).find();
  }

  private EnergyMeter open() {
    return ((SensorFinding.Found) find()).opener().open();
  }

  /** As a server with two packages shows itself: psys has a number of its own, in between. */
  private void twoPackages() {
    tree.withFolder(CAP + "intel-rapl").withFolder(CAP + "intel-rapl-mmio");
    zone("intel-rapl:0", "package-0", 1_000_000, RANGE);
    zone("intel-rapl:0:0", "dram", 5_000_000, DRAM_RANGE);
    zone("intel-rapl:0:1", "core", 7_000_000, RANGE);
    zone("intel-rapl:0:2", "uncore", 7_000_000, RANGE);
    zone("intel-rapl:1", "psys", 60_293_987_000_000L, RANGE);
    zone("intel-rapl:2", "package-1", 2_000_000, RANGE);
    zone("intel-rapl:2:0", "dram", 6_000_000, DRAM_RANGE);
    zone("intel-rapl-mmio:0", "package-0", 1_000_000, RANGE);
  }

  private void add(String id, long microjoules) {
    try {
      String file = CAP + id + "/energy_uj";
      tree.with(file, tree.number(file) + microjoules);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void packagesAndTheirMemoryAreSummedAndNothingTwice() {
    twoPackages();
    try (EnergyMeter meter = open()) {
      assertThat(meter.description().domains())
          .containsExactly("package-0", "dram-0", "package-1", "dram-1");
      Mark start = meter.mark();
      add("intel-rapl:0", 10_000_000);
      add("intel-rapl:0:0", 3_000_000);
      add("intel-rapl:0:1", 8_000_000);
      add("intel-rapl:1", 40_000_000);
      add("intel-rapl:2", 20_000_000);
      add("intel-rapl:2:0", 4_000_000);
      add("intel-rapl-mmio:0", 10_000_000);

      assertThat(meter.joulesBetween(start, meter.mark())).containsExactly(10.0, 3.0, 20.0, 4.0);
      assertThat(meter.description().scope()).contains("and their memory");
    }
  }

  @Test
  void zonesAreNumberedInHexadecimal() {
    for (int i = 0; i < 12; i++) {
      zone("intel-rapl:" + Integer.toHexString(i), "package-" + i + "-die-0", i, RANGE);
    }
    zone("intel-rapl:a:0", "dram", 0, DRAM_RANGE);

    try (EnergyMeter meter = open()) {
      assertThat(meter.description().domains())
          .hasSize(13)
          .contains("package-10-die-0", "package-11-die-0", "dram-10-die-0");
    }
  }

  @Test
  void childrenThatAreOnlyInTheirParentsFolderAreFound() {
    zone("intel-rapl:0", "package-0", 0, RANGE);
    zone("intel-rapl:0/intel-rapl:0:0", "dram", 0, DRAM_RANGE);

    try (EnergyMeter meter = open()) {
      assertThat(meter.description().domains()).containsExactly("package-0", "dram-0");
    }
  }

  @Test
  void theNameDecidesAndNotTheNumber() {
    zone("intel-rapl:0", "psys", 5, RANGE);
    zone("intel-rapl:1", "package-0", 5, RANGE);

    try (EnergyMeter meter = open()) {
      assertThat(meter.description().domains()).containsExactly("package-0");
    }
  }

  @Test
  void psysIsBetterThanNothingAndMmioToo() {
    zone("intel-rapl:0", "psys", 5, RANGE);
    try (EnergyMeter meter = open()) {
      assertThat(meter.description().domains()).containsExactly("psys");
    }
    FakeTree other = new FakeTree();
    other
        .with(CAP + "intel-rapl-mmio:0/name", "package-0")
        .with(CAP + "intel-rapl-mmio:0/energy_uj", 1)
        .with(CAP + "intel-rapl-mmio:0/max_energy_range_uj", RANGE);
    assertThat(new RaplPowercap(other, new SimulatedTime(0)).find())
        .isInstanceOf(SensorFinding.Found.class);
  }

  @Test
  void eachCounterWrapsByItself() {
    twoPackages();
    tree.with(CAP + "intel-rapl:0/energy_uj", RANGE - 1_000_000);
    tree.with(CAP + "intel-rapl:0:0/energy_uj", DRAM_RANGE - 2_000_000);
    try (EnergyMeter meter = open()) {
      Mark start = meter.mark();
      tree.with(CAP + "intel-rapl:0/energy_uj", 4_000_000);
      tree.with(CAP + "intel-rapl:0:0/energy_uj", 1_000_000);
      add("intel-rapl:2", 9_000_000);

      List<Double> joules = meter.joulesBetween(start, meter.mark());

      // q = range / (2^32 - 1) comes on top: 61.0 and 15.3 microjoules
      assertThat(joules.get(0)).isCloseTo(5 + 61.035e-6, within(1e-8));
      assertThat(joules.get(1)).isCloseTo(3 + 15.3e-6, within(1e-8));
      assertThat(joules.get(2)).isCloseTo(9, within(1e-9));
      assertThat(meter.description().traits().quantumJoules()).isCloseTo(61.035e-6, within(1e-9));
      assertThat(meter.description().traits().longestUnreadSeconds())
          .as("half the memory's range at the highest power")
          .isCloseTo(DRAM_RANGE * 1e-6 / 2 / 1500, within(1e-9));
    }
  }

  @Test
  void aFailedReadIsNeverAWrap() {
    twoPackages();
    try (EnergyMeter meter = open()) {
      Mark start = meter.mark();
      add("intel-rapl:0", 1_000_000);
      tree.fail(CAP + "intel-rapl:0/energy_uj", "Invalid argument");
      assertThatThrownBy(meter::mark)
          .isInstanceOf(DeviceUnavailableException.class)
          .hasMessageContaining("package-0 cannot be read: Invalid argument");
      tree.with(CAP + "intel-rapl:0/energy_uj", "").mend(CAP + "intel-rapl:0/energy_uj");
      assertThatThrownBy(meter::mark).hasMessageContaining("no whole number");
      tree.with(CAP + "intel-rapl:0/energy_uj", 2_500_000);

      assertThat(meter.joulesBetween(start, meter.mark()).get(0)).isCloseTo(1.5, within(1e-9));
    }
  }

  @Test
  void withoutItsRangeAWrapIsAnErrorAndNotNegativeEnergy() {
    zone("intel-rapl:0", "package-0", 5_000_000, RANGE);
    tree.deny(CAP + "intel-rapl:0/max_energy_range_uj");
    try (EnergyMeter meter = open()) {
      Mark start = meter.mark();
      tree.with(CAP + "intel-rapl:0/energy_uj", 6_000_000);
      assertThat(meter.joulesBetween(start, meter.mark())).containsExactly(1.0);
      tree.with(CAP + "intel-rapl:0/energy_uj", 1_000);
      assertThatThrownBy(meter::mark).hasMessageContaining("went back");
    }
  }

  @Test
  void unreadableFilesComeWithTheAdvice() {
    twoPackages();
    tree.deny(CAP + "intel-rapl:2/energy_uj"); // one that is missing spoils the sum
    SensorFinding.Unreadable finding = (SensorFinding.Unreadable) find();

    assertThat(finding.detail())
        .contains("RAPL exists but is unreadable (the kernel's default since CVE-2020-8694)");
    assertThat(finding.advice())
        .contains("sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj")
        .contains("mode class/powercap/intel-rapl:0/energy_uj = 0444")
        .contains("side channel");
  }

  @Test
  void anEmptyFolderIsAMaskAndNoFolderIsNoSensor() {
    assertThat(find().detail()).contains("no /sys/class/powercap");
    tree.withFolder("sys/class/powercap");

    assertThat(find()).isInstanceOf(SensorFinding.Absent.class);
    assertThat(find().detail()).contains("empty").contains("containers mask them");
    tree.withFolder(CAP + "dtpm").withFolder(CAP + "intel-rapl");
    assertThat(find()).isInstanceOf(SensorFinding.Absent.class);
  }
}
