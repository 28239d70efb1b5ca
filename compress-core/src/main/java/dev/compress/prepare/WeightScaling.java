package dev.compress.prepare;

import dev.compress.parallel.ParallelLoop;
import dev.compress.pass.PassContext;
import dev.compress.progress.Progress;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatCodec;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Multiplies a weight channel by channel, in pieces, so that memory does not follow the weight:
 * {@code w'[i] = round(w[i] * factor[channel(i)])}, each product in double and rounded once.
 */
final class WeightScaling {
  private static final int CHUNK_ELEMENTS = 1 << 16;

  /** Chunks that one thread takes at once, on buffers that it keeps meanwhile. */
  private static final long STRIP_ELEMENTS = 4L * CHUNK_ELEMENTS;

  private final Scratch scratch;
  private final Progress progress;
  private final int threads;

  WeightScaling(PassContext context) {
    this.scratch = context.scratch();
    this.progress = context.progress();
    this.threads = context.threads();
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
    boolean small = weight.elementCount() <= CHUNK_ELEMENTS;
    Scratch.Region region = small ? null : scratch.reserve(weight.byteSize());
    byte[] whole = small ? new byte[(int) weight.byteSize()] : new byte[0];
    AtomicBoolean overflow = new AtomicBoolean();
    ParallelLoop.run(
        Math.toIntExact((weight.elementCount() + STRIP_ELEMENTS - 1) / STRIP_ELEMENTS),
        threads,
        strip -> {
          ByteBuffer out =
              (small ? ByteBuffer.wrap(whole) : ByteBuffer.allocate(CHUNK_ELEMENTS * elementBytes))
                  .order(ByteOrder.LITTLE_ENDIAN);
          long start = strip * STRIP_ELEMENTS;
          forChunks(
              weight,
              start,
              Math.min(start + STRIP_ELEMENTS, weight.elementCount()),
              (values, n, from) -> {
                multiply(values, n, from, layout, factors);
                double peak = 0;
                for (int i = 0; i < n; i++) {
                  peak = Math.max(peak, Math.abs(values[i]));
                }
                if (peak > largest) {
                  overflow.set(true);
                }
                FloatCodec.encode(type, values, n, out.clear());
                if (region != null) {
                  region.write(from * elementBytes, out.flip());
                }
              });
        });
    if (overflow.get()) {
      return Optional.empty();
    }
    return Optional.of(
        region == null
            ? scratch.store(type, weight.shape(), whole)
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
        0,
        weight.elementCount(),
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

  private void forChunks(Tensor weight, long start, long end, Chunk action) {
    int elementBytes = weight.type().bits() / 8;
    int chunk = (int) Math.min(CHUNK_ELEMENTS, end - start);
    ByteBuffer in = ByteBuffer.allocate(chunk * elementBytes).order(ByteOrder.LITTLE_ENDIAN);
    double[] values = new double[chunk];
    for (long from = start; from < end; from += chunk) {
      progress.check();
      int n = (int) Math.min(chunk, end - from);
      in.clear().limit(n * elementBytes);
      weight.data().read(from * elementBytes, in);
      FloatCodec.decode(weight.type(), in.flip(), values, n);
      action.accept(values, n, from);
    }
  }
}
