package dev.compress.data;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Compares dims of which some are unknown (-1). */
final class Dims {
  /** What the dims of an image are, outermost first. */
  enum Order {
    /** Rows and columns. */
    HW,
    /** Rows, columns, channels. */
    HWC,
    /** Channels, rows, columns. */
    CHW,
    /** No image, or not known. */
    NONE
  }

  private Dims() {}

  /** Tells the order by which end has 1, 3 or 4 channels; NONE where neither or both have. */
  static Order order(List<Long> dims) {
    if (dims.size() == 2) {
      return Order.HW;
    }
    if (dims.size() != 3) {
      return Order.NONE;
    }
    boolean first = isChannels(dims.get(0));
    boolean last = isChannels(dims.get(2));
    if (first == last) {
      return Order.NONE;
    }
    return first ? Order.CHW : Order.HWC;
  }

  private static boolean isChannels(long dim) {
    return dim == 1 || dim == 3 || dim == 4;
  }

  /**
   * For every dim of {@code to} the axis of {@code from} that it comes from, or -1 for a 1 that is
   * put in; 1-dims of {@code from} may be left out. Null where the dims do not fit.
   */
  static int @Nullable [] match(List<Long> from, List<Long> to) {
    int[] axes = new int[to.size()];
    return match(from, 0, to, 0, axes) ? axes : null;
  }

  private static boolean match(List<Long> from, int i, List<Long> to, int j, int[] axes) {
    if (i == from.size() && j == to.size()) {
      return true;
    }
    if (i < from.size() && j < to.size() && fits(from.get(i), to.get(j))) {
      axes[j] = i;
      if (match(from, i + 1, to, j + 1, axes)) {
        return true;
      }
    }
    if (j < to.size() && to.get(j) == 1) {
      axes[j] = -1;
      if (match(from, i, to, j + 1, axes)) {
        return true;
      }
    }
    return i < from.size() && from.get(i) == 1 && match(from, i + 1, to, j, axes);
  }

  private static boolean fits(long a, long b) {
    return a < 0 || b < 0 || a == b;
  }

  /** The dims that result from {@link #match}, unknown only where both are. */
  static List<Long> merged(List<Long> from, List<Long> to, int[] axes) {
    List<Long> dims = new ArrayList<>();
    for (int j = 0; j < axes.length; j++) {
      if (axes[j] < 0) {
        dims.add(1L);
      } else {
        dims.add(to.get(j) >= 0 ? to.get(j) : from.get(axes[j]));
      }
    }
    return dims;
  }

  static boolean fixed(List<Long> dims) {
    return dims.stream().allMatch(d -> d >= 0);
  }

  static long count(List<Long> dims) {
    long count = 1;
    for (long dim : dims) {
      count = Math.multiplyExact(count, dim);
    }
    return count;
  }

  static long[] toArray(List<Long> dims) {
    return dims.stream().mapToLong(d -> d).toArray();
  }
}
