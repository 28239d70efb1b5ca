package dev.compress.prune.channels;

import dev.compress.graph.Node;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/** Where a Slice cuts, in the form of attributes or of constant inputs. */
@SuppressWarnings("ArrayRecordComponent") // lives for one call, is never compared
record SliceBounds(int[] axes, long[] starts, long[] ends, long[] steps) {
  /**
   * The bounds of a node.
   *
   * @param rank of what is cut
   * @return empty if they are computed
   */
  static Optional<SliceBounds> of(Node node, Coupling coupling, int rank) {
    boolean attributes = node.attribute("starts").isPresent();
    Optional<long[]> starts = list(node, coupling, attributes, "starts", 1);
    Optional<long[]> ends = list(node, coupling, attributes, "ends", 2);
    if (starts.isEmpty() || ends.isEmpty()) {
      return Optional.empty();
    }
    int n = starts.get().length;
    boolean hasAxes = attributes ? node.attribute("axes").isPresent() : node.hasInput(3);
    boolean hasSteps = !attributes && node.hasInput(4);
    Optional<long[]> axes =
        hasAxes
            ? list(node, coupling, attributes, "axes", 3)
            : Optional.of(LongStream.range(0, n).toArray());
    Optional<long[]> steps = hasSteps ? coupling.integers(node.input(4)) : Optional.of(ones(n));
    if (axes.isEmpty() || steps.isEmpty() || ends.get().length != n || axes.get().length != n) {
      return Optional.empty();
    }
    int[] from = Arrays.stream(axes.get()).mapToInt(a -> (int) (a < 0 ? a + rank : a)).toArray();
    return Optional.of(new SliceBounds(from, starts.get(), ends.get(), steps.get()));
  }

  private static long[] ones(int n) {
    long[] ones = new long[n];
    Arrays.fill(ones, 1);
    return ones;
  }

  private static Optional<long[]> list(
      Node node, Coupling coupling, boolean attributes, String name, int input) {
    return attributes
        ? node.intsAttribute(name).map(SliceBounds::array)
        : coupling.integers(node.input(input));
  }

  private static long[] array(List<Long> values) {
    return values.stream().mapToLong(Long::longValue).toArray();
  }

  /** Which of the lists' entries cuts an axis; -1 if none. */
  int entry(int axis) {
    for (int i = 0; i < axes.length; i++) {
      if (axes[i] == axis) {
        return i;
      }
    }
    return -1;
  }

  boolean touches(int axis) {
    return entry(axis) >= 0;
  }

  /** What is left of an axis. */
  int[] cut(int axis, int[] all) {
    return indices(axis, all.length).map(i -> i).mapToInt(i -> all[(int) i]).toArray();
  }

  /** Whether a position is left. */
  boolean contains(int axis, int length, int position) {
    return touches(axis) ? indices(axis, length).anyMatch(i -> i == position) : position < length;
  }

  /** The positions that are left of an axis, in order. */
  LongStream indices(int axis, int length) {
    int at = entry(axis);
    long step = steps[at];
    long start = clamp(starts[at], length, 0, step > 0 ? length : length - 1);
    long end = clamp(ends[at], length, step > 0 ? 0 : -1, step > 0 ? length : length - 1);
    return LongStream.iterate(start, i -> step > 0 ? i < end : i > end, i -> i + step);
  }

  private static long clamp(long value, int length, long low, long high) {
    long positive = value < 0 ? value + length : value;
    return Math.max(low, Math.min(high, positive));
  }
}
