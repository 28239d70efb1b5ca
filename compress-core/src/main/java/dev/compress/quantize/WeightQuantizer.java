package dev.compress.quantize;

import dev.compress.parallel.ParallelLoop;
import dev.compress.tensor.FloatReader;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;

/**
 * Quantizes stored weights to int8, symmetric, a scale a channel. A weight is read in pieces, twice
 * (magnitudes, then codes; a third time where scales are searched) and never held whole, so memory
 * is a few MB a thread whatever its size. Codes and scales do not depend on the number of threads.
 *
 * @param limit the outermost code: 127, or 63 where 16-bit sums saturate (cpu-avx2)
 * @param threads how many threads to use, at least 1
 */
public record WeightQuantizer(int limit, int threads) {
  private static final int PIECE = 1 << 18;

  /** Checks the settings. */
  public WeightQuantizer {
    if (limit < 1 || limit > 127 || threads < 1) {
      throw new IllegalArgumentException("limit " + limit + ", threads " + threads);
    }
  }

  /** Given one piece of a weight. */
  @FunctionalInterface
  private interface PieceWork<T> {
    T apply(long position, float[] values, int count);
  }

  private <T> void forEachPiece(
      Tensor weight, PieceWork<T> work, java.util.function.Consumer<T> inOrder) {
    long elements = weight.elementCount();
    int pieces = Math.toIntExact((elements + PIECE - 1) / PIECE);
    ParallelLoop.run(
        pieces,
        threads,
        piece -> {
          long position = (long) piece * PIECE;
          int count = (int) Math.min(PIECE, elements - position);
          float[] values = new float[count];
          new FloatReader(weight).read(position, values, 0, count);
          return work.apply(position, values, count);
        },
        inOrder);
  }

  /**
   * The largest magnitude of each channel; not finite where the channel holds NaN or an infinity:
   * then the weight cannot be quantized.
   */
  public float[] magnitudes(Tensor weight, ChannelLayout layout) {
    check(weight, layout);
    ChannelAbsMax whole = new ChannelAbsMax(layout);
    forEachPiece(
        weight,
        (position, values, count) -> {
          ChannelAbsMax part = new ChannelAbsMax(layout);
          part.observe(position, values, 0, count);
          return part;
        },
        whole::merge);
    return whole.values();
  }

  /**
   * The scales with the least squared error, one a channel ({@link ScaleSearch}).
   *
   * @param magnitudes from {@link #magnitudes}, finite
   */
  public float[] searchScales(Tensor weight, ChannelLayout layout, float[] magnitudes) {
    check(weight, layout);
    float[] start = WeightScales.symmetric(magnitudes, limit);
    ScaleSearch whole = new ScaleSearch(layout, start, limit);
    forEachPiece(
        weight,
        (position, values, count) -> {
          ScaleSearch part = new ScaleSearch(layout, start, limit);
          part.observe(position, values, 0, count);
          return part;
        },
        whole::add);
    return whole.scales();
  }

  /**
   * The int8 codes of a weight.
   *
   * @param scales one a channel
   * @param scratch where the codes go
   * @return a tensor of the weight's shape
   */
  public Tensor codes(Tensor weight, ChannelLayout layout, float[] scales, Scratch scratch) {
    check(weight, layout);
    ChannelQuantizer quantizer = new ChannelQuantizer(layout, scales, limit);
    if (weight.elementCount() <= PIECE) {
      byte[] codes = new byte[(int) weight.elementCount()];
      forEachPiece(
          weight,
          (position, values, count) -> {
            quantizer.quantize(position, values, 0, codes, 0, count);
            return codes;
          },
          done -> {});
      return scratch.store(QuantizedType.INT8.elementType(), weight.shape(), codes);
    }
    Scratch.Region region = scratch.reserve(weight.elementCount());
    forEachPiece(
        weight,
        (position, values, count) -> {
          byte[] codes = new byte[count];
          quantizer.quantize(position, values, 0, codes, 0, count);
          region.write(position, ByteBuffer.wrap(codes));
          return Boolean.TRUE;
        },
        done -> {});
    return new Tensor(QuantizedType.INT8.elementType(), weight.shape(), region.source());
  }

  private static void check(Tensor weight, ChannelLayout layout) {
    if (layout.size() != weight.elementCount()) {
      throw new IllegalArgumentException(
          layout + " does not describe a weight of shape " + weight.shape());
    }
  }
}
