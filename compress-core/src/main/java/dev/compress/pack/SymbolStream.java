package dev.compress.pack;

/**
 * A sparse weight of few values as bytes that say both where and what, read from the weight's end:
 *
 * <ul>
 *   <li>{@code 16 * code + (gap - 1)}, code 1 to 15: a non-zero, 1 to 16 places before the one
 *       before;
 *   <li>{@code skip - 1}, skip 1 to 16: a zero, {@code 16 * skip} places before the one before.
 * </ul>
 *
 * <p>Positions count from the end because that is what negative indices do: their running sum needs
 * no correction. Against the relative index of Deep Compression (Han et al., arXiv 1510.00149),
 * where a filler skips 16 places, one byte here skips up to 256.
 */
final class SymbolStream {
  /** The most values besides zero. */
  static final int MOST_VALUES = 15;

  private static final int REACH = 16;

  private final byte[] bytes;
  private int at;
  private int code;

  /**
   * An empty stream.
   *
   * @param entries what {@link #entries} adds up to
   */
  SymbolStream(int entries) {
    bytes = new byte[entries];
    at = entries;
  }

  /** How many bytes a non-zero takes at a distance. */
  static long entries(long distance) {
    return 1 + ((distance - 1) / REACH + REACH - 1) / REACH;
  }

  /** The places that each byte goes back, negative. */
  static int[] steps() {
    int[] steps = new int[256];
    for (int symbol = 0; symbol < 256; symbol++) {
      steps[symbol] = symbol < REACH ? -REACH * (symbol + 1) : -(symbol % REACH) - 1;
    }
    return steps;
  }

  /**
   * Adds the next non-zero, in ascending order of positions.
   *
   * @param distance from the one before; of no meaning for the first
   * @param newCode 1 to 15
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
    bytes[--at] = (byte) (REACH * (long) code + (distance - 1) % REACH);
    for (long skips = (distance - 1) / REACH; skips > 0; skips -= REACH) {
      bytes[--at] = (byte) (Math.min(skips, REACH) - 1);
    }
  }
}
