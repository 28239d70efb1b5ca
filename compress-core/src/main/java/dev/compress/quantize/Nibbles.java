package dev.compress.quantize;

import java.util.Objects;

/** Two 4-bit codes in a byte, as ONNX stores INT4 and UINT4: the first in the low four bits. */
public final class Nibbles {
  private Nibbles() {}

  /** The bytes that some codes take. */
  public static long packedSize(long codes) {
    return codes / 2 + codes % 2;
  }

  /**
   * Packs codes.
   *
   * @param codes one a byte, of which the low four bits are kept
   * @param from the first to take
   * @param packed where to; an odd last code leaves the high bits of its byte zero
   * @param at the first byte to write
   * @param count how many codes
   */
  public static void pack(byte[] codes, int from, byte[] packed, int at, int count) {
    Objects.checkFromIndexSize(from, count, codes.length);
    Objects.checkFromIndexSize(at, packedSize(count), packed.length);
    int pairs = count / 2;
    for (int i = 0; i < pairs; i++) {
      packed[at + i] = (byte) ((codes[from + 2 * i] & 15) | (codes[from + 2 * i + 1] << 4));
    }
    if (count % 2 == 1) {
      packed[at + pairs] = (byte) (codes[from + count - 1] & 15);
    }
  }

  /**
   * Unpacks codes.
   *
   * @param packed two codes a byte
   * @param from the first byte to take
   * @param codes where to, one a byte
   * @param at the first index to write
   * @param count how many codes
   * @param signed whether the codes are -8 to 7 and not 0 to 15
   */
  public static void unpack(
      byte[] packed, int from, byte[] codes, int at, int count, boolean signed) {
    Objects.checkFromIndexSize(from, packedSize(count), packed.length);
    Objects.checkFromIndexSize(at, count, codes.length);
    for (int i = 0; i < count; i++) {
      int code = (packed[from + i / 2] >> (i % 2 * 4)) & 15;
      codes[at + i] = (byte) (signed && code > 7 ? code - 16 : code);
    }
  }
}
