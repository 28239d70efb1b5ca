package dev.compress.quantize;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Finds scale, zero point and 4-bit codes of blocks of weights that lie side by side, one block a
 * column. Keeps its buffers: one a thread, used for strip after strip.
 *
 * <p>Without search: {@code scale = max(largest / 7, -smallest / 8)} for INT4, {@code (largest -
 * smallest) / 15} with a rounded zero point for UINT4. With search, wider and narrower ranges are
 * tried as well; for each, codes are rounded, the scale is set to the least-squares optimum for
 * these codes, {@code sum(w x q) / sum(w q^2)} with {@code q} the code less the zero point, codes
 * are rounded once more, and the smallest error {@code sum(w (x - s q)^2)} wins.
 *
 * <p>All columns go through the same candidates together: the loops run over columns, with all
 * arrays indexed alike, so that the compiler makes vector code of them.
 */
final class BlockStrip {
  private static final float MAGIC = 0x1.8p23f; // rounds, as in RoundingKernel

  private final QuantizedType type;
  private final boolean search;
  private final int width;
  private final float[][] rows;
  private final float[] importance;
  private final float[] smallest;
  private final float[] largest;
  private final float[] scale; // of the candidate
  private final float[] low; // codes less the zero point lie from here
  private final float[] high; // to here
  private final float[] steps;
  private final float[] error;
  private final float[] product;
  private final float[] square;
  private final float[] bestScale;
  private final float[] bestLow;
  private final float[] bestError;
  private int height;
  private int columns;

  BlockStrip(int blockSize, int width, boolean symmetric, boolean search) {
    this.type = symmetric ? QuantizedType.INT4 : QuantizedType.UINT4;
    this.search = search;
    this.width = width;
    this.rows = new float[blockSize][width];
    this.importance = new float[blockSize];
    this.smallest = new float[width];
    this.largest = new float[width];
    this.scale = new float[width];
    this.low = new float[width];
    this.high = new float[width];
    this.steps = new float[width];
    this.error = new float[width];
    this.product = new float[width];
    this.square = new float[width];
    this.bestScale = new float[width];
    this.bestLow = new float[width];
    this.bestError = new float[width];
  }

  float scale(int column) {
    return bestScale[column];
  }

  int zeroPoint(int column) {
    return type.min() - (int) bestLow[column];
  }

  /**
   * Fits blocks.
   *
   * @param weights where they are
   * @param from the first element of the first block
   * @param stride the distance of two elements of a block; blocks are neighbours
   * @param count elements of a block, at most the block size
   * @param blocks how many, at most the width
   */
  void fit(float[] weights, int from, int stride, int count, int blocks) {
    fit(weights, from, stride, count, blocks, null, 0);
  }

  /**
   * Fits blocks with weighted errors.
   *
   * @param weightOf the importance of element i is {@code weightOf[firstWeight + i]}; null: all
   *     equal
   */
  void fit(
      float[] weights,
      int from,
      int stride,
      int count,
      int blocks,
      double @Nullable [] weightOf,
      int firstWeight) {
    Objects.checkIndex(count - 1, rows.length);
    Objects.checkIndex(blocks - 1, width);
    height = count;
    columns = blocks;
    Arrays.fill(smallest, 0, blocks, 0f);
    Arrays.fill(largest, 0, blocks, 0f);
    for (int k = 0; k < count; k++) {
      System.arraycopy(weights, from + k * stride, rows[k], 0, blocks);
      importance[k] = weightOf == null ? 1f : (float) weightOf[firstWeight + k];
      widen(rows[k], smallest, largest, blocks);
    }
    for (int c = 0; c < blocks; c++) {
      if (!(largest[c] - smallest[c] <= Float.MAX_VALUE)) {
        throw new IllegalArgumentException("A block of weights holds NaN or an infinity");
      }
    }
    Arrays.fill(bestError, 0, blocks, Float.POSITIVE_INFINITY);
    if (type == QuantizedType.INT4) {
      fitSymmetric();
    } else {
      fitAsymmetric();
    }
  }

  private static void widen(float[] row, float[] smallest, float[] largest, int count) {
    for (int c = 0; c < count; c++) {
      smallest[c] = Math.min(smallest[c], row[c]);
      largest[c] = Math.max(largest[c], row[c]);
    }
  }

