package dev.compress.evaluation.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.energy.EnergyMeter;
import dev.compress.energy.Mark;
import dev.compress.energy.MeterTraits;
import dev.compress.energy.SensorFinding;
import dev.compress.energy.SimulatedTime;
import java.util.List;
import org.junit.jupiter.api.Test;

class HwmonTest {
  private static final String HWMON = "sys/class/hwmon/";
  private static final long SECOND = 1_000_000_000L;

  private final FakeTree tree = new FakeTree();
  private final SimulatedTime time = new SimulatedTime(0);

  private SensorFinding find() {
    return new Hwmon(tree, time).find();
  }

  private EnergyMeter open() {
    return ((SensorFinding.Found) find()).opener().open();
  }

  /** Joules of ten seconds, a domain each. */
  private List<Double> tenSeconds(EnergyMeter meter) {
    time.pause(2 * SECOND);
    Mark start = meter.mark();
    time.pause(10 * SECOND);
    return meter.joulesBetween(start, meter.mark());
  }

  private void channel(String chip, int channel, String label, int millivolts, int milliamperes) {
    tree.with(HWMON + chip + "/name", "ina3221")
        .with(HWMON + chip + "/in" + channel + "_label", label)
        .with(HWMON + chip + "/in" + channel + "_enable", 1)
        .with(HWMON + chip + "/in" + channel + "_input", millivolts)
        .with(HWMON + chip + "/curr" + channel + "_input", milliamperes);
  }

  @Test
  void socketsOfAmdEnergyAreSummedAndCoresAreNot() {
    String chip = HWMON + "hwmon3/";
    tree.with(chip + "name", "amd_energy");
    for (int core = 0; core < 3; core++) {
      tree.with(chip + "energy" + (core + 1) + "_label", String.format("Ecore%03d", core))
          .with(chip + "energy" + (core + 1) + "_input", 111);
    }
    tree.with(chip + "energy4_label", "Esocket0").with(chip + "energy4_input", 5_000_000);
    tree.with(chip + "energy5_label", "Esocket1").with(chip + "energy5_input", 6_000_000);
    try (EnergyMeter meter = open()) {
      Mark start = meter.mark();
      tree.with(chip + "energy1_input", 999_000_000);
      tree.with(chip + "energy4_input", 7_500_000).with(chip + "energy5_input", 6_250_000);

      assertThat(meter.description().domains()).containsExactly("package-0", "package-1");
      assertThat(meter.joulesBetween(start, meter.mark())).containsExactly(2.5, 0.25);
      assertThat(meter.description().traits().kind()).isEqualTo(MeterTraits.Kind.COUNTER);
    }
    tree.deny(chip + "energy5_input");
    assertThat(((SensorFinding.Unreadable) find()).advice())
        .isEqualTo("sudo chmod a+r /sys/class/hwmon/hwmon3/energy*_input");
  }

  @Test
  void anInaWithOneChannelTellsMicrowatts() {
    String chip = HWMON + "hwmon0/";
    tree.with(chip + "name", "ina226")
        .with(chip + "power1_input", 7_250_000)
        .with(chip + "in1_input", 12_000)
        .with(chip + "curr1_input", 600)
        .with(chip + "update_interval", 100);
    try (EnergyMeter meter = open()) {
      assertThat(tenSeconds(meter).get(0)).isCloseTo(72.5, within(1e-6));
      assertThat(meter.description().traits().samplingSeconds()).isEqualTo(0.1);
    }
    FakeTree other = new FakeTree();
    other
        .with(HWMON + "hwmon0/name", "ina219")
        .with(HWMON + "hwmon0/in1_input", 5_000)
        .with(HWMON + "hwmon0/curr1_input", 1_500);
    SensorFinding.Found product = (SensorFinding.Found) new Hwmon(other, time).find();
    try (EnergyMeter meter = product.opener().open()) {
      assertThat(tenSeconds(meter).get(0)).isCloseTo(75, within(1e-6));
    }
  }

