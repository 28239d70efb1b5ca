package dev.compress.quantize;

import dev.compress.tensor.ChannelGroups;
import dev.compress.tensor.Shape;

/**
 * How the channels of a tensor lie in its flat order: {@code [outer, channels, inner]}.
 *
 * @param outer product of the dims before the channel axis
 * @param channels the channel dim
 * @param inner product of the dims after it
 */
public record ChannelLayout(long outer, int channels, long inner) {
  /** Checks the sizes. */
  public ChannelLayout {
    if (outer < 0 || channels < 1 || inner < 0) {
      throw new IllegalArgumentException(
          "No layout of channels: [" + outer + ", " + channels + ", " + inner + "]");
    }
  }

  /**
   * The layout of a tensor.
   *
   * @param shape its shape
   * @param axis the channel axis; negative counts from the end
   */
  public static ChannelLayout of(Shape shape, int axis) {
    int at = axis < 0 ? axis + shape.rank() : axis;
    if (at < 0 || at >= shape.rank()) {
      throw new IllegalArgumentException("Axis " + axis + " of a tensor of shape " + shape);
    }
    long outer = 1;
    long inner = 1;
    for (int i = 0; i < shape.rank(); i++) {
      outer *= i < at ? shape.dim(i) : 1;
      inner *= i > at ? shape.dim(i) : 1;
    }
    return new ChannelLayout(outer, Math.toIntExact(shape.dim(at)), inner);
  }

  /** A single channel that holds everything: one scale for the whole tensor. */
  public static ChannelLayout whole(long elements) {
    return new ChannelLayout(1, 1, elements);
  }

  /**
   * Runs of neighbouring channels.
   *
   * @param count how many; with fewer channels, one a channel
   */
  ChannelGroups groups(int count) {
    return new ChannelGroups(outer, channels, inner, Math.min(count, channels));
  }

  /** The number of elements. */
  public long size() {
    return outer * channels * inner;
  }

  /** The channel of an element. */
  public int channelAt(long position) {
    return (int) (position / inner % channels);
  }

  /** Told of one run of elements. */
  @FunctionalInterface
  interface RunVisitor {
    /**
     * Elements of one channel, or, where channels alternate (inner 1), of ascending channels.
     *
     * @param channel the (first) channel
     * @param offset where the run starts, counted from the start of the piece
     * @param length how many elements
     */
    void run(int channel, int offset, int length);
  }

  /**
   * Cuts a piece of the flat order into runs.
   *
   * @param position where the piece starts
   * @param count its length
   * @param visitor told of each run in order
   */
  void forEachRun(long position, int count, RunVisitor visitor) {
    long period = inner == 1 ? channels : inner;
    for (int done = 0; done < count; ) {
      long at = position + done;
      int length = (int) Math.min(count - done, period - at % period);
      visitor.run(channelAt(at), done, length);
      done += length;
    }
  }
}
