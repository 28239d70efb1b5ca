package dev.compress.quantize;

/**
 * The values that quantized weights can take: {@code (code - zeroPoint) * scale}, with scale and
 * zero point of the block that the weight lies in. Rows are output channels; a row is one block or
 * several. Immutable.
 */
public final class RoundingGrid {
  private final int rows;
  private final int length;
  private final int blockSize;
  private final int blocksPerRow;
  private final float[] scales;
  private final byte[] zeroPoints;
  private final int min;
  private final int max;

  private RoundingGrid(
      int rows, int length, int blockSize, float[] scales, byte[] zeroPoints, int min, int max) {
    this.rows = rows;
    this.length = length;
    this.blockSize = blockSize;
    this.blocksPerRow = (length + blockSize - 1) / blockSize;
    this.scales = scales.clone();
    this.zeroPoints = zeroPoints.clone();
    this.min = min;
    this.max = max;
    if (scales.length != rows * blocksPerRow
        || (zeroPoints.length != 0 && zeroPoints.length != scales.length)) {
      throw new IllegalArgumentException(
          scales.length
              + " scales and "
              + zeroPoints.length
              + " zero points for "
              + rows
              + " rows of "
              + blocksPerRow
              + " blocks");
    }
    for (float scale : scales) {
      if (!(scale > 0 && scale <= Float.MAX_VALUE)) {
        throw new IllegalArgumentException("A scale is positive and finite, not " + scale);
      }
    }
  }

  /**
   * One symmetric scale a row.
   *
   * @param length of a row
   * @param scales one a row
   * @param limit the outermost code, such as 127
   */
  public static RoundingGrid perRow(int length, float[] scales, int limit) {
    return new RoundingGrid(scales.length, length, length, scales, new byte[0], -limit, limit);
  }

  /**
   * Four bits in blocks.
   *
   * @param rows how many rows
   * @param length of a row
   * @param blockSize weights of a block; the last of a row may be shorter
   * @param scales one a block, row after row
   * @param zeroPoints one a block (codes 0 to 15), or empty (codes -8 to 7)
   */
  public static RoundingGrid blocks(
      int rows, int length, int blockSize, float[] scales, byte[] zeroPoints) {
    QuantizedType type = zeroPoints.length == 0 ? QuantizedType.INT4 : QuantizedType.UINT4;
    return new RoundingGrid(rows, length, blockSize, scales, zeroPoints, type.min(), type.max());
  }

  /** The number of rows. */
  public int rows() {
    return rows;
  }

  /** The length of a row. */
  public int length() {
    return length;
  }

  double scale(int row, int column) {
    return scales[row * blocksPerRow + column / blockSize];
  }

  private int zeroPoint(int row, int column) {
    return zeroPoints.length == 0 ? 0 : zeroPoints[row * blocksPerRow + column / blockSize];
  }

  /** The smallest multiple of the scale. */
  int lowest(int row, int column) {
    return min - zeroPoint(row, column);
  }

  /** The largest multiple of the scale. */
  int highest(int row, int column) {
    return max - zeroPoint(row, column);
  }

  /** The code of a multiple of the scale. */
  byte code(int row, int column, int multiple) {
    return (byte) (multiple + zeroPoint(row, column));
  }
}
