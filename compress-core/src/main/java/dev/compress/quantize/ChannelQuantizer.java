package dev.compress.quantize;

import java.util.Objects;

/**
 * Symmetric int8 quantization with a scale for each channel: {@code code = round(value / scale)},
 * ties to even, cut to {@code -limit..limit}. Works on pieces of a tensor in flat order; pieces are
 * independent, so that any cut and any number of threads give the same codes. Immutable.
 */
public final class ChannelQuantizer {
  private final ChannelLayout layout;
  private final float[] scales;
  private final int limit;

  /**
   * A quantizer of one tensor.
   *
   * @param layout how its channels lie
   * @param scales one a channel, positive; copied
   * @param limit the outermost code: 127, or 63 where 16-bit sums saturate (cpu-avx2)
   */
  public ChannelQuantizer(ChannelLayout layout, float[] scales, int limit) {
    if (scales.length != layout.channels()) {
      throw new IllegalArgumentException(
          scales.length + " scales for " + layout.channels() + " channels");
    }
    if (limit < 1 || limit > 127) {
      throw new IllegalArgumentException("A limit of int8 codes is 1 to 127, not " + limit);
    }
    this.layout = layout;
    this.scales = scales.clone();
    this.limit = limit;
  }

  /**
   * Quantizes a piece. Values must not be NaN (see {@link ChannelAbsMax}).
   *
   * @param position of the first value in the flat order of the tensor
   * @param values the values
   * @param from the first to take
   * @param codes where to
   * @param at the first index to write
   * @param count how many
   */
  public void quantize(long position, float[] values, int from, byte[] codes, int at, int count) {
    Objects.checkFromIndexSize(from, count, values.length);
    Objects.checkFromIndexSize(at, count, codes.length);
    Objects.checkFromIndexSize(position, count, layout.size());
    RoundingKernel kernel = new RoundingKernel(-limit, limit, 0);
    layout.forEachRun(
        position,
        count,
        (channel, offset, length) -> {
          for (int done = 0; done < length; done += RoundingKernel.CHUNK) {
            int n = Math.min(RoundingKernel.CHUNK, length - done);
            int first = from + offset + done;
            int to = at + offset + done;
            if (layout.inner() == 1) {
              kernel.quantize(values, first, scales, channel + done, codes, to, n);
            } else {
              kernel.quantize(values, first, scales[channel], codes, to, n);
            }
          }
        });
  }

  /** {@code value = code * scale} for a piece of the tensor. */
  public void dequantize(long position, byte[] codes, int from, float[] values, int at, int count) {
    Objects.checkFromIndexSize(from, count, codes.length);
    Objects.checkFromIndexSize(at, count, values.length);
    Objects.checkFromIndexSize(position, count, layout.size());
    int step = layout.inner() == 1 ? 1 : 0;
    layout.forEachRun(
        position,
        count,
        (channel, offset, length) -> {
          for (int i = 0; i < length; i++) {
            values[at + offset + i] = codes[from + offset + i] * scales[channel + step * i];
          }
        });
  }
}
