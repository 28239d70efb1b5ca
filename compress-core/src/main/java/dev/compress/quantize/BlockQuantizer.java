package dev.compress.quantize;

import dev.compress.parallel.ParallelLoop;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatReader;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Quantizes a matrix of weights {@code [inputs, outputs]} to 4 bits: every block of neighbouring
 * inputs of one output has its own scale, and, unless symmetric, zero point. This is the form that
 * ONNX Runtime makes MatMulNBits of (DequantizeLinear with {@code axis} 0 and {@code block_size}).
 * The last block is shorter where the inputs do not divide. The matrix is read in pieces.
 *
 * @param blockSize 16, 32, 64, 128 or 256 inputs
 * @param symmetric INT4 without zero point, else UINT4 with one
 * @param search whether to search for the least squared error of each block
 * @param threads how many threads to use, at least 1; the result does not depend on it
 */
public record BlockQuantizer(int blockSize, boolean symmetric, boolean search, int threads) {
  private static final int PIECE = 1 << 18;

  /** Columns that are fitted together. */
  private static final int STRIP = 256;

  /** Checks the settings. */
  public BlockQuantizer {
    if (blockSize < 16 || blockSize > 256 || Integer.bitCount(blockSize) != 1 || threads < 1) {
      throw new IllegalArgumentException(
          "A block has 16, 32, 64, 128 or 256 inputs, not " + blockSize + "; threads " + threads);
    }
  }

  /**
   * A quantized matrix.
   *
   * @param codes INT4 or UINT4, of the matrix' shape, two a byte
   * @param scales float, {@code [blocks, outputs]}
   * @param zeroPoints UINT4, {@code [blocks, outputs]}; empty if symmetric
   * @param squaredError the sum of the squared errors, weighted by importance
   */
  public record Result(
      Tensor codes, Tensor scales, Optional<Tensor> zeroPoints, double squaredError) {}

  /**
   * Quantizes a matrix.
   *
   * @param matrix floating point, {@code [inputs, outputs]}
   * @param importance how much the error of each input counts, such as E[x^2]; null: all the same
   * @param scratch where the result goes
   * @throws IllegalArgumentException if the matrix holds NaN or an infinity
   */
  public Result quantize(Tensor matrix, double @Nullable [] importance, Scratch scratch) {
    if (matrix.shape().rank() != 2) {
      throw new IllegalArgumentException("Not a matrix: " + matrix.shape());
    }
    int inputs = Math.toIntExact(matrix.shape().dim(0));
    int outputs = Math.toIntExact(matrix.shape().dim(1));
    if (importance != null && importance.length != inputs) {
      throw new IllegalArgumentException(
          importance.length + " weights of importance for " + inputs + " inputs");
    }
    int blocks = (inputs + blockSize - 1) / blockSize;
    Target target = new Target(matrix, importance, blocks, scratch);
    // A piece is some rows of blocks; block rows are contiguous and even in number of codes.
    int rowsOfBlocks = Math.max(1, PIECE / Math.max(1, blockSize * outputs));
    int pieces = (blocks + rowsOfBlocks - 1) / rowsOfBlocks;
    ParallelLoop.run(
        pieces,
        threads,
        piece -> {
          int first = piece * rowsOfBlocks;
          return target.quantize(first, Math.min(first + rowsOfBlocks, blocks));
        },
        target::add);
    return target.result();
  }

  /** The result while it is made. */
  private final class Target {
    private final Tensor matrix;
    private final double @Nullable [] importance;
    private final int inputs;
    private final int outputs;
    private final Shape blockShape;
    private final Scratch.Region codes;
    private final float[] scales;
    private final byte[] zeroPoints;
    private final Scratch scratch;
    private double squaredError;

    Target(Tensor matrix, double @Nullable [] importance, int blocks, Scratch scratch) {
      this.matrix = matrix;
      this.importance = importance;
      this.inputs = (int) matrix.shape().dim(0);
      this.outputs = (int) matrix.shape().dim(1);
      this.blockShape = Shape.of(blocks, outputs);
      this.codes = scratch.reserve(Nibbles.packedSize(matrix.elementCount()));
      this.scales = new float[Math.multiplyExact(blocks, outputs)];
      this.zeroPoints = new byte[scales.length];
      this.scratch = scratch;
    }

    double quantize(int firstBlock, int endBlock) {
      int firstRow = firstBlock * blockSize;
      int endRow = Math.min(endBlock * blockSize, inputs);
      long position = (long) firstRow * outputs;
      int count = Math.multiplyExact(endRow - firstRow, outputs);
      float[] weights = new float[count];
      new FloatReader(matrix).read(position, weights, 0, count);
      byte[] unpacked = new byte[count];
      BlockStrip strip = new BlockStrip(blockSize, Math.min(outputs, STRIP), symmetric, search);
      double error = 0;
      for (int block = firstBlock; block < endBlock; block++) {
        int row = block * blockSize - firstRow;
        int height = Math.min(blockSize, endRow - firstRow - row);
        for (int n = 0; n < outputs; n += STRIP) {
          int columns = Math.min(STRIP, outputs - n);
          int at = row * outputs + n;
          strip.fit(weights, at, outputs, height, columns, importance, firstRow + row);
          error += strip.write(unpacked, at, outputs);
          for (int c = 0; c < columns; c++) {
            scales[block * outputs + n + c] = strip.scale(c);
            zeroPoints[block * outputs + n + c] = (byte) strip.zeroPoint(c);
          }
        }
      }
      byte[] packed = new byte[(int) Nibbles.packedSize(count)];
      Nibbles.pack(unpacked, 0, packed, 0, count);
      codes.write(position / 2, ByteBuffer.wrap(packed));
      return error;
    }

    void add(double error) {
      squaredError += error;
    }

    Result result() {
      ElementType type = (symmetric ? QuantizedType.INT4 : QuantizedType.UINT4).elementType();
      byte[] packed = new byte[(int) Nibbles.packedSize(zeroPoints.length)];
      Nibbles.pack(zeroPoints, 0, packed, 0, zeroPoints.length);
      ByteBuffer scaleBytes = ByteBuffer.allocate(4 * scales.length).order(ByteOrder.LITTLE_ENDIAN);
      scaleBytes.asFloatBuffer().put(scales);
      return new Result(
          new Tensor(type, matrix.shape(), codes.source()),
          scratch.store(ElementType.FLOAT, blockShape, scaleBytes.array()),
          symmetric
              ? Optional.empty()
              : Optional.of(scratch.store(ElementType.UINT4, blockShape, packed)),
          squaredError);
    }
  }
}
