package dev.compress.pack;

/** Codes of 1, 2, 4 or 8 bits, the first in the lowest bits of the first byte. */
final class BitStream {
  private final int bits;
  private final byte[] bytes;
  private int at;

  /**
   * An empty stream.
   *
   * @param codes how many
   * @param bits of one
   */
  BitStream(long codes, int bits) {
    this.bits = bits;
    this.bytes = new byte[Math.toIntExact(bytes(codes, bits))];
  }

  /** The bytes that codes take. */
  static long bytes(long codes, int bits) {
    return (codes * bits + 7) / 8;
  }

  /** Adds a code. */
  void add(int code) {
    set(at++, code);
  }

  /** Sets a code that was not set before. */
  void set(long index, int code) {
    int perByte = 8 / bits;
    bytes[(int) (index / perByte)] |= (byte) (code << (bits * (int) (index % perByte)));
  }

  /** The bytes, the rest of the last one zero. */
  byte[] toBytes() {
    return bytes;
  }

  /** How far left each code of a byte is shifted, before all are shifted right by 8 - bits. */
  static byte[] leftShifts(int bits) {
    byte[] shifts = new byte[8 / bits];
    for (int i = 0; i < shifts.length; i++) {
      shifts[i] = (byte) (8 - bits - i * bits);
    }
    return shifts;
  }
}