  /** Orin NX: the module's input is the whole, the other rails are parts of it. */
  @Test
  void onJetsonOrinNxTheInputIsTheTotal() {
    channel("hwmon1", 1, "VDD_IN", 19_000, 400);
    channel("hwmon1", 2, "VDD_CPU_GPU_CV", 19_000, 100);
    channel("hwmon1", 3, "VDD_SOC", 19_000, 80);
    try (EnergyMeter meter = open()) {
      assertThat(meter.description().domains()).containsExactly("VDD_IN");
      assertThat(tenSeconds(meter).get(0)).isCloseTo(76, within(1e-6));
      assertThat(meter.description().scope()).startsWith("all that the meter feeds");
    }
  }

  /** AGX Orin: two chips, no total; a channel that is switched off has no data. */
  @Test
  void onJetsonAgxOrinTheRailsAreSummedAndSaidToBeNoTotal() {
    channel("hwmon3", 1, "VDD_GPU_SOC", 20_000, 300);
    channel("hwmon3", 2, "VDD_CPU_CV", 20_000, 100);
    channel("hwmon3", 3, "VIN_SYS_5V0", 5_000, 1_000);
    channel("hwmon4", 1, "NC", 0, 0);
    tree.with(HWMON + "hwmon4/in1_enable", 0).fail(HWMON + "hwmon4/in1_input", "No data available");
    try (EnergyMeter meter = open()) {
      assertThat(meter.description().domains())
          .containsExactly("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0");
      List<Double> joules = tenSeconds(meter);
      assertThat(joules.get(0)).isCloseTo(60, within(1e-6));
      assertThat(joules.get(1)).isCloseTo(20, within(1e-6));
      assertThat(joules.get(2)).isCloseTo(50, within(1e-6));
      assertThat(meter.description().scope()).contains("not the whole board");
    }
  }

  @Test
  void oldJetsonsShowMilliwattsInFoldersOfTheirOwn() {
    String device = "sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/";
    tree.with(device + "rail_name_0", "POM_5V_IN")
        .with(device + "in_power0_input", 4_200)
        .with(device + "rail_name_1", "POM_5V_GPU")
        .with(device + "in_power1_input", 900);
    try (EnergyMeter meter = open()) {
      assertThat(meter.description().domains()).containsExactly("POM_5V_IN");
      assertThat(tenSeconds(meter).get(0)).isCloseTo(42, within(1e-6));
    }
  }

  @Test
  void ofGracesMetersTheOneThatHoldsTheOthersIsTaken() {
    String[] names = {"CPU Power Socket 0", "Grace Power Socket 0", "SysIO Power Socket 0"};
    for (int i = 0; i < names.length; i++) {
      tree.with(HWMON + "hwmon" + i + "/name", "power_meter")
          .with(HWMON + "hwmon" + i + "/power1_average", 50_000_000 * (i + 1))
          .with(HWMON + "hwmon" + i + "/power1_average_interval", 50)
          .with(HWMON + "hwmon" + i + "/power1_oem_info", names[i]);
    }
    try (EnergyMeter meter = open()) {
      assertThat(meter.description().domains()).containsExactly("Grace Power Socket 0");
      assertThat(tenSeconds(meter).get(0)).isCloseTo(1000, within(1e-3));
      assertThat(meter.description().traits().samplingSeconds()).isEqualTo(0.05);
    }
  }

  @Test
  void aRailThatStopsAnsweringIsAnErrorAndNoZero() {
    channel("hwmon1", 1, "VDD_IN", 19_000, 400);
    try (EnergyMeter meter = open()) {
      time.pause(SECOND);
      Mark start = meter.mark();
      tree.fail(HWMON + "hwmon1/curr1_input", "Connection timed out");
      time.pause(SECOND);

      assertThatThrownBy(meter::mark).hasMessageContaining("Connection timed out");
      assertThatThrownBy(() -> meter.joulesBetween(start, new Mark(2 * SECOND, List.of(), 0)))
          .hasMessageContaining("Connection timed out");
    }
  }

  @Test
  void chipsThatMeasureSomethingElseAreNamed() {
    tree.with(HWMON + "hwmon0/name", "coretemp").with(HWMON + "hwmon1/name", "nvme");

    assertThat(find()).isInstanceOf(SensorFinding.Absent.class);
    assertThat(find().detail()).contains("coretemp, nvme");
  }
}
