package dev.compress.pack;

/**
 * A sparse weight of few values as bytes that say both where and what, read from the weight's end.
 * With codes of {@code b} bits a byte reaches {@code r = 2^(8 - b)} places:
 *
 * <ul>
 *   <li>{@code r * code + (gap - 1)}, code 1 to {@code 2^b - 1}: a non-zero, 1 to r places before
 *       the one before;
 *   <li>{@code skip - 1}, skip 1 to r: a zero, {@code r * skip} places before the one before.
 * </ul>
 *
 * <p>The fewer the values, the farther a byte reaches. Positions count from the end because that is
 * what negative indices do: their running sum needs no correction. Against the relative index of
 * Deep Compression (Han et al., arXiv 1510.00149), where a filler skips 16 places, one byte here
 * skips up to {@code r^2}, 256 with codes of 4 bits.
 */
final class SymbolStream {
  /** The fewest bits of a code. */
  static final int FEWEST_BITS = 2;

  /** The most bits of a code. */
  static final int MOST_BITS = 5;

  private final int reach;
  private final byte[] bytes;
  private int at;
  private int code;

  /**
   * An empty stream.
   *
   * @param entries what {@link #entries} adds up to
   * @param bits of a code
   */
  SymbolStream(int entries, int bits) {
    reach = reach(bits);
    bytes = new byte[entries];
    at = entries;
  }

  private static int reach(int bits) {
    return 1 << (8 - bits);
  }

  /** How many bytes a non-zero takes at a distance. */
  static long entries(long distance, int bits) {
    int reach = reach(bits);
    return 1 + ((distance - 1) / reach + reach - 1) / reach;
  }

  /** The places that each byte goes back, negative. */
  static int[] steps(int bits) {
    int reach = reach(bits);
    int[] steps = new int[256];
    for (int symbol = 0; symbol < 256; symbol++) {
      steps[symbol] = symbol < reach ? -reach * (symbol + 1) : -(symbol % reach) - 1;
    }
    return steps;
  }

  /**
   * Adds the next non-zero, in ascending order of positions.
   *
   * @param distance from the one before; of no meaning for the first
   * @param newCode 1 to the largest
   */
  void add(long distance, int newCode) {
    if (code != 0) {
      put(distance);
    }
    code = newCode;
  }

  /**
   * Ends it.
   *
   * @param distance from the last non-zero to the end of the weight
   */
  byte[] end(long distance) {
    if (code != 0) {
      put(distance);
    }
    if (at != 0) {
      throw new IllegalStateException(at + " bytes were not filled");
    }
    return bytes;
  }

  private void put(long distance) {
    bytes[--at] = (byte) (reach * (long) code + (distance - 1) % reach);
    for (long skips = (distance - 1) / reach; skips > 0; skips -= reach) {
      bytes[--at] = (byte) (Math.min(skips, reach) - 1);
    }
  }
}
