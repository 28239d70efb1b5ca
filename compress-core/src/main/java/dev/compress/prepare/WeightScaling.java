package dev.compress.prepare;

import dev.compress.progress.Progress;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatCodec;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * Multiplies a weight channel by channel, in pieces, so that memory does not follow the weight:
 * {@code w'[i] = round(w[i] * factor[channel(i)])}, each product in double and rounded once.
 */
final class WeightScaling {
  private static final int CHUNK_ELEMENTS = 1 << 16;

  private final Scratch scratch;
  private final Progress progress;

  WeightScaling(Scratch scratch, Progress progress) {
    this.scratch = scratch;
    this.progress = progress;
  }

  /**
   * Scales a weight.
   *
   * @param weight floating-point, not empty
   * @param layout its channels
   * @param factors one a channel
   * @return the new weight in the scratch, of the same type and shape; empty if an element would be
   *     too large for the type
   */
  Optional<Tensor> scale(Tensor weight, ChannelLayout layout, double[] factors) {
    ElementType type = weight.type();
    int elementBytes = type.bits() / 8;
    double largest = FloatCodec.largest(type);
    ByteBuffer out =
        ByteBuffer.allocate((int) Math.min(CHUNK_ELEMENTS, weight.elementCount()) * elementBytes)
            .order(ByteOrder.LITTLE_ENDIAN);
    boolean small = weight.elementCount() <= CHUNK_ELEMENTS;
    Scratch.Region region = small ? null : scratch.reserve(weight.byteSize());
    boolean[] overflow = new boolean[1];
    forChunks(
        weight,
        (values, n, from) -> {
          multiply(values, n, from, layout, factors);
          double peak = 0;
          for (int i = 0; i < n; i++) {
            peak = Math.max(peak, Math.abs(values[i]));
          }
          overflow[0] |= peak > largest;
          FloatCodec.encode(type, values, n, out.clear());
          if (region != null) {
            region.write(from * elementBytes, out.flip());
          }
        });
    if (overflow[0]) {
      return Optional.empty();
    }
    return Optional.of(
        region == null
            ? scratch.store(type, weight.shape(), out.array())
            : new Tensor(type, weight.shape(), region.source()));
  }

  private static void multiply(
      double[] values, int n, long from, ChannelLayout layout, double[] factors) {
    long runLength = layout.runLength();
    long run = from / runLength;
    long left = runLength - from % runLength;
    int i = 0;
    while (i < n) {
      int end = (int) Math.min(n, i + left);
      double factor = factors[layout.channelOfRun(run)];
      for (; i < end; i++) {
        values[i] *= factor;
      }
      run++;
      left = runLength;
    }
  }

  /**
   * What a constant vector on the input channels adds to each output channel: {@code sum[o] = sum
   * over i of w[i] * vector[input(i)]} over the elements with {@code output(i) = o}.
   */
  double[] sums(Tensor weight, ChannelLayout input, ChannelLayout output, double[] vector) {
    double[] sums = new double[output.channels()];
    forChunks(
        weight,
        (values, n, from) -> {
          for (int i = 0; i < n; i++) {
            long at = from + i;
            int in = input.channelOfRun(at / input.runLength());
            sums[output.channelOfRun(at / output.runLength())] += values[i] * vector[in];
          }
        });
    return sums;
  }

  private interface Chunk {
    void accept(double[] values, int n, long from);
  }

  private void forChunks(Tensor weight, Chunk action) {
    int elementBytes = weight.type().bits() / 8;
    int chunk = (int) Math.min(CHUNK_ELEMENTS, weight.elementCount());
    ByteBuffer in = ByteBuffer.allocate(chunk * elementBytes).order(ByteOrder.LITTLE_ENDIAN);
    double[] values = new double[chunk];
    for (long from = 0; from < weight.elementCount(); from += chunk) {
      progress.check();
      int n = (int) Math.min(chunk, weight.elementCount() - from);
      in.clear().limit(n * elementBytes);
      weight.data().read(from * elementBytes, in);
      FloatCodec.decode(weight.type(), in.flip(), values, n);
      action.accept(values, n, from);
    }
  }
}
