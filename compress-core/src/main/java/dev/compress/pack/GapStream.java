package dev.compress.pack;

/**
 * Where the non-zeros of a weight are: the gap of each to the one after it, read from the weight's
 * end, in 4 or 8 bits. The largest code, {@code m}, stands for {@code m} places without a non-zero;
 * every smaller one, {@code g}, for a non-zero {@code g + 1} places on. What the non-zeros are is
 * told elsewhere, one value each.
 */
final class GapStream {
  private final int bits;
  private final byte[] bytes;
  private final int most;
  private int at;
  private boolean begun;

  /**
   * An empty stream.
   *
   * @param entries what {@link #entries} adds up to
   * @param bits of one, 4 or 8
   */
  GapStream(int entries, int bits) {
    this.bits = bits;
    this.most = (1 << bits) - 1;
    this.bytes = new byte[bits == 8 ? entries : (entries + 1) / 2];
    this.at = entries;
  }

  /** How many entries a non-zero takes at a distance. */
  static long entries(long distance, int bits) {
    return 1 + (distance - 1) / ((1 << bits) - 1);
  }

  /** The places that each code goes back, negative. */
  static int[] steps(int bits) {
    int[] steps = new int[1 << bits];
    for (int code = 0; code < steps.length; code++) {
      steps[code] = -Math.min(code + 1, steps.length - 1);
    }
    return steps;
  }

  /** 1 for each code that stands for a non-zero. */
  static int[] arrivals(int bits) {
    int[] arrivals = new int[1 << bits];
    java.util.Arrays.fill(arrivals, 0, arrivals.length - 1, 1);
    return arrivals;
  }

  /**
   * Adds the next non-zero, in ascending order of positions.
   *
   * @param distance from the one before; of no meaning for the first
   */
  void add(long distance) {
    if (begun) {
      put(distance);
    }
    begun = true;
  }

  /**
   * Ends it.
   *
   * @param distance from the last non-zero to the end of the weight
   */
  byte[] end(long distance) {
    if (begun) {
      put(distance);
    }
    if (at != 0) {
      throw new IllegalStateException(at + " entries were not filled");
    }
    return bytes;
  }

  private void put(long distance) {
    entry((int) ((distance - 1) % most));
    for (long skips = (distance - 1) / most; skips > 0; skips--) {
      entry(most);
    }
  }

  private void entry(int code) {
    at--;
    if (bits == 8) {
      bytes[at] = (byte) code;
    } else {
      bytes[at / 2] |= (byte) (code << (4 * (at % 2)));
    }
  }
}
