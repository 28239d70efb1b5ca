package dev.compress.quantize;

import dev.compress.error.InvalidModelException;
import dev.compress.pass.PassContext;
import dev.compress.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A weight as int8 codes, symmetric about zero, with one scale a channel.
 *
 * @param codes int8, in the weight's shape
 * @param scales one a channel
 */
@SuppressWarnings("ArrayRecordComponent") // large, made once and only read
record WeightCodes(Tensor codes, float[] scales) {
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
    WeightQuantizer quantizer = new WeightQuantizer(limit, context.threads());
    float[] magnitudes = quantizer.magnitudes(weight, layout);
    for (float magnitude : magnitudes) {
      if (!Float.isFinite(magnitude)) {
        throw new InvalidModelException(
            "Weight "
                + name
                + " holds NaN or infinite values: the model is broken. Train it again, or leave"
                + " its nodes out with --exclude-nodes.");
      }
    }
    float[] scales = WeightScales.symmetric(magnitudes, limit);
    if (bias != null && biasValues.length > 0) {
      scales = bias.raisedScales(biasValues, scales);
    }
    return new WeightCodes(quantizer.codes(weight, layout, scales, context.scratch()), scales);
  }

  /** Quantizes for storage. */
  static WeightCodes of(StoredWeights stored, PassContext context) {
    Tensor weight = stored.weight().tensor();
    long size = weight.elementCount();
    ChannelLayout layout =
        stored.byColumn()
            ? new ChannelLayout(size / stored.rows(), Math.toIntExact(stored.rows()), 1)
            : new ChannelLayout(1, Math.toIntExact(stored.rows()), size / stored.rows());
    return of(stored.weight().name(), weight, layout, 127, null, new float[0], context);
  }
}
