package dev.compress.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class RunMeterTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long RANGE = 65_532_610_987L;

  private final SimulatedTime time = new SimulatedTime(3 * SECOND);
  private boolean fails;

  /** 300 W on a counter that wraps every 218 s. */
  private RunMeter meter(long range) {
    MeterTraits traits =
        new MeterTraits(MeterTraits.Kind.COUNTER, 1e-6, 1e-6, 0, 1000, RANGE * 1e-6 / 2 / 1000);
    return new RunMeter(
        new CounterMeter(
            new MeterDescription("rapl", "RAPL", List.of("?"), "packages", traits),
            List.of(
                new RawCounter(
                    "package-0",
                    () -> {
                      if (fails) {
                        throw new IOException("gone");
                      }
                      return time.nanos() / 1000 * 300 % (RANGE + 1);
                    },
                    1e-6,
                    range,
                    1)),
            time,
            () -> {}),
        time);
  }

  @Test
  void anHourOnACounterThatWrapsEveryFourMinutes() {
    try (RunMeter run = meter(RANGE)) {
      time.pause(3600 * SECOND);
      RunEnergy energy = run.stop();

      assertThat(energy.kind()).isEqualTo(EnergyReading.Kind.MEASURED);
      assertThat(energy.energyJ()).isCloseTo(3600 * 300.0, within(0.1));
      assertThat(energy.seconds()).isCloseTo(3600, within(1e-6));
      assertThat(run.stop()).isEqualTo(energy);
    }
  }

  @Test
  void aReadThatFailsInBetweenLosesNothing() {
    try (RunMeter run = meter(RANGE)) {
      time.pause(50 * SECOND);
      fails = true;
      time.pause(40 * SECOND);
      fails = false;
      time.pause(10 * SECOND);

      assertThat(run.stop().energyJ()).isCloseTo(100 * 300.0, within(0.1));
    }
  }

  @Test
  void aSensorThatIsGoneAtTheEndLeavesTheEnergyUnknown() {
    try (RunMeter run = meter(RANGE)) {
      time.pause(50 * SECOND);
      fails = true;
      RunEnergy energy = run.stop();

      assertThat(energy.kind()).isEqualTo(EnergyReading.Kind.UNAVAILABLE);
      assertThat(energy.energyJ()).isNull();
      assertThat(energy.reason()).contains("package-0 cannot be read: gone");
    }
  }

  @Test
  void aWrapWithoutARangeLeavesTheEnergyUnknown() {
    try (RunMeter run = meter(0)) {
      time.pause(400 * SECOND);

      assertThat(run.stop().reason()).contains("lost count");
    }
  }
}
