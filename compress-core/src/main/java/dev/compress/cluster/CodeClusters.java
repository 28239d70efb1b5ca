package dev.compress.cluster;

import dev.compress.quantize.CodeMap;
import java.util.Arrays;

/**
 * Leaves the int8 codes of a weight at most {@code centroids} distinct ones, by the least squared
 * error, which is exact: there are 255 points. Scales of channels are outside, so that a weight has
 * that many codes and not as many for each channel; groups of output channels may have codes of
 * their own. Where a weight has been pruned, zero is one of them and nothing else becomes zero.
 *
 * @param centroids 2 to 256 a group
 * @param groups how many runs of output channels have codes of their own
 * @param keepingZeros whether zeros stay zero however few they are: a mask
 */
public record CodeClusters(int centroids, int groups, boolean keepingZeros) implements CodeMap {
  /** Under this share zeros are values like others. */
  static final double PRUNED_SHARE = 0.1;

  private static final int LOWEST = -128;

  /** Checks the numbers. */
  public CodeClusters {
    if (centroids < 2 || centroids > 256) {
      throw new IllegalArgumentException("--cluster takes 2 to 256, not " + centroids);
    }
    if (groups < 1) {
      throw new IllegalArgumentException("--cluster-groups takes 1 or more, not " + groups);
    }
  }

  @Override
  public int most() {
    return centroids;
  }

  /** Whether the weight has been pruned is asked of all groups together. */
  @Override
  public byte[][] maps(long[][] counts, double[][] masses) {
    long all = 0;
    long zeros = 0;
    for (long[] group : counts) {
      all += Arrays.stream(group).sum();
      zeros += group[-LOWEST];
    }
    boolean pruned = (keepingZeros && zeros > 0) || zeros >= PRUNED_SHARE * all;
    byte[][] maps = new byte[counts.length][];
    for (int group = 0; group < maps.length; group++) {
      maps[group] = map(counts[group], masses[group], pruned && counts[group][-LOWEST] > 0);
    }
    return maps;
  }

  private byte[] map(long[] counts, double[] masses, boolean pruned) {
    byte[] map = new byte[256];
    for (int i = 0; i < 256; i++) {
      map[i] = (byte) (i + LOWEST);
    }
    if (Arrays.stream(counts).filter(count -> count > 0).count() <= centroids) {
      return map;
    }
    if (!pruned) {
      Codes codes = Codes.of(counts, masses, 0, 256);
      OptimalClusters clusters = new OptimalClusters(codes.points, centroids);
      codes.join(clusters, clusters.most(), map);
      return map;
    }
    Codes below = Codes.of(counts, masses, 0, -LOWEST);
    Codes above = Codes.of(counts, masses, -LOWEST + 1, 256);
    join(below, above, map);
    return map;
  }

  /** Divides the centroids between negative and positive codes in the best way. */
  private void join(Codes below, Codes above, byte[] map) {
    int others = centroids - 1;
    if (below.size() == 0 || above.size() == 0 || others == 1) {
      // With a single one besides zero, codes of the other sign are nearer to zero than to that.
      Codes heavy = below.mass() > above.mass() ? below : above;
      Codes light = heavy == below ? above : below;
      OptimalClusters clusters = new OptimalClusters(heavy.points, others);
      heavy.join(clusters, clusters.most(), map);
      light.set(map, (byte) 0);
      return;
    }
    OptimalClusters negative = new OptimalClusters(below.points, others - 1);
    OptimalClusters positive = new OptimalClusters(above.points, others - 1);
    int best = 1;
    double least = Double.POSITIVE_INFINITY;
    for (int k = 1; k <= Math.min(others - 1, negative.most()); k++) {
      double cost = negative.cost(k) + positive.cost(Math.min(others - k, positive.most()));
      if (cost < least) {
        least = cost;
        best = k;
      }
    }
    below.join(negative, best, map);
    above.join(positive, Math.min(others - best, positive.most()), map);
  }

  /** Codes that occur. */
  @SuppressWarnings("ArrayRecordComponent") // private, made once and only read
  private record Codes(int[] indices, WeightedPoints points) {
    static Codes of(long[] counts, double[] masses, int from, int to) {
      int[] indices = new int[to - from];
      int n = 0;
      for (int i = from; i < to; i++) {
        if (counts[i] > 0) {
          indices[n++] = i;
        }
      }
      double[] points = new double[n];
      double[] mass = new double[n];
      for (int i = 0; i < n; i++) {
        points[i] = indices[i] + LOWEST;
        mass[i] = masses[indices[i]];
      }
      return new Codes(Arrays.copyOf(indices, n), new WeightedPoints(points, mass));
    }

    int size() {
      return indices.length;
    }

    double mass() {
      return points.mass(0, points.size());
    }

    void set(byte[] map, byte code) {
      for (int index : indices) {
        map[index] = code;
      }
    }

    /** The best code of a run is the one next to its mean; runs do not overlap, nor do those. */
    void join(OptimalClusters clusters, int k, byte[] map) {
      int[] bounds = clusters.bounds(k);
      for (int cluster = 0; cluster < k; cluster++) {
        byte code = (byte) Math.rint(points.mean(bounds[cluster], bounds[cluster + 1]));
        for (int i = bounds[cluster]; i < bounds[cluster + 1]; i++) {
          map[indices[i]] = code;
        }
      }
    }
  }
}
