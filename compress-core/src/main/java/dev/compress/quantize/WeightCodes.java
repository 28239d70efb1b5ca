package dev.compress.quantize;

import dev.compress.error.InvalidModelException;
import dev.compress.pass.PassContext;
import dev.compress.tensor.ChannelGroups;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A weight as int8 codes, symmetric about zero, with one scale a channel.
 *
 * @param codes int8, in the weight's shape
 * @param scales one a channel
 */
@SuppressWarnings("ArrayRecordComponent") // large, made once and only read
record WeightCodes(Tensor codes, float[] scales) {
  private static final int PIECE = 1 << 20;

  /**
   * Quantizes a weight.
   *
   * @param name for messages
   * @param weight floating-point elements
   * @param layout of its channels
   * @param limit the largest code, 127 or 63
   * @param bias guards a bias against overflow, or null without one
   * @param biasValues one a channel; empty without one
   * @throws InvalidModelException if the weight holds NaN or infinities
   */
  static WeightCodes of(
      String name,
      Tensor weight,
      ChannelLayout layout,
      int limit,
      @Nullable BiasQuantizer bias,
      float[] biasValues,
      PassContext context) {
    return of(name, weight, layout, limit, bias, biasValues, RowQuantizer.Visitor.NONE, context);
  }

  /**
   * As the other.
   *
   * @param visitor sees values and codes where the weight is quantized in one reading; of other
   *     weights it sees nothing
   */
  static WeightCodes of(
      String name,
      Tensor weight,
      ChannelLayout layout,
      int limit,
      @Nullable BiasQuantizer bias,
      float[] biasValues,
      RowQuantizer.Visitor visitor,
      PassContext context) {
    // one scale for all where the values are few: else each channel would make codes of its own
    boolean one = FewValues.are(weight);
    if (!one && RowQuantizer.fits(layout)) {
      RowQuantizer.Scales scales =
          (first, magnitudes) ->
              raised(
                  WeightScales.symmetric(finite(name, magnitudes), limit),
                  bias,
                  biasValues.length == 0
                      ? biasValues
                      : Arrays.copyOfRange(biasValues, first, first + magnitudes.length));
      return new RowQuantizer(limit, scales, visitor)
          .quantize(weight, layout, context.scratch(), context.threads());
    }
    WeightQuantizer quantizer = new WeightQuantizer(limit, context.threads());
    float[] magnitudes = finite(name, quantizer.magnitudes(weight, layout));
    float[] scales =
        raised(
            one
                ? WeightScales.perTensor(magnitudes, limit)
                : WeightScales.symmetric(magnitudes, limit),
            bias,
            biasValues);
    return new WeightCodes(quantizer.codes(weight, layout, scales, context.scratch()), scales);
  }

  private static float[] finite(String name, float[] magnitudes) {
    for (float magnitude : magnitudes) {
      if (!Float.isFinite(magnitude)) {
        throw InvalidModelException.notFinite(name);
      }
    }
    return magnitudes;
  }

  private static float[] raised(float[] scales, @Nullable BiasQuantizer bias, float[] values) {
    return bias == null || values.length == 0 ? scales : bias.raisedScales(values, scales);
  }

  /** Quantizes for storage. */
  static WeightCodes of(StoredWeights stored, CodeMap map, PassContext context) {
    Tensor weight = stored.weight().tensor();
    long size = weight.elementCount();
    ChannelLayout layout =
        stored.byColumn()
            ? new ChannelLayout(size / stored.rows(), Math.toIntExact(stored.rows()), 1)
            : new ChannelLayout(1, Math.toIntExact(stored.rows()), size / stored.rows());
    return of(stored.weight().name(), weight, layout, 127, null, new float[0], context)
        .mapped(map, layout, context);
  }

  /**
   * The same with its codes changed.
   *
   * @param how what becomes of each code
   * @param layout of the channels
   */
  WeightCodes mapped(CodeMap how, ChannelLayout layout, PassContext context) {
    if (how.equals(CodeMap.NONE)) {
      return this;
    }
    int[][] counts = new int[scales.length][256];
    long elements = codes.elementCount();
    byte[] piece = new byte[(int) Math.min(PIECE, elements)];
    for (long from = 0; from < elements; from += piece.length) {
      int n = (int) Math.min(piece.length, elements - from);
      codes.data().read(from, ByteBuffer.wrap(piece, 0, n));
      layout.forEachRun(
          from,
          n,
          (channel, offset, length) -> {
            int step = layout.inner() == 1 ? 1 : 0;
            for (int i = 0; i < length; i++) {
              counts[channel + step * i][piece[offset + i] + 128]++;
            }
          });
    }
    ChannelGroups groups = layout.groups(how.groups());
    long[][] all = new long[groups.groups()][256];
    double[][] masses = new double[groups.groups()][256];
    for (int channel = 0; channel < scales.length; channel++) {
      int group = groups.of(channel);
      double square = (double) scales[channel] * scales[channel];
      for (int code = 0; code < 256; code++) {
        all[group][code] += counts[channel][code];
        masses[group][code] += square * counts[channel][code];
      }
    }
    byte[][] maps = how.maps(all, masses);
    Scratch.Region region = context.scratch().reserve(elements);
    for (long from = 0; from < elements; from += piece.length) {
      int n = (int) Math.min(piece.length, elements - from);
      codes.data().read(from, ByteBuffer.wrap(piece, 0, n));
      layout.forEachRun(
          from,
          n,
          (channel, offset, length) -> {
            int step = layout.inner() == 1 ? 1 : 0;
            for (int i = 0; i < length; i++) {
              byte[] map = maps[groups.of(channel + step * i)];
              piece[offset + i] = map[piece[offset + i] + 128];
            }
          });
      region.write(from, ByteBuffer.wrap(piece, 0, n));
    }
    return new WeightCodes(new Tensor(codes.type(), codes.shape(), region.source()), scales);
  }
}
