package dev.compress.prepare;

import dev.compress.tensor.Shape;

/**
 * Which channel each element of a weight belongs to. Elements that follow one another in row-major
 * order come in runs of {@link #runLength()} of the same channel.
 */
interface ChannelLayout {
  /** How many channels there are. */
  int channels();

  /** How many consecutive elements share a channel. */
  long runLength();

  /** The channel of a run, counted from the first element of the weight. */
  int channelOfRun(long run);

  /** Channels along one axis of a weight. */
  static ChannelLayout along(Shape weight, int axis) {
    long inner = 1;
    for (int i = axis + 1; i < weight.rank(); i++) {
      inner *= weight.dim(i);
    }
    int channels = Math.toIntExact(weight.dim(axis));
    return of(channels, inner, run -> (int) (run % channels));
  }

  /**
   * Output channels of a ConvTranspose weight {@code [C_in, C_out / groups, k...]}: the slice
   * {@code [i, j]} belongs to output channel {@code i / (C_in / groups) * (C_out / groups) + j}.
   */
  static ChannelLayout ofTransposedConvolution(Shape weight, int groups) {
    int perGroup = Math.toIntExact(weight.dim(1));
    long inputsPerGroup = weight.dim(0) / groups;
    return of(
        Math.multiplyExact(perGroup, groups),
        kernel(weight),
        run -> (int) (run / perGroup / inputsPerGroup * perGroup + run % perGroup));
  }

  /**
   * Input channels of a Conv weight {@code [C_out, C_in / groups, k...]}: the slice {@code [i, j]}
   * belongs to input channel {@code i / (C_out / groups) * (C_in / groups) + j}.
   */
  static ChannelLayout inputsOfConvolution(Shape weight, int groups) {
    return ofTransposedConvolution(weight, groups); // the same arithmetic, seen from the other side
  }

  private static long kernel(Shape weight) {
    long kernel = 1;
    for (int i = 2; i < weight.rank(); i++) {
      kernel *= weight.dim(i);
    }
    return kernel;
  }

  private static ChannelLayout of(
      int channels, long runLength, java.util.function.LongToIntFunction channelOfRun) {
    return new ChannelLayout() {
      @Override
      public int channels() {
        return channels;
      }

      @Override
      public long runLength() {
        return runLength;
      }

      @Override
      public int channelOfRun(long run) {
        return channelOfRun.applyAsInt(run);
      }
    };
  }
}
