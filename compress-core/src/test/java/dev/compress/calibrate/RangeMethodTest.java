package dev.compress.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every method against an optimum found by trying everything on the values themselves. */
class RangeMethodTest {
  private static final QuantizationGrid ASYMMETRIC = QuantizationGrid.ASYMMETRIC_8;
  private static final QuantizationGrid SYMMETRIC = QuantizationGrid.SYMMETRIC_8;

  private static Histogram observe(float[] values) {
    HistogramObserver observer = new HistogramObserver();
    observer.observe(values);
    return observer.histogram();
  }

  @ParameterizedTest
  @EnumSource(names = {"GAUSSIAN", "SHIFTED", "AFTER_RELU", "NEGATIVE_ONLY", "HEAVY_TAILS"})
  void minMaxIsExact(SampleValues kind) {
    float[] values = kind.draw(5_000, 1);
    float[] sorted = values.clone();
    Arrays.sort(sorted);
    float low = Math.min(0, sorted[0]);
    float high = Math.max(0, sorted[sorted.length - 1]);
    Histogram histogram = observe(values);
    assertThat(RangeMethod.MIN_MAX.fit(histogram, ASYMMETRIC)).isEqualTo(new ValueRange(low, high));
    float reach = Math.max(-low, high);
    assertThat(RangeMethod.MIN_MAX.fit(histogram, SYMMETRIC))
        .isEqualTo(new ValueRange(-reach, reach));
  }

