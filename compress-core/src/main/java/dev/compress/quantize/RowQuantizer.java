package dev.compress.quantize;

import dev.compress.parallel.ParallelLoop;
import dev.compress.tensor.FloatReader;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.WorkBuffers;
import java.nio.ByteBuffer;

/**
 * Quantizes a weight in one reading. That is possible where each channel lies together: its scale
 * is known, and all that follows can be done, while its values are still in the cache. Codes are
 * those of {@link WeightQuantizer}, on any number of threads.
 *
 * @param limit the outermost code, 127 or 63
 * @param scales of a block of channels
 * @param visitor told of every block
 */
record RowQuantizer(int limit, Scales scales, Visitor visitor) {
  /** Values that are read at once; a row may be as long as a strip. */
  private static final int BLOCK = 1 << 16;

  /** Values that one thread takes at once, on buffers that it keeps meanwhile. */
  private static final int STRIP = 1 << 20;

  /** Makes scales of magnitudes. */
  @FunctionalInterface
  interface Scales {
    /**
     * The scales of channels that lie side by side; called from several threads.
     *
     * @param first the first of them
     * @param magnitudes the largest of each, not finite where it holds such a value
     */
    float[] of(int first, float[] magnitudes);
  }

  /** Sees values and codes side by side. */
  @FunctionalInterface
  interface Visitor {
    /** Looks at nothing. */
    Visitor NONE = (first, values, codes, scales) -> {};

    /**
     * Told of each channel once, in any order and from several threads.
     *
     * @param first the first channel of the block
     * @param values from index 0, row by row
     * @param codes likewise
     * @param scales one a row
     */
    void block(int first, float[] values, byte[] codes, float[] scales);
  }

  /** Whether each channel lies together and is no longer than what is read at once. */
  static boolean fits(ChannelLayout layout) {
    return layout.outer() == 1 && layout.inner() > 1 && layout.inner() <= STRIP;
  }

  /**
   * Quantizes a weight.
   *
   * @param layout one that {@link #fits}
   * @param scratch where the codes go
   */
  WeightCodes quantize(Tensor weight, ChannelLayout layout, Scratch scratch, int threads) {
    int row = Math.toIntExact(layout.inner());
    int channels = layout.channels();
    int blockRows = Math.min(channels, Math.max(1, BLOCK / row));
    int stripRows = blockRows * Math.max(1, STRIP / (blockRows * row));
    float[] all = new float[channels];
    boolean small = weight.elementCount() <= STRIP;
    byte[] whole = small ? new byte[(int) weight.elementCount()] : new byte[0];
    Scratch.Region region = small ? null : scratch.reserve(weight.elementCount());
    ParallelLoop.run(
        (channels + stripRows - 1) / stripRows,
        threads,
        strip -> {
          WorkBuffers buffers = scratch.lend();
          Block block = new Block(weight, layout, blockRows, buffers);
          int end = (int) Math.min(channels, (strip + 1L) * stripRows);
          for (int first = strip * stripRows; first < end; first += blockRows) {
            int rows = Math.min(blockRows, end - first);
            System.arraycopy(block.quantize(first, rows), 0, all, first, rows);
            if (region == null) {
              System.arraycopy(block.codes, 0, whole, first * row, rows * row);
            } else {
              region.write((long) first * row, ByteBuffer.wrap(block.codes, 0, rows * row));
            }
          }
          scratch.giveBack(buffers);
        });
    Tensor codes =
        region == null
            ? scratch.store(QuantizedType.INT8.elementType(), weight.shape(), whole)
            : new Tensor(QuantizedType.INT8.elementType(), weight.shape(), region.source());
    return new WeightCodes(codes, all);
  }

  /** What one thread works on. */
  private final class Block {
    private final FloatReader reader;
    private final ChannelLayout layout;
    private final int row;
    private final float[] values;
    private final byte[] codes;

    Block(Tensor weight, ChannelLayout layout, int rows, WorkBuffers buffers) {
      this.reader = new FloatReader(weight, buffers);
      this.layout = layout;
      this.row = Math.toIntExact(layout.inner());
      this.values = buffers.floats(rows * row);
      this.codes = buffers.codes(rows * row);
    }

    float[] quantize(int first, int rows) {
      reader.read((long) first * row, values, 0, rows * row);
      float[] magnitudes = new float[rows];
      for (int r = 0; r < rows; r++) {
        magnitudes[r] = ChannelAbsMax.of(values, r * row, row);
      }
      float[] used = scales.of(first, magnitudes);
      ChannelQuantizer quantizer =
          new ChannelQuantizer(new ChannelLayout(1, rows, layout.inner()), used, limit);
      quantizer.quantize(0, values, 0, codes, 0, rows * row);
      visitor.block(first, values, codes, used);
      return used;
    }
  }
}
