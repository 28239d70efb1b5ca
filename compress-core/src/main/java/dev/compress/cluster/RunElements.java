package dev.compress.cluster;

import dev.compress.tensor.ChannelGroups;
import dev.compress.tensor.FloatReader;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The elements of neighbouring runs of channels of a float weight, in the weight's order, a piece
 * at a time. Several runs are read at once, because the elements of one lie in many short
 * stretches.
 *
 * @param weight float elements
 * @param groups its runs of channels
 * @param first the first run
 * @param count how many runs
 */
record RunElements(Tensor weight, ChannelGroups groups, int first, int count) {
  private static final int PIECE = 1 << 16;

  /** Each run that is worked on takes two megabytes. */
  private static final int MOST_RUNS = 8;

  /** Shorter stretches take longer to ask for than to read. */
  private static final long LONG_STRETCH = 1 << 12;

  /** Given a part of a run. */
  @FunctionalInterface
  interface RunWork {
    /** Elements {@code from} to {@code to - 1} are the next ones of run {@code group}. */
    void accept(int group, float[] values, int from, int to);
  }

  /** How many runs to read at once so that each of several threads has some. */
  static int size(ChannelGroups groups, int threads) {
    long stretch = Math.max(1, (long) groups.channels() / groups.groups() * groups.inner());
    long enough = groups.outer() == 1 ? 1 : (LONG_STRETCH + stretch - 1) / stretch;
    long shared = (groups.groups() + threads - 1L) / threads;
    return (int) Math.min(groups.groups(), Math.min(MOST_RUNS, Math.max(shared, enough)));
  }

  /** The {@code i}th so many runs, or those that are left. */
  static RunElements of(Tensor weight, ChannelGroups groups, int i, int size) {
    int first = i * size;
    return new RunElements(weight, groups, first, Math.min(size, groups.groups() - first));
  }

  /** Reads all elements. */
  void forEachRun(RunWork work) {
    forEachPiece(work, null);
  }

  /** Reads all elements, and writes what becomes of them to where they are in the weight. */
  void rewrite(RunWork work, Scratch.Region region) {
    forEachPiece(work, region);
  }

  private void forEachPiece(RunWork work, Scratch.@Nullable Region region) {
    long total = groups.outer() * stretch();
    float[] values = new float[(int) Math.min(PIECE, total)];
    FloatReader reader = new FloatReader(weight);
    ByteBuffer bytes =
        ByteBuffer.allocate(region == null ? 0 : values.length * Float.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    int group = first;
    long left = length(group);
    for (long at = 0; at < total; at += values.length) {
      int n = (int) Math.min(values.length, total - at);
      forEachStretch(
          at, n, (position, offset, length) -> reader.read(position, values, offset, length));
      for (int from = 0; from < n; ) {
        int to = (int) Math.min(n, from + left);
        work.accept(group, values, from, to);
        left -= to - from;
        from = to;
        if (left == 0) {
          group = group + 1 == first + count ? first : group + 1;
          left = length(group);
        }
      }
      if (region != null) {
        forEachStretch(
            at,
            n,
            (position, offset, length) -> {
              bytes.clear();
              bytes.asFloatBuffer().put(values, offset, length);
              region.write(position * Float.BYTES, bytes.limit(length * Float.BYTES));
            });
      }
    }
  }

  private interface StretchWork {
    void accept(long position, int offset, int length);
  }

  /** Where in the weight the elements {@code at} to {@code at + n - 1} of these runs lie. */
  private void forEachStretch(long at, int n, StretchWork work) {
    long stretch = count == groups.groups() ? groups.outer() * stretch() : stretch();
    long distance = groups.channels() * groups.inner();
    long start = groups.first(first) * groups.inner();
    for (int done = 0; done < n; ) {
      long within = (at + done) % stretch;
      int length = (int) Math.min(n - done, stretch - within);
      work.accept((at + done) / stretch * distance + start + within, done, length);
      done += length;
    }
  }

  /** Elements that lie together. */
  private long stretch() {
    return (groups.first(first + count) - groups.first(first)) * groups.inner();
  }

  private long length(int group) {
    return (groups.first(group + 1) - groups.first(group)) * groups.inner();
  }
}
