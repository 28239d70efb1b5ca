package dev.compress.evaluation.latency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.compress.metric.Interval;
import dev.compress.progress.Progress;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The protocol on subjects whose times are made up, so that the truth is known. */
class LatencyRunTest {
  private static final LatencySettings SETTINGS = new LatencySettings(0, 0.1, 5, 40, 1);

  /** Runs of so many nanoseconds each, slowed down by what the machine does meanwhile. */
  private static LatencySubject subject(String name, double nanos, double[] slowdown) {
    Random random = new Random(name.hashCode());
    return new LatencySubject() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public long[] run(double seconds) {
        slowdown[0] *= Math.exp(0.1 * random.nextGaussian());
        return random.longs(50, 0, 100).map(l -> l + Math.round(nanos * slowdown[0])).toArray();
      }
    };
  }

  private static LatencySubject steady(String name, long nanos) {
    return new LatencySubject() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public long[] run(double seconds) {
        return new long[] {nanos, nanos, nanos};
      }
    };
  }

  @Test
  void ratiosHoldTheTruthOnAMachineThatDrifts() {
    double[] slowdown = {1};
    List<LatencyResult> results =
        LatencyRun.measure(
            List.of(subject("float", 400_000, slowdown), subject("int8", 100_000, slowdown)),
            SETTINGS,
            Progress.NONE);
    assertThat(results.get(0).ratio()).isEmpty();
    Interval ci95 = results.get(1).ratioCi95().orElseThrow();
    assertThat(ci95.low()).isLessThanOrEqualTo(0.25);
    assertThat(ci95.high()).isGreaterThanOrEqualTo(0.25);
    assertThat(results.get(1).rounds()).isBetween(5, 40);
  }

  @Test
  void aBatchOfSixtyFourInSixteenTimesTheTimeIsFourTimesFaster() {
    LatencySubject one = steady("one", 100_000);
    LatencySubject many = steady("batch of 64", 1_600_000);
    LatencyResult result = LatencyRun.measure(List.of(one, many), SETTINGS, Progress.NONE).get(1);
    assertThat(result.ratio().orElseThrow()).isCloseTo(16, within(1e-9));
    LatencyResult perSample = result.perSample(64, 1);
    assertThat(perSample.ratio().orElseThrow()).isCloseTo(0.25, within(1e-9));
    assertThat(perSample.ratioCi95().orElseThrow().high()).isCloseTo(0.25, within(1e-9));
    assertThat(perSample.doubt()).isEmpty();
  }

  @Test
  void withoutABaselineNothingIsSaidOfARatio() {
    double[] slowdown = {1};
    LatencyResult noisy =
        LatencyRun.measure(
                List.of(subject("a", 100_000, slowdown), subject("b", 100_000, new double[] {1})),
                new LatencySettings(0, 0.1, 3, 3, 1),
                Progress.NONE)
            .get(1);
    assertThat(noisy.remarks()).anyMatch(r -> r.contains("its ratio is known to"));
    assertThat(noisy.alone().remarks()).noneMatch(r -> r.contains("ratio"));
    assertThat(noisy.alone().ratio()).isEmpty();
  }
}
