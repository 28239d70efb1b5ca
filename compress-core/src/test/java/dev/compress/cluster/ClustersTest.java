package dev.compress.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.compress.tensor.ChannelGroups;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clusters on a line, against trying all of them. */
class ClustersTest {
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void dynamicProgrammingFindsTheBestOfAllDivisions(long seed) {
    Random random = new Random(seed);
    int n = 1 + random.nextInt(12);
    WeightedPoints points = points(random, n);
    OptimalClusters optimal = new OptimalClusters(points, 6);
    for (int k = 1; k <= optimal.most(); k++) {
      assertThat(optimal.cost(k)).isCloseTo(least(points, 0, k), within(1e-9));
      assertThat(KMeans1D.error(points, optimal.centroids(k)))
          .isCloseTo(optimal.cost(k), within(1e-9));
      int[] bounds = optimal.bounds(k);
      assertThat(bounds).isSorted().startsWith(0).endsWith(n);
    }
  }

  @ParameterizedTest
  @EnumSource(KMeans1D.Start.class)
  void everyStartEndsNearTheOptimum(KMeans1D.Start start) {
    Random random = new Random(7);
    double[] values = random.doubles(2000, -1, 1).map(x -> x * x * x).sorted().toArray();
    double[] masses = random.doubles(2000, 0, 3).toArray();
    WeightedPoints points = new WeightedPoints(values, masses);
    double best = new OptimalClusters(points, 16).cost(16);
    double[] centroids = new KMeans1D(start, 3).centroids(points, 16);
    assertThat(centroids).hasSize(16).isSorted();
    assertThat(KMeans1D.error(points, centroids)).isBetween(best - 1e-9, best * 1.6);
    assertThat(new KMeans1D(start, 3).centroids(points, 16)).isEqualTo(centroids);
  }

  @Test
  void manyPointsAreClusteredNearlyAsWellAsFew() {
    // The optimum of a normal distribution with 16 values: Max, IRE Trans. IT 1960, table 1.
    int n = 60_000;
    double[] values = new Random(1).doubles(n).map(ClustersTest::normal).sorted().toArray();
    double[] masses = new double[n];
    Arrays.fill(masses, 1);
    WeightedPoints points = new WeightedPoints(values, masses);
    double[] centroids = new KMeans1D(KMeans1D.Start.OPTIMAL, 0).centroids(points, 16);
    assertThat(KMeans1D.error(points, centroids) / n).isCloseTo(0.009497, within(0.0005));
  }

