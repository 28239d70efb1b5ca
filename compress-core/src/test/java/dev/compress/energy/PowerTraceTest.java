package dev.compress.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.error.DeviceUnavailableException;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PowerTraceTest {
  private static final long SECOND = 1_000_000_000L;

  /** Against a sum over slices so thin that the rule does not matter. */
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4})
  void theAreaOfAnyWindowIsThatOfTheLinesBetweenSamples(long seed) {
    Random random = new Random(seed);
    PowerTrace trace = new PowerTrace(1);
    long[] at = new long[3000];
    double[] watts = new double[at.length];
    for (int i = 0; i < at.length; i++) {
      at[i] = i == 0 ? 0 : at[i - 1] + 1 + random.nextInt(20_000_000);
      watts[i] = 50 + 30 * random.nextDouble();
      trace.add(at[i], watts[i]);
    }
    long start = at[700] + 1234;
    long end = at[720] + (at[721] - at[720]) / 3;
    double sum = 0;
    int slices = 200_000;
    int behind = 0;
    for (int s = 0; s < slices; s++) {
      double middle = start + (end - start) * (s + 0.5) / slices;
      while (at[behind + 1] <= middle) {
        behind++;
      }
      double share = (middle - at[behind]) / (at[behind + 1] - at[behind]);
      sum += watts[behind] + share * (watts[behind + 1] - watts[behind]);
    }
    double truth = sum / slices * (end - start) / 1e9;

    assertThat(trace.joulesBetween(start, end).get(0)).isCloseTo(truth, within(truth * 1e-6));
  }

  @Test
  void outsideItsSamplesAndAcrossAGapNothingIsKnown() {
    PowerTrace trace = new PowerTrace(1);
    trace.add(0, 10);
    trace.add(SECOND, 10);
    trace.addGap();
    trace.add(2 * SECOND, 10);
    trace.add(3 * SECOND, 10);

    assertThat(trace.joulesBetween(0, SECOND)).containsExactly(10.0);
    assertThat(trace.joulesBetween(2 * SECOND, 3 * SECOND)).containsExactly(10.0);
    assertThat(trace.joulesBetween(SECOND / 2, SECOND + 1)).isEmpty();
    assertThat(trace.joulesBetween(0, 3 * SECOND)).isEmpty();
    assertThat(trace.joulesBetween(-1, SECOND)).isEmpty();
    assertThat(trace.joulesBetween(2 * SECOND, 4 * SECOND)).isEmpty();
  }

  @Test
  void aSensorOfPowerIsAskedAndIntegratedBesideTheWork() {
    SimulatedTime time = new SimulatedTime(0);
    try (SampledPowerMeter meter =
        new SampledPowerMeter(
            new MeterDescription("hwmon", "INA", List.of("VDD_IN"), "", MeterTraits.power(0.02)),
            // a ramp: the trapezoid rule has no error on it
            () -> new double[] {5 + time.nanos() / 1e9},
            time,
            () -> {})) {
      time.pause(SECOND / 3);
      Mark start = meter.mark();
      time.pause(4 * SECOND);
      Mark end = meter.mark();

      double from = start.nanos() / 1e9;
      double to = end.nanos() / 1e9;
      double truth = 5 * (to - from) + (to * to - from * from) / 2;
      assertThat(meter.joulesBetween(start, end).get(0)).isCloseTo(truth, within(1e-6));
      assertThat(meter.observedPeriodSeconds()).isCloseTo(0.02, within(1e-3));
    }
  }

  @Test
  void aSampleThatIsMissingSpoilsItsWindowOnly() {
    SimulatedTime time = new SimulatedTime(0);
    boolean[] fails = {false};
    try (SampledPowerMeter meter =
        new SampledPowerMeter(
            new MeterDescription("hwmon", "INA", List.of("VDD_IN"), "", MeterTraits.power(0.02)),
            () -> {
              if (fails[0]) {
                throw new IOException("No data available");
              }
              return new double[] {8};
            },
            time,
            () -> {})) {
      time.pause(SECOND);
      Mark start = meter.mark();
      time.pause(SECOND);
      fails[0] = true;
      time.pause(SECOND / 50);
      assertThatThrownBy(meter::mark)
          .isInstanceOf(DeviceUnavailableException.class)
          .hasMessageContaining("INA does not answer: No data available");
      fails[0] = false;
      time.pause(SECOND);
      Mark end = meter.mark();

      assertThatThrownBy(() -> meter.joulesBetween(start, end))
          .isInstanceOf(DeviceUnavailableException.class)
          .hasMessageContaining("left samples out");
      time.pause(SECOND);
      assertThat(meter.joulesBetween(end, meter.mark()).get(0)).isCloseTo(8, within(1e-6));
    }
  }

  @Test
  void onePauseDoesNotMakeTheMeterSlow() {
    PowerTrace trace = new PowerTrace(1);
    long at = 0;
    for (int i = 0; i < 40; i++) {
      at += i == 20 ? 22_000_000_000L : 50_000_000L;
      trace.add(at, 200 + i % 2);
    }
    assertThat(trace.samplePeriodSeconds()).isEqualTo(0.05);
    assertThat(trace.changePeriodSeconds()).isEqualTo(0.05);
  }
}
