package dev.compress.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.BitSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Intervals and tests against published figures, SciPy 1.17 and exact arithmetic. */
class StatisticsTest {
  // The first four rows are printed in Newcombe, Statistics in Medicine 17 (1998) 857, table I.
  @ParameterizedTest(name = "Wilson interval of {0}/{1}")
  @CsvSource({
    "81, 263, 0.2552885198782742, 0.36620957698280004",
    "15, 148, 0.06238639953073629, 0.16048724172330803",
    "0, 20, 0.0, 0.16112515805281935",
    "1, 29, 0.006113214292762667, 0.17175521879320282",
    "29, 29, 0.8830302015002592, 1.0",
  })
  void wilsonIntervalEqualsPublishedOnes(long successes, long trials, double low, double high) {
    Interval interval = Wilson.interval95(successes, trials);
    assertThat(interval.low()).isCloseTo(low, within(1e-14));
    assertThat(interval.high()).isCloseTo(high, within(1e-14));
    assertThat(interval.contains((double) successes / trials)).isTrue();
  }

  @Test
  void wilsonRefusesNoTrials() {
    assertThatThrownBy(() -> Wilson.interval95(0, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Wilson.interval95(3, 2)).isInstanceOf(IllegalArgumentException.class);
  }

  // 1 and 7: Fagerland et al. (2013), exact 0.070 and mid-p 0.039. The others: scipy.stats.
  @ParameterizedTest(name = "McNemar {0}:{1}")
  @CsvSource({
    "1, 7, 0.0703125, 0.0390625",
    "7, 1, 0.0703125, 0.0390625",
    "0, 5, 0.0625, 0.03125",
    "6, 16, 0.052478790283203125, 0.03468966484069824",
    "10, 10, 1, 1",
    "0, 0, 1, 1",
    "3, 11, 0.057373046875, 0.03515625",
    "59, 6, 4.964650327128616e-12, 2.7258031986068867e-12",
    "1000, 900, 0.023108845108901193, 0.021791499253713553",
    "30000, 29000, 3.907020967830222e-05, 3.838482142575657e-05",
  })
  void mcNemarEqualsScipy(long onlyFirst, long onlySecond, double exact, double mid) {
    McNemar test = McNemar.of(onlyFirst, onlySecond);
    assertThat(test.exactP()).isCloseTo(exact, within(exact * 1e-9));
    assertThat(test.midP()).isCloseTo(mid, within(mid * 1e-9));
  }

  @ParameterizedTest(name = "exact binomial tail {0} of {1}")
  @CsvSource({"0, 1", "3, 9", "20, 41", "37, 100", "150, 301"})
  void lowerTailEqualsExactIntegers(int k, int n) {
    BigInteger sum = BigInteger.ZERO;
    BigInteger choose = BigInteger.ONE;
    for (int i = 0; i <= k; i++) {
      sum = sum.add(choose);
      choose = choose.multiply(BigInteger.valueOf(n - i)).divide(BigInteger.valueOf(i + 1));
    }
    double expected =
        2
            * new BigDecimal(sum)
                .divide(new BigDecimal(BigInteger.TWO.pow(n)), MathContext.DECIMAL64)
                .doubleValue();
    assertThat(McNemar.of(k, n - k).exactP())
        .isCloseTo(Math.min(1, expected), within(expected * 1e-12));
  }

  @Test
  void mcNemarCountsDiscordantSamples() {
    BitSet first = new BitSet();
    first.set(0, 10);
    BitSet second = new BitSet();
    second.set(7, 12);
    McNemar test = McNemar.of(first, second);
    assertThat(test.onlyFirst()).isEqualTo(7);
    assertThat(test.onlySecond()).isEqualTo(2);
    assertThat(first.cardinality()).as("the argument is left alone").isEqualTo(10);
  }

  // The first row is printed in Newcombe, Statistics in Medicine 17 (1998) 2635: 0.0569 to 0.3404.
  @ParameterizedTest(name = "paired difference {0},{1},{2},{3}")
  @CsvSource({
    "36, 12, 2, 0, 0.2, 0.05692958400323875, 0.3404276029749408",
    "20, 12, 2, 16, 0.2, 0.05615642484174829, 0.32920699540014053",
    "53, 0, 1, 0, -0.01851851851851851, -0.09771437488781931, 0.049621661889404076",
  })
  void pairedDifferenceEqualsNewcombe(
      long both, long first, long second, long neither, double d, double low, double high) {
    PairedDifference paired = PairedDifference.ofCounts(both, first, second, neither);
    assertThat(paired.difference()).isCloseTo(d, within(1e-14));
    assertThat(paired.ci95().low()).isCloseTo(low, within(1e-13));
    assertThat(paired.ci95().high()).isCloseTo(high, within(1e-13));
    assertThat(paired.samples()).isEqualTo(both + first + second + neither);
  }

  @Test
  void pairedDifferenceFromSamplesEqualsTheOneFromCounts() {
    BitSet first = new BitSet();
    first.set(0, 32);
    BitSet second = new BitSet();
    second.set(12, 34);
    assertThat(PairedDifference.ofCorrect(first, second, 50))
        .isEqualTo(PairedDifference.ofCounts(20, 12, 2, 16));
  }

  @Test
  void pairedDifferenceOfValuesIsMeanAndNormalInterval() {
    double[] first = {3, 5, 8, 4};
    double[] second = {1, 4, 4, 5};
    // Differences 2, 1, 4, -1: mean 1.5, variance 13/3.
    double half = 1.959963984540054 * Math.sqrt(13.0 / 3 / 4);
    PairedDifference paired = PairedDifference.ofValues(first, second);
    assertThat(paired.difference()).isCloseTo(1.5, within(1e-15));
    assertThat(paired.ci95().low()).isCloseTo(1.5 - half, within(1e-14));
    assertThat(paired.ci95().high()).isCloseTo(1.5 + half, within(1e-14));
  }

  @Test
  void logFactorialIsContinuousAcrossItsTwoForms() {
    assertThat(Binomial.logFactorial(20)).isCloseTo(Math.log(2432902008176640000.0), within(1e-13));
    assertThat(Binomial.logFactorial(21)).isCloseTo(45.38013889847691, within(1e-12));
    assertThat(Binomial.logFactorial(1_000_000)).isCloseTo(12815518.384658169, within(1e-8));
  }
}