  private void fitSymmetric() {
    Arrays.fill(low, 0, columns, type.min());
    Arrays.fill(high, 0, columns, type.max());
    int candidates = search ? 17 : 1;
    for (int i = 0; i < candidates; i++) {
      // The first is the plain one; then from 1.3 of it down to 0.55.
      float share = i == 0 ? 1f : 1.35f - 0.05f * i;
      for (int c = 0; c < columns; c++) {
        scale[c] = stored(share * Math.max(largest[c] / 7, -smallest[c] / 8));
      }
      consider(i > 0);
    }
  }

  private void fitAsymmetric() {
    int candidates = search ? 12 : 1;
    for (int i = 0; i < candidates; i++) {
      // The first is the plain one; then from 1.2 of it down to 0.6.
      float share = i == 0 ? 1f : 1.26f - 0.06f * i;
      for (int offset = i == 0 ? 0 : -1; offset <= (i == 0 ? 0 : 1); offset++) {
        for (int c = 0; c < columns; c++) {
          float full = stored((largest[c] - smallest[c]) / 15);
          scale[c] = stored(share * full);
          // The codes are centred on the range, and tried one place to either side.
          float zero =
              i == 0
                  ? -smallest[c] / full
                  : (15 - (largest[c] + smallest[c]) / scale[c]) / 2 + offset;
          low[c] = -(float) Math.rint(Math.max(0, Math.min(15, zero)));
          high[c] = low[c] + 15;
        }
        consider(i > 0);
      }
    }
  }

  private static float stored(float candidate) {
    return Math.max(candidate, AffineParameters.MIN_SCALE);
  }

  /** Tries the scales as they are, and, if asked to, the optima of the codes that they give. */
  private void consider(boolean refine) {
    evaluate();
    keepBetter();
    if (refine) {
      for (int c = 0; c < columns; c++) {
        float optimum = product[c] / square[c];
        scale[c] = optimum > 0 && optimum <= Float.MAX_VALUE ? stored(optimum) : scale[c];
      }
      evaluate();
      keepBetter();
    }
  }

  private void evaluate() {
    Arrays.fill(error, 0, columns, 0f);
    Arrays.fill(product, 0, columns, 0f);
    Arrays.fill(square, 0, columns, 0f);
    for (int k = 0; k < height; k++) {
      round(rows[k], scale, low, high, steps, columns);
      addErrors(rows[k], scale, steps, importance[k], error, columns);
      addProducts(rows[k], steps, importance[k], product, square, columns);
    }
  }

  private static void round(
      float[] row, float[] scale, float[] low, float[] high, float[] steps, int count) {
    for (int c = 0; c < count; c++) {
      steps[c] = (Math.min(Math.max(row[c] / scale[c], low[c]), high[c]) + MAGIC) - MAGIC;
    }
  }

  private static void addErrors(
      float[] row, float[] scale, float[] steps, float weight, float[] error, int count) {
    for (int c = 0; c < count; c++) {
      float off = row[c] - steps[c] * scale[c];
      error[c] += weight * off * off;
    }
  }

  private static void addProducts(
      float[] row, float[] steps, float weight, float[] product, float[] square, int count) {
    for (int c = 0; c < count; c++) {
      float weighted = weight * steps[c];
      product[c] += weighted * row[c];
      square[c] += weighted * steps[c];
    }
  }

  private void keepBetter() {
    for (int c = 0; c < columns; c++) {
      if (error[c] < bestError[c]) {
        bestError[c] = error[c];
        bestScale[c] = scale[c];
        bestLow[c] = low[c];
      }
    }
  }

  /**
   * Writes the codes of the best candidates.
   *
   * @param codes where to, one a byte
   * @param at the first code of the first block
   * @param stride the distance of two codes of a block
   * @return the sum of the weighted squared errors, in double
   */
  double write(byte[] codes, int at, int stride) {
    double sum = 0;
    for (int c = 0; c < columns; c++) {
      high[c] = bestLow[c] + type.max() - type.min();
    }
    for (int k = 0; k < height; k++) {
      round(rows[k], bestScale, bestLow, high, steps, columns);
      for (int c = 0; c < columns; c++) {
        codes[at + k * stride + c] = (byte) (steps[c] + zeroPoint(c));
        double off = rows[k][c] - (double) steps[c] * bestScale[c];
        sum += importance[k] * off * off;
      }
    }
    return sum;
  }
}
