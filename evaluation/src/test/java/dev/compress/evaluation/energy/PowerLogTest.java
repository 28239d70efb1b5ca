package dev.compress.evaluation.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.energy.EnergyMeter;
import dev.compress.energy.Mark;
import dev.compress.energy.SensorFinding;
import dev.compress.energy.SimulatedTime;
import dev.compress.energy.TimeSource;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.error.InvalidDataException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PowerLogTest {
  private static final long SECOND = 1_000_000_000L;
  private static final Instant BEGIN = Instant.parse("2026-03-04T05:06:07.250Z");

  @TempDir Path folder;
  private Path file;
  private final SimulatedTime time = new SimulatedTime(5 * SECOND);
  private final Clock clock = Clock.fixed(BEGIN, ZoneOffset.UTC);

  @BeforeEach
  void name() {
    file = folder.resolve("meter.csv");
  }

  private void append(String text) {
    try {
      Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2026-03-04T05:06:07.25Z,12.5",
        "2026-03-04T06:06:07.250+01:00;12.5",
        "2026-03-04T06:06:07.250+0100\t12.5",
        "2026-03-04 05:06:07.250,12.5,230.1",
        "1772600767.25,12.5",
        "1772600767250,12.5",
        "1772600767250000,12.5",
        "1772600767250000000,12.5",
        "1.77260076725e9,12.5",
        "# a comment\n\n timestamp , power (W)\n1772600767.250000000 , 12.5",
        "voltage;time;power_mW\n230;1772600767.25;12500",
        "Time,U,I,W\n1772600767.25,230,0.1,12.5",
      })
  void manyFormatsMeanTheSame(String text) {
    append(text + "\n");
    ZoneId zone = ZoneOffset.UTC;

    assertThat(new PowerLog(file, zone).more())
        .containsExactly(new PowerLog.Sample(1_772_600_767_250_000_000L, 12.5));
  }

  @Test
  void aLineThatIsNotFinishedWaits() {
    PowerLog log = new PowerLog(file, ZoneOffset.UTC);
    append("time,watts\n1772600767,1");
    assertThat(log.more()).isEmpty();
    append("2\n1772600768,13\n");
    assertThat(log.more()).extracting(PowerLog.Sample::watts).containsExactly(12.0, 13.0);
    assertThat(log.more()).isEmpty();
  }

  @Test
  void aLineThatIsNoSampleIsNamed() {
    append("time,watts\n1772600767,12\n1772600768,lots\n");
    assertThatThrownBy(() -> new PowerLog(file, ZoneOffset.UTC).more())
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("Line 3")
        .hasMessageContaining("lots");
  }

  @Test
  void aWindowIsKnownWhenTheLogHasPassedItsEnd() {
    // The logger: a line every half second, which comes 0.8 s late; 10 W, then 30 W after 10 s.
    append("time,watts\n");
    long[] written = {-4};
    Runnable logger =
        () -> {
          double now = (time.nanos() - 5 * SECOND) / 1e9 - 0.8;
          for (; written[0] * 0.5 <= now; written[0]++) {
            Instant at = BEGIN.plusMillis(written[0] * 500);
            append(at + "," + (written[0] < 20 ? 10 : 30) + "\n");
          }
        };
    logger.run();
    try (TimeSource.Ticking ticking = time.every(SECOND / 10, logger);
        EnergyMeter meter = new PowerLogMeter(file, time, clock)) {
      time.pause(4 * SECOND);
      Mark start = meter.mark();
      time.pause(12 * SECOND);
      Mark end = meter.mark();
      double joules = meter.joulesBetween(start, end).get(0);

      // from 4 s to 16 s: 10 W until 9.5 s, a line up to 30 W at 10 s, then 30 W
      assertThat(joules).isCloseTo(5.5 * 10 + 0.5 * 20 + 6 * 30, within(1e-6));
      assertThat(meter.observedPeriodSeconds()).isCloseTo(0.5, within(0.01));
      assertThat(ticking).isNotNull();
    }
  }

  @Test
  void aLogThatEndsIsAnError() {
    append("time,watts\n" + BEGIN + ",10\n" + BEGIN.plusSeconds(1) + ",10\n");
    try (EnergyMeter meter = new PowerLogMeter(file, time, clock)) {
      Mark start = meter.mark();
      time.pause(5 * SECOND);
      Mark end = meter.mark();

      assertThatThrownBy(() -> meter.joulesBetween(start, end))
          .isInstanceOf(DeviceUnavailableException.class)
          .hasMessageContaining("does not reach to the end")
          .hasMessageContaining("logger");
    }
  }

  @Test
  void aLineThatIsNoSampleInTheMidstOfAMeasurementIsTheMetersFailure() {
    append("time,watts\n" + BEGIN + ",10\n");
    try (EnergyMeter meter = new PowerLogMeter(file, time, clock)) {
      Mark start = meter.mark();
      append("overload\n");

      assertThatThrownBy(() -> meter.joulesBetween(start, meter.mark()))
          .isInstanceOf(DeviceUnavailableException.class)
          .hasMessageContaining("overload");
    }
  }

  @Test
  void anOldLogOrNoneIsNoSensor() {
    assertThat(PowerLogMeter.find(file, time, clock)).isInstanceOf(SensorFinding.Absent.class);
    append("time,watts\n2020-01-01T00:00:00Z,10\n");
    SensorFinding finding = PowerLogMeter.find(file, time, clock);

    assertThat(finding).isInstanceOf(SensorFinding.Unreadable.class);
    assertThat(finding.detail()).contains("no sample of the last minute");
    assertThat(List.of(finding.source())).containsExactly("file");
  }
}
