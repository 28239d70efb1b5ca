package dev.compress.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.FloatBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HistogramObserverTest {
  private static Histogram observe(float... values) {
    HistogramObserver observer = new HistogramObserver();
    observer.observe(values);
    return observer.histogram();
  }

  @ParameterizedTest
  @EnumSource
  void everyValueIsInTheBinThatCoversIt(SampleValues kind) {
    float[] values = kind.draw(6_000, 7);
    Histogram histogram = observe(values);

    long[] recount = new long[histogram.size()];
    for (float value : values) {
      if (Float.isFinite(value)) {
        int found = -1;
        double zeroed = Math.abs(value) < Float.MIN_NORMAL ? 0 : value;
        for (int i = 0; i < histogram.size() && found < 0; i++) {
          boolean zeroBin = histogram.lower(i) == 0 && histogram.upper(i) == 0;
          double lower = histogram.lower(i);
          double upper = histogram.upper(i);
          // Bins are closed towards zero; the outermost two are cut at the extremes.
          boolean above =
              upper > 0 ? zeroed >= lower : zeroed > lower || (i == 0 && zeroed == lower);
          boolean below =
              lower < 0
                  ? zeroed <= upper
                  : zeroed < upper || (i == histogram.size() - 1 && zeroed == upper);
          if (zeroBin ? zeroed == 0 : above && below && zeroed != 0) {
            found = i;
          }
        }
        assertThat(found).as("bin of %s", value).isNotNegative();
        recount[found]++;
      }
    }
    for (int i = 0; i < recount.length; i++) {
      assertThat(histogram.count(i)).isEqualTo(recount[i]);
    }
  }

  @ParameterizedTest
  @EnumSource
  void theResultDependsNeitherOnCutsNorOnOrderNorOnThreads(SampleValues kind) {
    float[] values = kind.draw(50_000, 11);
    Histogram whole = observe(values);

    Random random = new Random(5);
    HistogramObserver cut = new HistogramObserver();
    for (int at = 0; at < values.length; ) {
      int length = Math.min(random.nextInt(3000), values.length - at);
      cut.observe(values, at, length);
      at += length;
    }
    assertThat(cut.histogram()).isEqualTo(whole);

    float[] shuffled = values.clone();
    for (int i = shuffled.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      float swap = shuffled[i];
      shuffled[i] = shuffled[j];
      shuffled[j] = swap;
    }
    HistogramObserver first = new HistogramObserver();
    HistogramObserver second = new HistogramObserver();
    first.observe(shuffled, 0, 20_000);
    second.observe(FloatBuffer.wrap(shuffled, 20_000, 30_000));
    first.merge(second);
    assertThat(first.histogram()).isEqualTo(whole);
  }

  @Test
  void ascendingMagnitudesOneByOneGiveTheSameAsAllAtOnce() {
    HistogramObserver observer = new HistogramObserver();
    float[] values = new float[600];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.scalb(i % 2 == 0 ? 1.37 : -1.91, i / 3 - 100);
      observer.observe(values, i, 1);
    }
    assertThat(observer.histogram()).isEqualTo(observe(values));
  }

  @ParameterizedTest
  @EnumSource
  void extremesAndSpecialValuesAreExact(SampleValues kind) {
    float[] values = kind.draw(10_000, 3);
    values[17] = Float.NaN;
    values[5000] = Float.POSITIVE_INFINITY;
    values[5001] = Float.NEGATIVE_INFINITY;
    values[9999] = Float.intBitsToFloat(0xff800001); // a signalling NaN
    long nan = 0;
    float min = Float.MAX_VALUE;
    float max = -Float.MAX_VALUE;
    for (float value : values) {
      if (Float.isNaN(value)) {
        nan++;
      } else if (!Float.isInfinite(value)) {
        min = Math.min(min, value);
        max = Math.max(max, value);
      }
    }
    ValueSummary summary = observe(values).summary();
    assertThat(summary.nanCount()).isEqualTo(nan);
    assertThat(summary.positiveInfinityCount()).isPositive();
    assertThat(summary.negativeInfinityCount()).isPositive();
    assertThat(summary.count()).isEqualTo(values.length);
    assertThat(summary.min()).isEqualTo(min + 0f);
    assertThat(summary.max()).isEqualTo(max + 0f);

    MinMaxObserver plain = new MinMaxObserver();
    plain.observe(values);
    assertThat(plain.summary()).isEqualTo(summary);
  }

  @Test
  void ordinaryValuesGetFourThousandEqualBinsASide() {
    Histogram histogram = observe(SampleValues.GAUSSIAN.draw(200_000, 1));
    double reach = histogram.summary().range().absMax();
    double octave = Math.scalb(1.0, Math.getExponent(reach));
    for (int i = 1; i + 1 < histogram.size(); i++) {
      assertThat(histogram.upper(i) - histogram.lower(i)).isLessThanOrEqualTo(octave / 2048);
    }
  }

  @Test
  void anOutlierCostsOneHalvingOfTheResolution() {
    float[] values = SampleValues.GAUSSIAN.draw(100_000, 1);
    double before = widestBinNear(observe(values), 1.5);
    values[500] = -Float.MAX_VALUE;
    values[501] = Float.MAX_VALUE;
    assertThat(widestBinNear(observe(values), 1.5)).isEqualTo(2 * before);
  }

  private static double widestBinNear(Histogram histogram, double value) {
    double widest = 0;
    for (int i = 0; i < histogram.size(); i++) {
      if (histogram.lower(i) <= value && histogram.upper(i) > value) {
        widest = histogram.upper(i) - histogram.lower(i);
      }
    }
    assertThat(widest).isPositive();
    return widest;
  }

  @Test
  void memoryIsBoundedWhateverTheValues() {
    float[] values = SampleValues.ALL_MAGNITUDES.draw(1_000_000, 9);
    assertThat(observe(values).size()).isBetween(5_000, 10_500);
  }

  @Test
  void nothingSeen() {
    Histogram histogram = new HistogramObserver().histogram();
    assertThat(histogram.size()).isZero();
    assertThat(histogram.summary()).isEqualTo(ValueSummary.EMPTY);
    assertThat(histogram.quantile(0.5)).isZero();
    Histogram onlyNan = observe(Float.NaN, Float.NaN);
    assertThat(onlyNan.size()).isZero();
    assertThat(onlyNan.summary().nanCount()).isEqualTo(2);
    for (RangeMethod method : RangeMethod.candidates()) {
      assertThat(method.fit(onlyNan, QuantizationGrid.ASYMMETRIC_8)).isEqualTo(ValueRange.ZERO);
      assertThat(method.fit(histogram, QuantizationGrid.SYMMETRIC_8)).isEqualTo(ValueRange.ZERO);
    }
  }

  @Test
  void masksAreSetApartAndTheRestKeepsItsRange() {
    for (float mask : new float[] {-10_000f, -65_504f, -1e9f, -Float.MAX_VALUE}) {
      float[] values = SampleValues.GAUSSIAN.draw(20_000, 2);
      Histogram clean = observe(values);
      for (int i = 0; i < values.length; i += 2) {
        values[i] = mask + values[i];
      }
      Histogram masked = observe(values);
      assertThat(masked.maskCount()).isEqualTo(10_000);
      ValueSummary rest = masked.withoutMask().summary();
      assertThat(rest.finiteCount()).isEqualTo(10_000);
      assertThat((double) rest.max()).isBetween(2.5, (double) clean.summary().max());
      assertThat((double) rest.min()).isBetween(clean.summary().min() - 0.01, -2.5);
    }
  }

  @Test
  void largeValuesThatAreNoMaskStay() {
    // A feature table: ages and incomes; then a negative tail without a gap; then a constant.
    assertThat(observe(20, 45, 30_000, 80_000, 0).maskCount()).isZero();
    assertThat(observe(-20, -200, -2_000, -20_000, 5).maskCount()).isZero();
    assertThat(observe(-10_000, -10_000).maskCount()).isZero();
    assertThat(observe(0, -10_000, 0).maskCount()).isZero();
    assertThat(observe(1e-9f, 0.99f, 1e-12f).maskCount()).isZero();
  }

  @Test
  void quantilesAndSharesAgreeWithTheSortedValues() {
    float[] values = SampleValues.SHIFTED.draw(100_000, 4);
    Histogram histogram = observe(values);
    float[] sorted = values.clone();
    java.util.Arrays.sort(sorted);
    for (double share : new double[] {0, 1e-4, 0.01, 0.3, 0.5, 0.9, 0.9999, 1}) {
      int rank = (int) (share * sorted.length);
      double atMost = sorted[Math.min(rank, sorted.length - 1)];
      double atLeast = sorted[Math.max(rank - 1, 0)];
      assertThat(histogram.quantile(share)).isBetween(atLeast - 0.01, atMost + 0.01);
    }
    ValueRange range = new ValueRange(-1f, 4f);
    long outside = 0;
    for (float value : values) {
      outside += value < -1f || value > 4f ? 1 : 0;
    }
    assertThat(histogram.shareOutside(range)).isCloseTo(outside / 1e5, within(1e-3));
  }
}
