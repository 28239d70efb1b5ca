package dev.compress.cluster;

import dev.compress.error.InvalidModelException;
import dev.compress.parallel.ParallelLoop;
import dev.compress.tensor.ChannelGroups;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Tensor;
import java.util.Arrays;

/**
 * Leaves a float weight few distinct values: k-means over a histogram of 65,536 bins whose points
 * are the bins' means, then the means of the weights themselves, and each weight at its nearest.
 * Runs of channels have values of their own. Read in pieces; a weight is never in memory whole.
 * Where a weight has been pruned, zero is one of the values and only zeros have it.
 *
 * @param kMeans how centroids are found
 * @param centroids the most distinct values of a run
 * @param keepingZeros whether zeros stay zero however few they are; many stay in any case
 */
record FloatClusters(KMeans1D kMeans, int centroids, boolean keepingZeros) {
  /**
   * Clusters all of a weight as one run.
   *
   * @param name for messages
   * @param weight float elements
   * @return the same elements, each the nearest of at most {@code centroids} values; the instance
   *     that was given where there are no more already
   * @throws InvalidModelException if an element is NaN or infinite
   */
  Tensor cluster(String name, Tensor weight, Scratch scratch) {
    return cluster(name, weight, whole(weight), scratch, 1);
  }

  private static ChannelGroups whole(Tensor weight) {
    return new ChannelGroups(1, 1, weight.elementCount(), 1);
  }

  /**
   * Clusters each run of channels.
   *
   * @param name for messages
   * @param weight float elements
   * @param cut runs of its channels; zeros are kept in all of them or in none
   * @return the instance that was given where nothing changes
   * @throws InvalidModelException if an element is NaN or infinite
   */
  Tensor cluster(String name, Tensor weight, ChannelGroups cut, Scratch scratch, int threads) {
    ChannelGroups groups = cut.groups() == 1 ? whole(weight) : cut;
    int batch = RunElements.size(groups, threads);
    int batches = (groups.groups() + batch - 1) / batch;
    Range[] ranges = new Range[groups.groups()];
    Arrays.setAll(ranges, group -> new Range());
    ParallelLoop.run(
        batches,
        threads,
        i ->
            RunElements.of(weight, groups, i, batch)
                .forEachRun((g, v, a, b) -> ranges[g].add(v, a, b)));
    long zeros = 0;
    boolean many = false;
    for (Range range : ranges) {
      if (!range.finite) {
        throw InvalidModelException.notFinite(name);
      }
      zeros += range.zeros;
      many |= range.isMore();
    }
    if (!many) {
      return weight;
    }
    boolean mask = keepingZeros || zeros >= CodeClusters.PRUNED_SHARE * weight.elementCount();
    Scratch.Region region = scratch.reserve(weight.elementCount() * Float.BYTES);
    ParallelLoop.run(
        batches,
        threads,
        i -> assign(RunElements.of(weight, groups, i, batch), ranges, mask, region));
    return new Tensor(ElementType.FLOAT, weight.shape(), region.source());
  }

  /** Finds the values of some runs and writes their elements. */
  private void assign(RunElements batch, Range[] ranges, boolean mask, Scratch.Region region) {
    RunClusters[] runs = new RunClusters[batch.count()];
    for (int r = 0; r < runs.length; r++) {
      runs[r] = runOf(ranges[batch.first() + r], mask);
    }
    batch.forEachRun((g, v, a, b) -> runs[g - batch.first()].count(v, a, b));
    for (RunClusters run : runs) {
      run.place(kMeans);
    }
    batch.forEachRun((g, v, a, b) -> runs[g - batch.first()].sum(v, a, b));
    for (RunClusters run : runs) {
      run.settle();
    }
    batch.rewrite((g, v, a, b) -> runs[g - batch.first()].assign(v, a, b), region);
  }

  private RunClusters runOf(Range range, boolean mask) {
    boolean pruned = mask && range.zeros > 0;
    return range.isMore()
        ? new RunClusters(range.low, range.high, pruned, pruned ? centroids - 1 : centroids)
        : RunClusters.UNCHANGED;
  }

  /** What the first reading finds. */
  final class Range {
    private float low = Float.POSITIVE_INFINITY;
    private float high = Float.NEGATIVE_INFINITY;
    private long elements;
    private long zeros;
    private boolean finite = true;
    private final float[] seen = new float[centroids + 1];
    private int count;

    void add(float[] values, int from, int to) {
      for (int i = from; i < to; i++) {
        float value = values[i];
        elements++;
        finite &= Math.abs(value) <= Float.MAX_VALUE;
        zeros += value == 0 ? 1 : 0;
        low = Math.min(low, value);
        high = Math.max(high, value);
        if (count <= centroids) {
          note(value);
        }
      }
    }

    private void note(float value) {
      for (int i = 0; i < count; i++) {
        if (seen[i] == value) {
          return;
        }
      }
      seen[count++] = value;
    }

    /** Whether there are more values than there may be. */
    boolean isMore() {
      return count > centroids && zeros < elements;
    }
  }
}
