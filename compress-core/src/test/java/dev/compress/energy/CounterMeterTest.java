package dev.compress.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.error.DeviceUnavailableException;
import java.io.IOException;
import java.math.BigInteger;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CounterMeterTest {
  private static final long RANGE = 262_143_328_850L;
  private static final double STEP = RANGE / 4294967295.0;

  private final long[] counts = new long[2];
  private boolean fails;
  private final SimulatedTime time = new SimulatedTime(7);

  private long read(int index) throws IOException {
    if (fails && index == 1) {
      throw new IOException("Input/output error");
    }
    return counts[index];
  }

  private CounterMeter meter(long range) {
    MeterDescription description =
        new MeterDescription("rapl", "RAPL", List.of("?"), "test", MeterTraits.counter(1e-6));
    return new CounterMeter(
        description,
        List.of(
            new RawCounter("package-0", () -> read(0), 1e-6, range, STEP),
            new RawCounter("package-1", () -> read(1), 1e-6, range, STEP)),
        time,
        () -> {});
  }

  @Test
  void aWrapIsUndoneInTheCounterThatWrapped() {
    counts[0] = RANGE - 5_000_000;
    counts[1] = 10_000_000;
    CounterMeter meter = meter(RANGE);
    Mark start = meter.mark();
    counts[0] = 3_000_000;
    counts[1] = 14_000_000;
    Mark end = meter.mark();

    List<Double> joules = meter.joulesBetween(start, end);

    assertThat(joules.get(0)).isCloseTo(8 + STEP * 1e-6, within(1e-9));
    assertThat(joules.get(1)).isCloseTo(4, within(1e-9));
  }

  /** Against exact integers: a 32-bit register that counts steps, read in microjoules. */
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void manyWrapsAddUpToWhatWasSpent(long seed) {
    Random random = new Random(seed);
    BigInteger steps = BigInteger.valueOf(random.nextInt(Integer.MAX_VALUE));
    counts[0] = microjoules(steps);
    CounterMeter meter = meter(RANGE);
    Mark start = meter.mark();
    BigInteger spent = BigInteger.ZERO;
    for (int i = 0; i < 200; i++) {
      BigInteger more = BigInteger.valueOf((long) (random.nextDouble() * 4e9));
      spent = spent.add(more);
      counts[0] = microjoules(steps.add(spent));
      meter.mark();
    }
    double truth = spent.doubleValue() * STEP * 1e-6;

    assertThat(meter.joulesBetween(start, meter.mark()).get(0))
        .isCloseTo(truth, within(truth * 1e-8));
  }

  private static long microjoules(BigInteger steps) {
    return (long) (steps.mod(BigInteger.ONE.shiftLeft(32)).longValue() * STEP);
  }

  @Test
  void aFailedReadIsAnErrorAndNeverAWrap() {
    counts[0] = counts[1] = 200_000_000_000L;
    CounterMeter meter = meter(RANGE);
    Mark start = meter.mark();
    counts[0] += 1_000_000;
    counts[1] += 2_000_000;
    fails = true;
    assertThatThrownBy(meter::mark)
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining("package-1 cannot be read: Input/output error");
    fails = false;
    counts[0] += 1_000_000;
    counts[1] += 2_000_000;

    List<Double> joules = meter.joulesBetween(start, meter.mark());

    assertThat(joules.get(0)).isCloseTo(2, within(1e-9));
    assertThat(joules.get(1)).isCloseTo(4, within(1e-9));
  }

  @Test
  void withoutARangeACountThatGoesBackIsNoEnergy() {
    counts[0] = 9_000_000;
    CounterMeter meter = meter(0);
    Mark start = meter.mark();
    counts[0] = 1_000_000;
    assertThatThrownBy(meter::mark)
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining("package-0 went back from 9000000 to 1000000");
    counts[0] = 2_000_000;
    Mark after = meter.mark();

    assertThatThrownBy(() -> meter.joulesBetween(start, after))
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining("lost count");
    counts[0] = 5_000_000;
    assertThat(meter.joulesBetween(after, meter.mark()).get(0)).isCloseTo(3, within(1e-9));
  }

  @Test
  void closesOnceAndIsThenClosed() {
    AtomicInteger closings = new AtomicInteger();
    CounterMeter meter =
        new CounterMeter(
            new MeterDescription("x", "X", List.of("x"), "", MeterTraits.counter(1)),
            List.of(new RawCounter("x", () -> 0, 1)),
            time,
            closings::incrementAndGet);
    meter.close();
    meter.close();

    assertThat(closings).hasValue(1);
    assertThatThrownBy(meter::mark).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void metersOfDifferentThingsAddUpAndTheSameThingTwiceIsRefused() {
    CompositeMeter both =
        new CompositeMeter(
            List.of(
                meter(RANGE),
                new CounterMeter(
                    new MeterDescription(
                        "nvml", "NVML", List.of("x"), "board", MeterTraits.counter(1e-3)),
                    List.of(new RawCounter("gpu-0", () -> counts[0] / 1000, 1e-3)),
                    time,
                    () -> {})));
    Mark start = both.mark();
    counts[0] += 6_000_000;
    counts[1] += 1_000_000;

    assertThat(both.joulesBetween(start, both.mark())).containsExactly(6.0, 1.0, 6.0);
    assertThat(both.description().source()).isEqualTo("rapl+nvml");
    assertThatThrownBy(() -> new CompositeMeter(List.of(meter(RANGE), meter(RANGE))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("twice");
  }
}