  private static double normal(double uniform) {
    double low = -10;
    double high = 10;
    while (high - low > 1e-9) {
      double middle = (low + high) / 2;
      double t = 1 / (1 + 0.2316419 * Math.abs(middle));
      double tail =
          0.3989422804
              * Math.exp(-middle * middle / 2)
              * t
              * (0.31938153
                  + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
      if ((middle > 0 ? 1 - tail : tail) < uniform) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low;
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void codesStayWhatTheyAreInSignAndZeroWherePruned(long seed) {
    Random random = new Random(seed);
    long[] counts = new long[256];
    double[] masses = new double[256];
    long all = 0;
    for (int i = 1; i < 256; i++) {
      counts[i] = random.nextInt(5) == 0 ? 0 : random.nextInt(100);
      masses[i] = counts[i] * random.nextDouble();
      all += counts[i];
    }
    counts[128] = all;
    masses[128] = all;
    for (int k : new int[] {3, 5, 16, 64}) {
      byte[] map = map(k, counts, masses);
      Set<Byte> used = new HashSet<>();
      for (int i = 1; i < 256; i++) {
        if (counts[i] > 0) {
          used.add(map[i]);
          assertThat(Integer.signum(map[i])).isEqualTo(Integer.signum(i - 128));
        }
      }
      assertThat(used).hasSizeLessThanOrEqualTo(k).contains((byte) 0);
      assertThat(used).hasSizeGreaterThan(k - 2);
    }
  }

  private static byte[] map(int centroids, long[] counts, double[] masses) {
    CodeClusters clusters = new CodeClusters(centroids, 1, false);
    return clusters.maps(new long[][] {counts}, new double[][] {masses})[0];
  }

  @Test
  void fewCodesAreLeftAsTheyAre() {
    long[] counts = new long[256];
    counts[3] = 5;
    counts[128] = 1;
    counts[200] = 9;
    byte[] map = map(3, counts, new double[256]);
    assertThat(map[3]).isEqualTo((byte) -125);
    assertThat(map[200]).isEqualTo((byte) 72);
  }

  /** Runs that lie in pieces, in batches of several, over the border of what is read at once. */
  @ParameterizedTest(name = "{0} groups of [{1}, {2}, {3}] on {4} threads")
  @CsvSource({
    "20, 37, 300, 7, 1",
    "20, 37, 300, 7, 3",
    "3, 900, 100, 1, 2",
    "8, 700, 50, 2, 2",
    "5, 1, 11, 9000, 4",
    "13, 1, 13, 500, 2"
  })
  void runsAreClusteredAsIfAlone(int groups, int outer, int channels, int inner, int threads) {
    Random random = new Random(groups);
    float[] values = new float[outer * channels * inner];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextInt(3) > 0 ? (float) random.nextGaussian() : 0;
    }
    Tensor weight = Tensor.ofFloats(Shape.of(outer, channels, inner), values);
    FloatClusters clusters = new FloatClusters(new KMeans1D(KMeans1D.Start.OPTIMAL, 0), 16, false);
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      ChannelGroups cut = new ChannelGroups(outer, channels, inner, groups);
      float[] found = clusters.cluster("w", weight, cut, scratch, threads).toFloats();
      for (int group = 0; group < groups; group++) {
        Tensor alone = clusters.cluster("w", run(values, cut, group), scratch);
        assertThat(run(found, cut, group).toFloats()).isEqualTo(alone.toFloats());
      }
    }
  }

  /** A run's elements, taken by the index of each alone. */
  private static Tensor run(float[] all, ChannelGroups cut, int group) {
    List<Float> run = new ArrayList<>();
    for (int i = 0; i < all.length; i++) {
      long channel = i / cut.inner() % cut.channels();
      if (channel >= group * cut.channels() / cut.groups()
          && channel < (group + 1) * cut.channels() / cut.groups()) {
        run.add(all[i]);
      }
    }
    float[] values = new float[run.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = run.get(i);
    }
    return Tensor.ofFloats(Shape.of(values.length), values);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4})
  void floatsGoToTheNearestOfTheirCentroids(long seed) {
    Random random = new Random(seed);
    float[] values = new float[5000];
    boolean pruned = seed % 2 == 0;
    for (int i = 0; i < values.length; i++) {
      values[i] = pruned && random.nextInt(3) > 0 ? 0 : (float) random.nextGaussian();
    }
    Tensor weight = Tensor.ofFloats(Shape.of(50, 100), values);
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      FloatClusters clusters =
          new FloatClusters(new KMeans1D(KMeans1D.Start.OPTIMAL, 0), 16, false);
      Tensor clustered = clusters.cluster("w", weight, scratch);
      float[] found = clustered.toFloats();
      List<Float> distinct = new ArrayList<>();
      for (int i = 0; i < found.length; i++) {
        if (!distinct.contains(found[i])) {
          distinct.add(found[i]);
        }
        assertThat(found[i] == 0).isEqualTo(pruned && values[i] == 0);
      }
      assertThat(distinct).hasSize(16);
      for (int i = 0; i < found.length; i++) {
        for (float other : distinct) {
          if (other != 0 || !pruned) {
            assertThat(Math.abs(values[i] - found[i]))
                .as("%s to %s or %s", values[i], found[i], other)
                .isLessThanOrEqualTo(Math.abs(values[i] - other) + 1e-6f);
          }
          if (found[i] == 0) {
            break;
          }
        }
      }
      assertThat(clusters.cluster("w", clustered, scratch)).isSameAs(clustered);
    }
  }

  private static WeightedPoints points(Random random, int n) {
    double[] values = random.doubles(n, -3, 3).sorted().toArray();
    double[] masses = random.doubles(n, 0, 2).toArray();
    return new WeightedPoints(values, masses);
  }

  private static double least(WeightedPoints points, int from, int k) {
    int n = points.size();
    if (k == 1) {
      return cost(points, from, n);
    }
    double least = Double.POSITIVE_INFINITY;
    for (int to = from + 1; to <= n - k + 1; to++) {
      least = Math.min(least, cost(points, from, to) + least(points, to, k - 1));
    }
    return least;
  }

  private static double cost(WeightedPoints points, int from, int to) {
    double mass = 0;
    double sum = 0;
    for (int i = from; i < to; i++) {
      mass += points.mass(i, i + 1);
      sum += points.mass(i, i + 1) * points.point(i);
    }
    double cost = 0;
    for (int i = from; i < to; i++) {
      cost += points.mass(i, i + 1) * Math.pow(points.point(i) - sum / mass, 2);
    }
    return cost;
  }
}
