package dev.compress.prune;

import dev.compress.tensor.FloatReader;
import dev.compress.tensor.Tensor;

/**
 * The scores of a weight in bins that follow the exponent, so that each is within 0.4% of the
 * others in its bin, with the sum of their squares. Read in pieces.
 */
final class ScoreHistogram {
  private static final int PIECE = 1 << 16;

  private final long[] counts = new long[WeightScores.BINS];
  private final double[] squares = new double[WeightScores.BINS];
  private long elements;
  private boolean finite = true;

  /** Given a piece of a weight and its scores. */
  @FunctionalInterface
  interface PieceReader {
    void accept(long from, float[] values, int[] scores, int count);
  }

  /** Reads a weight and its scores in pieces. */
  static void forEachPiece(Tensor weight, WeightScores scores, PieceReader reader) {
    long elements = weight.elementCount();
    float[] values = new float[(int) Math.min(PIECE, elements)];
    int[] bits = new int[values.length];
    FloatReader floats = new FloatReader(weight);
    for (long from = 0; from < elements; from += values.length) {
      int count = (int) Math.min(values.length, elements - from);
      floats.read(from, values, 0, count);
      scores.of(from, values, bits, count);
      reader.accept(from, values, bits, count);
    }
  }

  /** Reads a weight. */
  static ScoreHistogram of(Tensor weight, WeightScores scores) {
    ScoreHistogram histogram = new ScoreHistogram();
    histogram.elements = weight.elementCount();
    forEachPiece(
        weight,
        scores,
        (from, values, bits, count) -> {
          for (int i = 0; i < count; i++) {
            float score = Float.intBitsToFloat(bits[i]);
            histogram.finite &= Math.abs(values[i]) <= Float.MAX_VALUE;
            int bin = bits[i] >>> WeightScores.BIN_SHIFT;
            histogram.counts[bin]++;
            histogram.squares[bin] += (double) score * score;
          }
        });
    return histogram;
  }

  long elements() {
    return elements;
  }

  /** Whether no element is NaN or infinite. */
  boolean isFinite() {
    return finite;
  }

  long count(int bin) {
    return counts[bin];
  }

  double squares(int bin) {
    return squares[bin];
  }

  /** The share of the sum of squares that the lowest scores make. */
  double shareOfLowest(long lowest) {
    double total = squaresOfLowest(elements);
    return total > 0 ? squaresOfLowest(lowest) / total : 0;
  }

  /** The sum of the squares of the lowest scores. */
  double squaresOfLowest(long lowest) {
    double low = 0;
    long left = lowest;
    for (int bin = 0; bin < counts.length && left > 0; bin++) {
      if (counts[bin] > 0) {
        low += squares[bin] * Math.min(1, (double) left / counts[bin]);
        left -= counts[bin];
      }
    }
    return low;
  }

  /**
   * Exactly where the lowest scores end.
   *
   * @param below scores under this are among them
   * @param ties and so many of those that equal it, in order
   */
  record Threshold(int below, long ties) {}

  /**
   * Finds the score under which exactly so many elements lie.
   *
   * @param lowest how many
   */
  Threshold threshold(Tensor weight, WeightScores scores, long lowest) {
    int bin = 0;
    long under = 0;
    while (bin < counts.length - 1 && under + counts[bin] <= lowest) {
      under += counts[bin++];
    }
    int found = bin;
    long[] fine = new long[1 << WeightScores.BIN_SHIFT];
    forEachPiece(
        weight,
        scores,
        (from, values, bits, count) -> {
          for (int i = 0; i < count; i++) {
            if (bits[i] >>> WeightScores.BIN_SHIFT == found) {
              fine[bits[i] & (fine.length - 1)]++;
            }
          }
        });
    int at = 0;
    while (at < fine.length - 1 && under + fine[at] <= lowest) {
      under += fine[at++];
    }
    return new Threshold((found << WeightScores.BIN_SHIFT) + at, lowest - under);
  }
}
