package dev.compress.prepare;

import dev.compress.parallel.ParallelLoop;
import dev.compress.pass.PassContext;
import dev.compress.progress.Progress;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatCodec;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.WorkBuffers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
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
    boolean small = weight.elementCount() <= CHUNK_ELEMENTS;
    Scratch.Region region = small ? null : scratch.reserve(weight.byteSize());
    byte[] whole = small ? new byte[(int) weight.byteSize()] : new byte[0];
    AtomicBoolean overflow = new AtomicBoolean();
    ParallelLoop.run(
        Math.toIntExact((weight.elementCount() + STRIP_ELEMENTS - 1) / STRIP_ELEMENTS),
        threads,
        strip -> {
          long start = strip * STRIP_ELEMENTS;
          long end = Math.min(start + STRIP_ELEMENTS, weight.elementCount());
          WorkBuffers buffers = scratch.lend();
          Strip work =
              type.equals(ElementType.FLOAT)
                  ? new FloatStrip(buffers)
                  : new DoubleStrip(type, end - start);
          for (long from = start; from < end; from += CHUNK_ELEMENTS) {
            progress.check();
            int n = (int) Math.min(CHUNK_ELEMENTS, end - from);
            ByteBuffer scaled = work.scale(weight, from, n, layout, factors);
            if (region == null) {
              scaled.get(whole);
            } else {
              region.write(from * (type.bits() / 8), scaled);
            }
          }
          scratch.giveBack(buffers);
          if (work.overflows()) {
            overflow.set(true);
          }
        });
    if (overflow.get()) {
      return Optional.empty();
    }
    return Optional.of(
        region == null
            ? scratch.store(type, weight.shape(), whole)
            : new Tensor(type, weight.shape(), region.source()));
  }

  /** What one thread works on, in buffers that it keeps. */
  private interface Strip {
    /** The bytes of {@code n} elements from {@code from} on, scaled; until the next call. */
    ByteBuffer scale(Tensor weight, long from, int n, ChannelLayout layout, double[] factors);

    boolean overflows();
  }

  /** Visits runs of elements that share a factor. */
  private interface Runs {
    void run(int from, int end, double factor);
  }

  private static void forRuns(
      long from, int n, ChannelLayout layout, double[] factors, Runs action) {
    long length = layout.runLength();
    long run = from / length;
    long left = length - from % length;
    for (int i = 0; i < n; ) {
      int end = (int) Math.min(n, i + left);
      action.run(i, end, factors[layout.channelOfRun(run)]);
      i = end;
      run++;
      left = length;
    }
  }

  /** Floats, the most common by far, in one loop. */
  private static final class FloatStrip implements Strip {
    /** Floats that are treated at a time: they stay in the first-level cache. */
    private static final int BLOCK = 1 << 12;

    private final WorkBuffers buffers;
    private final float[] values;
    private boolean overflows;

    FloatStrip(WorkBuffers buffers) {
      this.buffers = buffers;
      values = buffers.floats(BLOCK);
    }

    @Override
    public ByteBuffer scale(
        Tensor weight, long from, int n, ChannelLayout layout, double[] factors) {
      ByteBuffer bytes = buffers.bytes(n * Float.BYTES);
      weight.data().read(from * Float.BYTES, bytes);
      FloatBuffer floats = bytes.flip().asFloatBuffer();
      for (int at = 0; at < n; at += BLOCK) {
        int count = Math.min(BLOCK, n - at);
        floats.get(at, values, 0, count);
        forRuns(
            from + at,
            count,
            layout,
            factors,
            (i, end, factor) -> overflows |= scale(i, end, factor));
        floats.put(at, values, 0, count);
      }
      return bytes;
    }

    private boolean scale(int from, int end, double factor) {
      boolean infinite = false;
      for (int i = from; i < end; i++) {
        float scaled = (float) (values[i] * factor);
        values[i] = scaled;
        infinite |= Math.abs(scaled) == Float.POSITIVE_INFINITY;
      }
      return infinite;
    }

    @Override
    public boolean overflows() {
      return overflows;
    }
  }

  private static final class DoubleStrip implements Strip {
    private final ElementType type;
    private final ByteBuffer bytes;
    private final double[] values;
    private double peak;

    DoubleStrip(ElementType type, long size) {
      this.type = type;
      values = new double[(int) Math.min(CHUNK_ELEMENTS, size)];
      bytes =
          ByteBuffer.allocate(Math.toIntExact(type.byteSize(values.length)))
              .order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public ByteBuffer scale(
        Tensor weight, long from, int n, ChannelLayout layout, double[] factors) {
      int elementBytes = type.bits() / 8;
      weight.data().read(from * elementBytes, bytes.clear().limit(n * elementBytes));
      FloatCodec.decode(type, bytes.flip(), values, n);
      forRuns(
          from,
          n,
          layout,
          factors,
          (i, end, factor) -> {
            for (int at = i; at < end; at++) {
              values[at] *= factor;
              peak = Math.max(peak, Math.abs(values[at]));
            }
          });
      FloatCodec.encode(type, values, n, bytes.clear());
      return bytes.flip();
    }

    @Override
    public boolean overflows() {
      return peak > FloatCodec.largest(type);
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