  @ParameterizedTest
  @EnumSource(names = {"ALL_ZERO", "CONSTANT", "TINY", "ATTENTION_MASK", "ALL_MAGNITUDES"})
  void awkwardTensorsGiveSaneRanges(SampleValues kind) {
    Histogram histogram = observe(kind.draw(20_000, 1));
    for (RangeMethod method : RangeMethod.candidates()) {
      for (QuantizationGrid grid : new QuantizationGrid[] {ASYMMETRIC, SYMMETRIC}) {
        ValueRange range = method.fit(histogram, grid);
        ValueRange all = RangeMethod.MIN_MAX.fit(histogram, grid);
        assertThat(all.union(range)).as(method.name()).isEqualTo(all);
        if (kind == SampleValues.ATTENTION_MASK) {
          assertThat(range.absMax()).isLessThan(20f);
        }
        if (kind == SampleValues.CONSTANT) {
          assertThat(range.low()).isCloseTo(-0.75f, within(1e-3f));
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"99.0", "99.9", "99.99", "99.999", "100"})
  void percentileAgreesWithTheSortedValues(double percent) {
    for (SampleValues kind : new SampleValues[] {SampleValues.SHIFTED, SampleValues.AFTER_RELU}) {
      float[] values = kind.draw(400_000, 8);
      Histogram histogram = observe(values);
      RangeMethod method = new RangeMethod.Percentile(percent);

      float[] sorted = values.clone();
      Arrays.sort(sorted);
      double cut = (100 - percent) / 200;
      int below = (int) Math.floor(cut * sorted.length);
      ValueRange range = method.fit(histogram, ASYMMETRIC);
      double bin = 2 * range.absMax() / 2048;
      assertThat((double) range.low()).isCloseTo(Math.min(0, sorted[below]), within(bin));
      assertThat((double) range.high()).isCloseTo(sorted[sorted.length - 1 - below], within(bin));

      float[] magnitudes = new float[values.length];
      for (int i = 0; i < values.length; i++) {
        magnitudes[i] = Math.abs(values[i]);
      }
      Arrays.sort(magnitudes);
      int above = (int) Math.floor(2 * cut * magnitudes.length);
      assertThat((double) method.fit(histogram, SYMMETRIC).high())
          .isCloseTo(magnitudes[magnitudes.length - 1 - above], within(bin));
    }
  }

  /** Straight from the definition, on the values. */
  private static double squaredError(float[] values, ValueRange range, QuantizationGrid grid) {
    double scale =
        grid.symmetric()
            ? 2.0 * range.absMax() / (grid.levels() - 1)
            : ((double) range.high() - range.low()) / (grid.levels() - 1);
    long zeroPoint = grid.symmetric() ? (grid.levels() - 1) / 2 : Math.round(-range.low() / scale);
    double sum = 0;
    for (float value : values) {
      long code = (long) Math.rint(value / scale) + zeroPoint;
      code = Math.max(0, Math.min(grid.levels() - 1, code));
      double error = value - (code - zeroPoint) * scale;
      sum += error * error;
    }
    return sum / values.length;
  }

  @ParameterizedTest
  @CsvSource({
    "GAUSSIAN, 256, false",
    "GAUSSIAN, 255, true",
    "GAUSSIAN, 16, false",
    "SHIFTED, 256, false",
    "SHIFTED, 15, true",
    "AFTER_RELU, 256, false",
    "NEGATIVE_ONLY, 256, false",
    "HEAVY_TAILS, 256, false",
    "HEAVY_TAILS, 255, true",
    "HEAVY_TAILS, 16, false"
  })
  void squaredErrorIsWithinOnePercentOfTheBruteForceOptimum(
      SampleValues kind, int levels, boolean symmetric) {
    float[] values = kind.draw(4_000, 21);
    if (kind == SampleValues.HEAVY_TAILS) {
      values = kind.draw(15_000, 21);
    }
    QuantizationGrid grid = new QuantizationGrid(levels, symmetric);
    Histogram histogram = observe(values);
    ValueRange full = RangeMethod.MIN_MAX.fit(histogram, grid);
    int steps = kind == SampleValues.HEAVY_TAILS ? 25 : 60;
    double best = Double.POSITIVE_INFINITY;
    for (int i = 1; i <= steps; i++) {
      for (int j = 1; j <= (symmetric || full.low() == 0 || full.high() == 0 ? 1 : steps); j++) {
        double high = full.high() * (double) i / steps;
        double low = symmetric ? -high : full.low() * (full.high() == 0 ? (double) i : j) / steps;
        best = Math.min(best, squaredError(values, ValueRange.covering(low, high), grid));
      }
    }
    ValueRange found = RangeMethod.SQUARED_ERROR.fit(histogram, grid);
    assertThat(squaredError(values, found, grid)).isLessThanOrEqualTo(1.01 * best);
    // What the histogram predicts is what the values suffer.
    assertThat(grid.meanSquaredError(histogram, found))
        .isCloseTo(squaredError(values, found, grid), within(0.05 * best));
  }

  /**
   * KL(P || Q) from its definition, over the pieces into which the edges of bins and of cells
   * divide the range; each value outside is counted at the nearest kept bin.
   */
  private static double divergence(long[] counts, int from, int to, int cells) {
    double[] p = new double[to - from];
    double total = 0;
    double inside = 0;
    for (int j = 0; j < counts.length; j++) {
      p[Math.max(from, Math.min(to - 1, j)) - from] += counts[j];
      total += counts[j];
      inside += j >= from && j < to ? counts[j] : 0;
    }
    double divergence = 0;
    for (int cell = 0; cell < cells; cell++) {
      double start = (double) cell * (to - from) / cells;
      double end = (double) (cell + 1) * (to - from) / cells;
      double sum = 0;
      double used = 0;
      for (int j = 0; j < p.length; j++) {
        double overlap = Math.max(0, Math.min(end, j + 1) - Math.max(start, j));
        sum += overlap * counts[from + j];
        used += counts[from + j] > 0 ? overlap : 0;
      }
      for (int j = 0; j < p.length; j++) {
        double overlap = Math.max(0, Math.min(end, j + 1) - Math.max(start, j));
        if (overlap > 1e-9 && p[j] > 0) {
          if (counts[from + j] == 0) {
            return Double.POSITIVE_INFINITY;
          }
          double q = sum / used / inside;
          divergence += overlap * p[j] / total * Math.log(p[j] / total / q);
        }
      }
    }
    return divergence;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void divergenceEqualsItsDefinitionForEveryRange(long seed) {
    java.util.Random random = new java.util.Random(seed);
    long[] counts = new long[48];
    for (int j = 0; j < counts.length; j++) {
      counts[j] = random.nextInt(3) == 0 ? 0 : (long) (1000 * Math.exp(-Math.abs(j - 20) / 6.0));
    }
    DivergenceSearch search = new DivergenceSearch(counts, 8);
    int compared = 0;
    for (int from = 0; from < counts.length; from++) {
      for (int to = from + 8; to <= counts.length; to++) {
        double found = search.divergence(from, to);
        if (Double.isFinite(found)) {
          assertThat(found).isCloseTo(divergence(counts, from, to, 8), within(1e-9));
          compared++;
        }
      }
    }
    assertThat(compared).isGreaterThan(100);
  }

  @ParameterizedTest
  @CsvSource({"AFTER_RELU, 256", "HEAVY_TAILS, 255", "GAUSSIAN, 255", "NEGATIVE_ONLY, 256"})
  void oneSidedDivergenceIsTheBruteForceOptimum(SampleValues kind, int levels) {
    boolean symmetric = levels == 255;
    float[] values = kind.draw(60_000, 13);
    QuantizationGrid grid = new QuantizationGrid(levels, symmetric);
    Histogram histogram = observe(values);
    double reach = histogram.summary().range().absMax();
    double width = 1;
    while (reach / width < 512) {
      width /= 2;
    }
    while (reach / width >= 1024) {
      width *= 2;
    }
    long[] counts = new long[(int) (reach / width) + 1];
    for (float value : values) {
      if (value != 0) {
        // Bins are closed towards zero on either side.
        counts[(int) (Math.abs(value) / width)]++;
      }
    }
    int cells = symmetric ? 128 : 256;
    double best = Double.POSITIVE_INFINITY;
    int bestTo = 0;
    for (int to = cells; to <= counts.length; to++) {
      double found = divergence(counts, 0, to, cells);
      if (found < best) {
        best = found;
        bestTo = to;
      }
    }
    ValueRange found = new RangeMethod.KullbackLeibler(512).fit(histogram, grid);
    assertThat((double) found.absMax()).isCloseTo(Math.min(bestTo * width, reach), within(1e-6));
  }

  @ParameterizedTest
  @CsvSource({"GAUSSIAN, 1", "SHIFTED, 2", "HEAVY_TAILS, 3", "HEAVY_TAILS, 4"})
  void twoSidedDivergenceIsTheBruteForceOptimum(SampleValues kind, long seed) {
    float[] values = kind.draw(60_000, seed);
    int cells = 64;
    float[] sorted = values.clone();
    Arrays.sort(sorted);
    double low = sorted[0];
    double high = sorted[sorted.length - 1];
    double width = Math.pow(2, Math.floor(Math.log((high - low) / 256) / Math.log(2)));
    int zero = (int) Math.ceil(-low / width);
    long[] counts = new long[zero + (int) (high / width) + 1];
    for (float value : values) {
      counts[value < 0 ? zero - 1 - (int) (-value / width) : zero + (int) (value / width)]++;
    }
    double best = Double.POSITIVE_INFINITY;
    int bestFrom = 0;
    int bestTo = 0;
    for (int reach = counts.length; reach > 0; reach--) {
      int from = Math.max(0, zero - reach);
      int to = Math.min(counts.length, zero + reach);
      while (counts[from] == 0) {
        from++;
      }
      while (counts[to - 1] == 0) {
        to--;
      }
      double found =
          to - from < cells ? Double.POSITIVE_INFINITY : divergence(counts, from, to, cells);
      if (found < best) {
        best = found;
        bestFrom = from;
        bestTo = to;
      }
    }
    ValueRange found =
        new RangeMethod.KullbackLeibler(256)
            .fit(observe(values), new QuantizationGrid(cells, false));
    assertThat((double) found.low())
        .isCloseTo(Math.max((bestFrom - zero) * width, low), within(1e-6));
    assertThat((double) found.high())
        .isCloseTo(Math.min((bestTo - zero) * width, high), within(1e-6));
    assertThat(Math.abs(found.low()) < -low || found.high() < high).isTrue();
  }

  @Test
  void divergenceCutsOutliersAndKeepsUniformValues() {
    float[] values = SampleValues.GAUSSIAN.draw(100_000, 3);
    values[0] = 40f;
    ValueRange cut = RangeMethod.KULLBACK_LEIBLER.fit(observe(values), SYMMETRIC);
    assertThat(cut.high()).isBetween(2.5f, 8f);

    java.util.Random random = new java.util.Random(1);
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat();
    }
    assertThat(RangeMethod.KULLBACK_LEIBLER.fit(observe(values), ASYMMETRIC).high())
        .isGreaterThan(0.99f);
  }

  @Test
  void divergenceIsNotDrivenByExactZeros() {
    float[] dense = new float[40_000];
    float[] sparse = new float[400_000];
    java.util.Random random = new java.util.Random(5);
    for (int i = 0; i < dense.length; i++) {
      dense[i] = (float) Math.abs(random.nextGaussian());
      sparse[10 * i] = dense[i];
    }
    assertThat(RangeMethod.KULLBACK_LEIBLER.fit(observe(sparse), ASYMMETRIC))
        .isEqualTo(RangeMethod.KULLBACK_LEIBLER.fit(observe(dense), ASYMMETRIC));
  }

  @Test
  void namesAreReadBack() {
    for (RangeMethod method : RangeMethod.candidates()) {
      assertThat(RangeMethod.parse(method.name())).isEqualTo(method);
    }
    assertThat(RangeMethod.parse("Percentile")).isEqualTo(new RangeMethod.Percentile(99.999));
    assertThat(RangeMethod.parse("kl:512")).isEqualTo(new RangeMethod.KullbackLeibler(512));
    for (String bad : new String[] {"", "max", "minmax:3", "percentile:40", "kl:x", "kl:2"}) {
      assertThatThrownBy(() -> RangeMethod.parse(bad))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("Calibration method '" + bad + "'");
    }
  }

  @Test
  void rangesContainZeroAndRejectNonsense() {
    assertThat(ValueRange.covering(2, 5)).isEqualTo(new ValueRange(0f, 5f));
    assertThat(ValueRange.covering(-1e300, -2)).isEqualTo(new ValueRange(-Float.MAX_VALUE, 0f));
    assertThat(new ValueRange(-0f, 0f)).isEqualTo(ValueRange.ZERO);
    assertThatThrownBy(() -> new ValueRange(1f, 2f)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ValueRange.covering(Double.NaN, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
