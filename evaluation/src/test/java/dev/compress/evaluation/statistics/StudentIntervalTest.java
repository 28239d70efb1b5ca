package dev.compress.evaluation.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StudentIntervalTest {
  /** Against printed tables. */
  @Test
  void quantilesAreStudents() {
    assertThat(StudentInterval.quantile(4)).isCloseTo(2.776, within(5e-4));
    assertThat(StudentInterval.quantile(9)).isCloseTo(2.262, within(5e-4));
    assertThat(StudentInterval.quantile(29)).isCloseTo(2.045, within(5e-4));
  }

  /** The five values 8, 9, 10, 11, 12: s = 1.5811, so 2.776 * 1.5811 / sqrt(5) = 1.963. */
  @Test
  void anExampleByHand() {
    StudentInterval interval = StudentInterval.of(List.of(8.0, 9.0, 10.0, 11.0, 12.0), 1);

    assertThat(interval.mean()).isEqualTo(10);
    assertThat(interval.halfWidth()).isCloseTo(1.963, within(1e-3));
    assertThat(interval.plus(1).halfWidth()).isCloseTo(2.203, within(1e-3));
    assertThat(StudentInterval.of(List.of(3.0), 1).halfWidth()).isInfinite();
  }

  /**
   * What the stopping rule does to the interval's coverage, over 6,000 simulated measurements: as
   * it is the interval would be too narrow, widened it is not.
   */
  @ParameterizedTest(name = "noise {0}: at most {1} as it is, at least {2} widened")
  @CsvSource({"0.01, 0.96, 0.95", "0.03, 0.935, 0.95", "0.04, 0.93, 0.95", "0.05, 0.935, 0.95"})
  void stoppingEarlyNeedsTheWidening(double noise, double mostPlain, double leastWidened) {
    assertThat(coverage(noise, 1)).isLessThan(mostPlain);
    assertThat(coverage(noise, StudentInterval.FOR_STOPPING)).isGreaterThan(leastWidened);
  }

  private static double coverage(double noise, double widening) {
    Random random = new Random(1);
    int covered = 0;
    int runs = 6_000;
    for (int run = 0; run < runs; run++) {
      List<Double> values = new ArrayList<>();
      StudentInterval interval;
      do {
        values.add(1 + noise * random.nextGaussian());
        interval = StudentInterval.of(values, widening);
      } while (values.size() < 30 && (values.size() < 5 || interval.relative() > 0.02));
      covered += interval.interval().contains(1) ? 1 : 0;
    }
    return (double) covered / runs;
  }
}
