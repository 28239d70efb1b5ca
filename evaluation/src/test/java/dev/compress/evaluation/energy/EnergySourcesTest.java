package dev.compress.evaluation.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.energy.CounterMeter;
import dev.compress.energy.EnergyMeter;
import dev.compress.energy.EnergyMeterProvider;
import dev.compress.energy.EnergyMeterProvider.Request;
import dev.compress.energy.MeterDescription;
import dev.compress.energy.MeterTraits;
import dev.compress.energy.RawCounter;
import dev.compress.energy.SensorFinding;
import dev.compress.energy.SimulatedTime;
import dev.compress.error.DeviceUnavailableException;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnergySourcesTest {
  private static final String CAP = "sys/class/powercap/intel-rapl:0/";

  private final FakeTree tree = new FakeTree();
  private final SimulatedTime time = new SimulatedTime(0);

  private EnergySources sources(int gpu, EnergyMeterProvider... providers) {
    return new EnergySources(
        tree,
        new Request(gpu, time),
        () -> List.of(providers),
        () -> {
          throw new IOException("no system calls in this test");
        },
        Clock::systemUTC);
  }

  private void rapl() {
    tree.with(CAP + "name", "package-0")
        .with(CAP + "energy_uj", 1)
        .with(CAP + "max_energy_range_uj", 262_143_328_850L);
  }

  private EnergyMeterProvider nvml(String domain) {
    return request ->
        List.of(
            new SensorFinding.Found(
                "nvml",
                "a stub",
                () ->
                    new CounterMeter(
                        new MeterDescription(
                            "nvml", "NVML", List.of("?"), "GPU", MeterTraits.counter(1e-3)),
                        List.of(new RawCounter(domain, () -> 0, 1e-3)),
                        time,
                        () -> {})));
  }

  private static String source(Optional<EnergyMeter> meter) {
    return meter.map(m -> m.description().source()).orElse("none");
  }

  @Test
  void autoTakesTheFirstThatCanBeRead() {
    assertThat(source(sources(-1).open(EnergyChoice.AUTO))).isEqualTo("none");
    tree.with("sys/class/power_supply/BAT0/type", "Battery")
        .with("sys/class/power_supply/BAT0/status", "Discharging")
        .with("sys/class/power_supply/BAT0/power_now", 9_000_000);
    assertThat(source(sources(-1).open(EnergyChoice.AUTO))).isEqualTo("battery");
    rapl();
    assertThat(source(sources(-1).open(EnergyChoice.AUTO))).isEqualTo("rapl");
    tree.deny(CAP + "energy_uj");
    assertThat(source(sources(-1).open(EnergyChoice.AUTO))).isEqualTo("battery");
    assertThat(source(sources(-1).open(EnergyChoice.NONE))).isEqualTo("none");
  }

  @Test
  void aGpuIsMeasuredWithItsProcessorUnlessItHoldsIt() {
    rapl();
    assertThat(source(sources(0, nvml("gpu-0")).open(EnergyChoice.AUTO))).isEqualTo("nvml+rapl");
    assertThat(source(sources(0, nvml("gpu-0-module")).open(EnergyChoice.AUTO))).isEqualTo("nvml");
    assertThat(source(sources(-1, nvml("gpu-0")).open(EnergyChoice.AUTO))).isEqualTo("rapl");
    assertThat(source(sources(0).open(EnergyChoice.AUTO)))
        .as("the processor alone is not what was asked for")
        .isEqualTo("none");
  }

  @Test
  void whatIsNamedAndCannotBeReadIsAnErrorWithTheRemedy() {
    rapl();
    tree.deny(CAP + "energy_uj");
    assertThatThrownBy(() -> sources(-1).open(EnergyChoice.parse("rapl")))
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining("sudo chmod a+r");
    assertThatThrownBy(() -> sources(-1).open(EnergyChoice.parse("nvml")))
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining("nvml is not part of this installation");
    assertThatThrownBy(() -> sources(-1).open(EnergyChoice.parse("file:/no/such.csv")))
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining("/no/such.csv");
    assertThat(sources(-1).whyNone())
        .contains("rapl: package-0", "sudo chmod a+r", "perf: no /sys", "battery: none");
  }

  @Test
  void thisMachineCanBeLookedAt() {
    EnergySources here = EnergySources.ofThisMachine(Request.cpu());
    assertThat(here.detect())
        .extracting(SensorFinding::source)
        .contains("rapl", "perf", "hwmon", "battery");
    here.watches()
        .forEach(
            watch -> {
              watch.begin();
              assertThat(watch.end()).isNotNull();
            });
  }

  @Test
  void choicesAreReadAsTheCommandLineSaysThem() {
    assertThat(EnergyChoice.parse("auto")).isEqualTo(EnergyChoice.AUTO);
    assertThat(EnergyChoice.parse("RAPL").source()).isEqualTo("rapl");
    assertThat(EnergyChoice.parse("shelly:10.0.0.7:8080/1"))
        .isEqualTo(new EnergyChoice("shelly", "10.0.0.7:8080/1"));
    assertThat(EnergyChoice.parse("file:C:\\log.csv").address()).isEqualTo("C:\\log.csv");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "rappl", "shelly", "shelly:", "file", "rapl:0", "none:"})
  void whatIsNoChoiceIsAMistake(String text) {
    assertThatThrownBy(() -> EnergyChoice.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("shelly:HOST");
  }
}
