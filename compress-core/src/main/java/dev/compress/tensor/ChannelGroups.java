package dev.compress.tensor;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Runs of neighbouring channels of a tensor, whose flat order is {@code [outer, channels, inner]}.
 * Run g of G holds the channels {@code floor(g C / G)} to {@code floor((g + 1) C / G) - 1}: where G
 * does not divide C, some runs have one channel more than others.
 *
 * @param outer product of the dims before the channel axis
 * @param channels the channel dim
 * @param inner product of the dims after it
 * @param groups how many runs, at most one a channel
 */
public record ChannelGroups(long outer, int channels, long inner, int groups) {
  /** Checks the sizes. */
  public ChannelGroups {
    if (outer < 0 || inner < 0 || groups < 1 || groups > channels) {
      throw new IllegalArgumentException(
          "No groups of channels: [" + outer + ", " + channels + ", " + inner + "] / " + groups);
    }
  }

  /**
   * Cuts one axis.
   *
   * @param shape of the tensor, not empty
   * @param axis the channel axis; negative counts from the end
   * @param groups how many; an axis with fewer channels has one a channel
   */
  public static ChannelGroups of(Shape shape, int axis, int groups) {
    int at = Objects.checkIndex(axis < 0 ? axis + shape.rank() : axis, shape.rank());
    return merged(shape, at, at, groups);
  }

  private static ChannelGroups merged(Shape shape, int from, int to, int groups) {
    long outer = 1;
    long channels = 1;
    long inner = 1;
    for (int i = 0; i < shape.rank(); i++) {
      outer *= i < from ? shape.dim(i) : 1;
      channels *= i >= from && i <= to ? shape.dim(i) : 1;
      inner *= i > to ? shape.dim(i) : 1;
    }
    int count = Math.toIntExact(channels);
    return new ChannelGroups(outer, count, inner, Math.min(groups, count));
  }

  /**
   * Every way to take channels of a tensor: each axis, and the first axes as one, such as the
   * directions and gates of a recurrent weight.
   *
   * @param shape of the tensor, not empty
   * @param groups how many of each; no more than there are channels
   */
  public static List<ChannelGroups> everyAxis(Shape shape, int groups) {
    Set<ChannelGroups> all = new LinkedHashSet<>();
    for (int axis = 0; axis < shape.rank(); axis++) {
      all.add(merged(shape, axis, axis, groups));
      if (axis > 0 && axis + 1 < shape.rank()) {
        all.add(merged(shape, 0, axis, groups));
      }
    }
    all.removeIf(cut -> cut.channels() == 1);
    return new ArrayList<>(all);
  }

  /** The first channel of a run; for {@code group == groups} the number of channels. */
  public int first(int group) {
    return (int) ((long) group * channels / groups);
  }

  /** The run of a channel. */
  public int of(int channel) {
    return (int) ((((long) channel + 1) * groups - 1) / channels);
  }

  /** The channel of an element. */
  public int channelAt(long position) {
    return (int) (position / inner % channels);
  }

  /** The run of an element. */
  public int groupAt(long position) {
    return of(channelAt(position));
  }
}
