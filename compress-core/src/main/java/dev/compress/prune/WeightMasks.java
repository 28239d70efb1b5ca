package dev.compress.prune;

import dev.compress.tensor.ElementType;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Sets the weights of the lowest scores to zero. */
final class WeightMasks {
  private static final int GROUP = 4;

  private WeightMasks() {}

  /**
   * Prunes any weights, exactly as many as asked for: of equal scores the first go.
   *
   * @param histogram of the scores
   * @param lowest how many
   */
  static Tensor unstructured(
      Tensor weight, WeightScores scores, ScoreHistogram histogram, long lowest, Scratch scratch) {
    if (lowest <= 0) {
      return weight;
    }
    ScoreHistogram.Threshold threshold = histogram.threshold(weight, scores, lowest);
    long[] ties = {threshold.ties()};
    Writer writer = new Writer(weight, scratch);
    ScoreHistogram.forEachPiece(
        weight,
        scores,
        (from, values, bits, count) -> {
          for (int i = 0; i < count; i++) {
            boolean tie = bits[i] == threshold.below() && ties[0]-- > 0;
            if (tie || bits[i] < threshold.below()) {
              values[i] = 0;
            }
          }
          writer.write(values, count);
        });
    return writer.end();
  }

  /**
   * Prunes two of every four neighbours along the inputs; of equal scores the first go.
   *
   * @param inputs how many inputs an output has, a multiple of four
   * @param inner distance of two inputs in the weight
   */
  static Tensor twoOfFour(
      Tensor weight, WeightScores scores, int inputs, int inner, Scratch scratch) {
    float[] values = weight.toFloats();
    int[] bits = new int[values.length];
    scores.of(0, values, bits, values.length);
    int block = inputs * inner;
    for (int first = 0; first < values.length; first += block) {
      for (int in = 0; in < inputs; in += GROUP) {
        for (int i = 0; i < inner; i++) {
          pruneTwo(values, bits, first + in * inner + i, inner);
        }
      }
    }
    Writer writer = new Writer(weight, scratch);
    writer.write(values, values.length);
    return writer.end();
  }

  private static void pruneTwo(float[] values, int[] bits, int at, int step) {
    for (int pruned = 0; pruned < GROUP / 2; pruned++) {
      int least = -1;
      for (int i = 0; i < GROUP; i++) {
        int index = at + i * step;
        if (bits[index] >= 0 && (least < 0 || bits[index] < bits[least])) {
          least = index;
        }
      }
      values[least] = 0;
      bits[least] = -1;
    }
  }

  /** Writes a float weight piece by piece. */
  private static final class Writer {
    private final Tensor like;
    private final Scratch.Region region;
    private long position;

    Writer(Tensor like, Scratch scratch) {
      this.like = like;
      this.region = scratch.reserve(like.elementCount() * Float.BYTES);
    }

    void write(float[] values, int count) {
      ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(values, 0, count);
      region.write(position, bytes);
      position += (long) count * Float.BYTES;
    }

    Tensor end() {
      return new Tensor(ElementType.FLOAT, like.shape(), region.source());
    }
  }
}
