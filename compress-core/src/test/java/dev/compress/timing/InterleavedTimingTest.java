package dev.compress.timing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.CancelledException;
import dev.compress.metric.Interval;
import dev.compress.progress.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InterleavedTimingTest {
  /** A machine whose time is simulated: a slow drift, jitter, and now and then an interruption. */
  private static final class Machine {
    private final Random random;
    private double nanos;

    Machine(long seed) {
      this.random = new Random(seed);
    }

    long now() {
      return (long) nanos;
    }

    Timed task(String name, double microseconds) {
      return new Timed(
          name,
          () -> {
            double drift = 1 + 0.5 * Math.sin(nanos / 3e8); // twice as slow at times
            double jitter = Math.exp(0.05 * random.nextGaussian());
            nanos += 1000 * microseconds * drift * jitter;
            if (random.nextInt(30) == 0) {
              nanos += 4e6 * random.nextDouble(); // another process had its turn
            }
          });
    }
  }

  private static TimingResult simulate(long seed, double... microseconds) {
    Machine machine = new Machine(seed);
    List<Timed> tasks = new ArrayList<>();
    for (double each : microseconds) {
      tasks.add(machine.task("t" + tasks.size(), each));
    }
    return InterleavedTiming.measure(
        tasks, TimingSettings.ofSeconds(2, seed), Progress.NONE, machine::now);
  }

  @Test
  void theIntervalHoldsTheTrueRatioNearlyAlways() {
    int held = 0;
    int equalsToldApart = 0;
    int trials = 300;
    for (int seed = 0; seed < trials; seed++) {
      LatencyRatio ratio = simulate(seed, 400, 300).toFirst().get(0);
      held += ratio.ci95().contains(0.75) ? 1 : 0;
      assertThat(ratio.ratio()).isCloseTo(0.75, Offset.offset(0.05));
      assertThat(ratio.isFaster()).isTrue();
      LatencyRatio same = simulate(10_000 + seed, 400, 400).toFirst().get(0);
      equalsToldApart += same.isFaster() || same.isSlower() ? 1 : 0;
    }
    // 95% of 300, less three standard deviations of a binomial.
    assertThat(held).isGreaterThan(273);
    assertThat(equalsToldApart).isLessThan(27);
  }

  @Test
  void theBudgetIsKeptAndTheOrderFollowsTheSeed() {
    TimingResult result = simulate(1, 100, 200, 50);
    assertThat(result.seconds()).isBetween(1.9, 2.3);
    assertThat(result.rounds()).isGreaterThan(10);
    assertThat(result.latencies()).extracting(Latency::name).containsExactly("t0", "t1", "t2");
    assertThat(result.toFirst()).extracting(LatencyRatio::name).containsExactly("t1", "t2");
    assertThat(result.toFirst().get(1).ratio()).isCloseTo(0.5, Offset.offset(0.05));
    assertThat(simulate(1, 100, 200, 50)).isEqualTo(result);
    Latency first = result.latencies().get(0);
    assertThat(first.p20Nanos()).isLessThan(first.p50Nanos());
    assertThat(first.p50Nanos()).isLessThan(first.p90Nanos());
    assertThat(first.p50Nanos()).isBetween(50_000.0, 160_000.0);
  }

  @Test
  void whatIsSlowStillGetsItsFewestRounds() {
    TimingResult result = simulate(3, 1_500_000, 1_000_000);
    assertThat(result.rounds()).isEqualTo(6);
    assertThat(result.latencies().get(0).runs()).isEqualTo(6);
  }

  @Test
  void warmUpWaitsUntilTimesAreSteady() {
    Machine machine = new Machine(1);
    AtomicInteger calls = new AtomicInteger();
    Timed compiles =
        new Timed("c", () -> machine.nanos += calls.incrementAndGet() < 100 ? 1e6 : 1e4);
    TimingResult result =
        InterleavedTiming.measure(
            List.of(compiles), new TimingSettings(1, 0.01, 3, 0), Progress.NONE, machine::now);
    assertThat(result.latencies().get(0).p90Nanos()).isEqualTo(1e6 / 100);
    assertThat(result.toFirst()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 6, 7, 20, 100})
  void theSignTestsIntervalCoversAsItSays(int rounds) {
    Random random = new Random(rounds);
    int held = 0;
    int trials = 4000;
    for (int t = 0; t < trials; t++) {
      double[] values = random.doubles(rounds).map(v -> v * v * v).sorted().toArray();
      held += Quantiles.ofMedian(values).contains(0.125) ? 1 : 0;
    }
    assertThat(held).isGreaterThan((int) (trials * 0.94));
    double[] some = random.doubles(rounds).sorted().toArray();
    Interval interval = Quantiles.ofMedian(some);
    if (rounds < 6) {
      assertThat(interval).isEqualTo(new Interval(0, Double.POSITIVE_INFINITY));
    } else {
      assertThat(interval.high()).isLessThanOrEqualTo(some[rounds - 1]);
    }
    if (rounds == 20) { // as tables of the sign test say: the 6th smallest and the 6th largest
      assertThat(interval).isEqualTo(new Interval(some[5], some[14]));
    }
  }

  @Test
  void cancellingStopsIt() {
    AtomicInteger calls = new AtomicInteger();
    Progress stop =
        new Progress() {
          @Override
          public void begin(String stage, long total) {}

          @Override
          public void advance(long steps) {}

          @Override
          public boolean cancelled() {
            return calls.get() >= 3;
          }
        };
    assertThatThrownBy(
            () ->
                InterleavedTiming.measure(
                    List.of(new Timed("t", calls::incrementAndGet)),
                    TimingSettings.ofSeconds(100, 0),
                    stop))
        .isInstanceOf(CancelledException.class);
    assertThat(calls.get()).isLessThan(20);
  }

  @Test
  void settingsAreChecked() {
    assertThatThrownBy(() -> TimingSettings.ofSeconds(0, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> TimingSettings.ofSeconds(Double.NaN, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () ->
                InterleavedTiming.measure(List.of(), TimingSettings.ofSeconds(1, 0), Progress.NONE))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
