package dev.compress.cluster;

import dev.compress.error.InvalidModelException;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatReader;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Leaves a float weight few distinct values: k-means over a histogram of {@value #BINS} bins whose
 * points are the bins' means, then the means of the weights themselves, and each weight at its
 * nearest. Read in pieces; a weight is never in memory whole. Where a weight has been pruned, zero
 * is one of the values and only zeros have it.
 *
 * @param kMeans how centroids are found
 * @param centroids the most distinct values
 * @param keepingZeros whether zeros stay zero however few they are
 * @param zerosCount whether they stay where they are many
 */
record FloatClusters(KMeans1D kMeans, int centroids, boolean keepingZeros, boolean zerosCount) {
  /** Many zeros stay too. */
  FloatClusters(KMeans1D kMeans, int centroids, boolean keepingZeros) {
    this(kMeans, centroids, keepingZeros, true);
  }

  private static final int BINS = 1 << 16;
  private static final int PIECE = 1 << 16;

  /** Given one piece of a weight. */
  @FunctionalInterface
  private interface PieceWork {
    void accept(float[] values, int count);
  }

  /**
   * Clusters.
   *
   * @param name for messages
   * @param weight float elements
   * @return the same elements, each the nearest of at most {@code centroids} values; the instance
   *     that was given where there are no more already
   * @throws InvalidModelException if an element is NaN or infinite
   */
  Tensor cluster(String name, Tensor weight, Scratch scratch) {
    Range range = new Range();
    forEachPiece(weight, range::add);
    if (!range.finite) {
      throw InvalidModelException.notFinite(name);
    }
    boolean pruned = isPruned(range.zeros, weight.elementCount());
    int others = pruned ? centroids - 1 : centroids;
    if (range.distinct() <= centroids || range.zeros == weight.elementCount()) {
      return weight;
    }
    Histogram histogram = new Histogram(range.low, range.high, pruned);
    forEachPiece(weight, histogram::add);
    double[] found = kMeans.centroids(histogram.points(), others);
    float[] means = means(weight, found, histogram, pruned);
    return assigned(weight, means, histogram, pruned, scratch);
  }

  /** The same, where zeros are a mask if so many of this weight's elements are zero. */
  FloatClusters keepingZerosOf(Tensor weight) {
    long[] zeros = new long[1];
    forEachPiece(
        weight,
        (values, count) -> {
          for (int i = 0; i < count; i++) {
            zeros[0] += values[i] == 0 ? 1 : 0;
          }
        });
    boolean pruned = zeros[0] >= CodeClusters.PRUNED_SHARE * weight.elementCount();
    return new FloatClusters(kMeans, centroids, keepingZeros || pruned, false);
  }

  private boolean isPruned(long zeros, long elements) {
    return (keepingZeros && zeros > 0)
        || (zerosCount && zeros >= CodeClusters.PRUNED_SHARE * elements);
  }

  private static void forEachPiece(Tensor weight, PieceWork work) {
    float[] values = new float[(int) Math.min(PIECE, weight.elementCount())];
    FloatReader reader = new FloatReader(weight);
    for (long from = 0; from < weight.elementCount(); from += values.length) {
      int count = (int) Math.min(values.length, weight.elementCount() - from);
      reader.read(from, values, 0, count);
      work.accept(values, count);
    }
  }

  /** What the first reading finds. */
  private final class Range {
    private float low = Float.POSITIVE_INFINITY;
    private float high = Float.NEGATIVE_INFINITY;
    private long zeros;
    private boolean finite = true;
    private final float[] seen = new float[centroids + 1];
    private int count;

    void add(float[] values, int n) {
      for (int i = 0; i < n; i++) {
        float value = values[i];
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

    /** Of those up to one more than the limit. */
    int distinct() {
      return count;
    }
  }

  /** Bins of one width, each with the number and the sum of its values. */
  private static final class Histogram {
    private final float low;
    private final double perBin;
    private final boolean withoutZeros;
    private final long[] counts = new long[BINS];
    private final double[] sums = new double[BINS];

    Histogram(float low, float high, boolean withoutZeros) {
      this.low = low;
      this.perBin = BINS / ((double) high - low);
      this.withoutZeros = withoutZeros;
    }

    int bin(float value) {
      return Math.min(BINS - 1, (int) (((double) value - low) * perBin));
    }

    void add(float[] values, int n) {
      for (int i = 0; i < n; i++) {
        float value = values[i];
        if (value != 0 || !withoutZeros) {
          int bin = bin(value);
          counts[bin]++;
          sums[bin] += value;
        }
      }
    }

    WeightedPoints points() {
      double[] points = new double[BINS];
      double[] masses = new double[BINS];
      int n = 0;
      for (int bin = 0; bin < BINS; bin++) {
        if (counts[bin] > 0) {
          // Rounding must not put a mean before the one of the bin before.
          double mean = sums[bin] / counts[bin];
          points[n] = n == 0 ? mean : Math.max(mean, points[n - 1]);
          masses[n++] = counts[bin];
        }
      }
      return new WeightedPoints(Arrays.copyOf(points, n), Arrays.copyOf(masses, n));
    }
  }

  /** Finds the nearest of ascending values: from the first that its bin could have, upwards. */
  private static final class Nearest {
    private final double[] borders;
    private final int[] first = new int[BINS];
    private final Histogram histogram;

    Nearest(double[] values, Histogram histogram) {
      this.histogram = histogram;
      this.borders = new double[values.length];
      for (int c = 0; c + 1 < values.length; c++) {
        borders[c] = (values[c] + values[c + 1]) / 2;
      }
      borders[values.length - 1] = Double.POSITIVE_INFINITY;
      for (int bin = 0, c = 0; bin < BINS; bin++) {
        double left = histogram.low + (bin - 1) / histogram.perBin; // a bin earlier: rounding
        while (borders[c] < left) {
          c++;
        }
        first[bin] = c;
      }
    }

    int of(float value) {
      int c = first[histogram.bin(value)];
      while (value > borders[c]) {
        c++;
      }
      return c;
    }
  }

  private static float[] means(
      Tensor weight, double[] found, Histogram histogram, boolean withoutZeros) {
    Nearest nearest = new Nearest(found, histogram);
    double[] sums = new double[found.length];
    long[] counts = new long[found.length];
    forEachPiece(
        weight,
        (values, n) -> {
          for (int i = 0; i < n; i++) {
            float value = values[i];
            if (value != 0 || !withoutZeros) {
              int c = nearest.of(value);
              sums[c] += value;
              counts[c]++;
            }
          }
        });
    float[] means = new float[found.length];
    int n = 0;
    for (int c = 0; c < found.length; c++) {
      if (counts[c] > 0) {
        means[n++] = (float) (sums[c] / counts[c]);
      }
    }
    return Arrays.copyOf(means, n);
  }

  private static Tensor assigned(
      Tensor weight, float[] means, Histogram histogram, boolean withoutZeros, Scratch scratch) {
    double[] wide = new double[means.length];
    for (int c = 0; c < wide.length; c++) {
      wide[c] = means[c];
    }
    Nearest nearest = new Nearest(wide, histogram);
    Scratch.Region region = scratch.reserve(weight.elementCount() * Float.BYTES);
    ByteBuffer bytes = ByteBuffer.allocate(PIECE * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    long[] position = new long[1];
    forEachPiece(
        weight,
        (values, n) -> {
          bytes.clear();
          for (int i = 0; i < n; i++) {
            float value = values[i];
            bytes.putFloat(value == 0 && withoutZeros ? 0f : means[nearest.of(value)]);
          }
          region.write(position[0], bytes.flip());
          position[0] += (long) n * Float.BYTES;
        });
    return new Tensor(ElementType.FLOAT, weight.shape(), region.source());
  }
}
